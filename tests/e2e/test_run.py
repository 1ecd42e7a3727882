"""Runs in the panel: one starts them, others watch, and all see what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from axe_playwright_python.sync_playwright import Axe
from support.people import Person
from support.servers import REPOSITORY, LabServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Locator

APP = (REPOSITORY / "tests/support/previewed_app.py").read_text()

PROGRAM = """\
import os, pathlib, time

print("\\x1b[1;36mmeasuring\\x1b[0m", len(os.listdir(".")), "files")
for step in range(3):
    print(f"step {step}: \\x1b[32mok\\x1b[0m")
while not pathlib.Path("go").exists() and GO == "wait":
    time.sleep(0.1)
data = bytearray(60_000_000)
pathlib.Path("results.csv").write_text("step,value\\n1,7\\n2,11\\n")
print("\\x1b[33mwarning:\\x1b[0m a needle in the log")
print("all done")
"""

RUN_TOML = """\
[run.web]
title = "Web app"
command = "sleep 1000"

[run.build]
title = "Build"
kind = "build"
command = "echo built"

[run.unit]
title = "Unit tests"
kind = "test"
command = "exit 3"
"""


def panel(person: Person) -> Locator:
    person.command("codesyncx:run-show")
    return person.page.get_by_role("region", name="Run", exact=True)


def output(person: Person) -> Locator:
    return person.page.locator(".csx-RunView")


def wait_for_log(person: Person, text: str) -> None:
    output(person).locator(".xterm-rows", has_text=text).wait_for()


def check(person: Person, *parts: str) -> None:
    for part in parts:
        results = Axe().run(person.page, context=part)
        assert results.violations_count == 0, results.generate_report()


def test_one_runs_a_file_and_another_watches_it_live(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    (lab.root / "measure.py").write_text("GO = 'wait'\n" + PROGRAM)
    folder = lab.root / ".codesyncx"
    folder.mkdir()
    (folder / "run.toml").write_text(RUN_TOML)
    ada, ben = person("ada"), person("grace")
    ada.open_file("measure.py")
    his = panel(ben)
    his.get_by_text("Nothing has run yet.").wait_for()
    hers = panel(ada)

    hers.get_by_role("button", name="Run measure.py").click()
    wait_for_log(ada, "step 2: ok")
    output(ada).get_by_role("status").get_by_text("Running").wait_for()
    his.get_by_role("button", name="measure.py Running").click()
    wait_for_log(ben, "step 2: ok")
    assert ben.page.get_by_role("button", name="Stop").count() == 0
    ada.screenshot(pictures / "run-panel.png")
    output(ada).get_by_role("button", name="Stop").click()
    for somebody in (ada, ben):
        output(somebody).get_by_role("status").get_by_text("Stopped", exact=True).wait_for()

    ada.type("measure.py", "GO = 'at once'; ")
    ada.page.keyboard.press("Shift+End")
    ada.page.keyboard.press("Delete")
    output(ada).get_by_role("button", name="Run again").click()
    wait_for_log(ada, "all done")
    state = output(ada).get_by_role("status")
    state.get_by_text("Done").wait_for()
    state.get_by_text("Exit code 0").wait_for()
    output(ada).get_by_text("MB of 512 MB").wait_for()
    output(ada).get_by_text("of 1 processor").wait_for()
    output(ada).get_by_role("searchbox").fill("needle")
    output(ada).get_by_text("1 of 1").wait_for()
    ada.screenshot(pictures / "run-output.png")

    output(ada).get_by_title("Open results.csv").click()
    ada.page.locator(".csx-RunArtifact", has_text="11").wait_for()
    output(ada).get_by_role("button", name="Keep results.csv").click()
    ada.page.locator(".jp-Dialog input").wait_for()
    ada.page.keyboard.press("Enter")
    ada.page.get_by_text("results.csv is in the project now.").first.wait_for()
    assert (lab.root / "results.csv").read_text() == "step,value\n1,7\n2,11\n"
    assert ada.problems == ben.problems == []


def test_named_jobs_commands_and_changes_to_files(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    (lab.root / "notes.md").write_text("one\n")
    ada = person("ada")
    hers = panel(ada)
    hers.get_by_role("button", name="Unit tests").click()
    output(ada).get_by_text("It ended with exit code 3.").wait_for()

    hers.get_by_role("textbox").fill("echo two >> notes.md; printf '\\033[31mred\\033[0m'")
    ada.page.keyboard.press("Enter")
    wait_for_log(ada, "red")
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        ada.theme(theme)
        check(ada, ".csx-Run", ".csx-RunView")
    output(ada).get_by_role("button", name="Put the changes of notes.md").click()
    dialog = ada.page.locator(".jp-Dialog")
    dialog.locator(
        ".cm-insertedLine, .cm-changedLine, .cm-changedText", has_text="two"
    ).first.wait_for()
    assert (lab.root / "notes.md").read_text() == "one\n"
    dialog.get_by_role("button", name="Change it").click()
    ada.page.get_by_text("notes.md is in the project now.").first.wait_for()
    assert (lab.root / "notes.md").read_text() == "one\ntwo\n"
    hers.get_by_role("textbox").fill("true")
    (lab.root / ".codesyncx" / "run.toml").write_text("[run.x]\ncommand = 3\n")
    ada.page.keyboard.press("Enter")
    hers.get_by_text("run.x.command: give a text").wait_for()
    assert ada.problems == []


def test_the_projects_own_runs_are_edited_in_the_lab(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    (lab.root / ".codesyncx" / "run.toml").unlink(missing_ok=True)  # another test's
    ada, ben = person("ada"), person("grace")
    hers, his = panel(ada), panel(ben)
    hers.get_by_role("button", name="Give runs a name…").click()
    editor = ada.page.locator(".csx-RunFile")
    editor.get_by_text("Say hello").wait_for()
    editor.locator(".cm-content").focus()
    ada.page.keyboard.press("Control+Home")
    ada.page.keyboard.type("[run.answer]\ncommand = 42\n")
    ada.page.keyboard.press("Control+s")
    editor.get_by_role("alert").get_by_text("run.answer.command: give a text").wait_for()
    ada.screenshot(pictures / "run-edit.png")
    check(ada, ".csx-RunFile", ".csx-Run")
    ada.page.keyboard.press("ArrowUp")
    ada.page.keyboard.press("End")
    for _ in "42":
        ada.page.keyboard.press("Backspace")
    ada.page.keyboard.type('"echo forty-two"')
    ada.page.get_by_role("button", name="Save", exact=True).click()
    his.get_by_role("button", name="answer", exact=True).wait_for()
    hers.get_by_role("button", name="answer", exact=True).click()
    wait_for_log(ada, "forty-two")
    assert "forty-two" in (lab.root / ".codesyncx" / "run.toml").read_text()

    # What somebody else has saved meanwhile isn't written over.
    his.get_by_role("button", name="Edit these runs…").click()
    theirs = ben.page.locator(".csx-RunFile .cm-content")
    theirs.focus()
    ben.page.keyboard.press("Control+End")
    ben.page.keyboard.type("# Ben's\n")
    ben.page.keyboard.press("Control+s")
    ben.page.locator(".jp-mod-dirty", has_text="Runs of the Project").wait_for(state="detached")
    editor.locator(".cm-content").focus()
    ada.page.keyboard.press("Control+End")
    ada.page.keyboard.type("# Ada's\n")
    ada.page.keyboard.press("Control+s")
    editor.get_by_role("alert").get_by_text("Somebody has changed").wait_for()
    assert "Ben's" in (lab.root / ".codesyncx" / "run.toml").read_text()
    ada.page.locator(".lm-TabBar-tab", has_text="Runs of the Project").locator(
        ".lm-TabBar-tabCloseIcon"
    ).click()
    ada.page.get_by_role("button", name="Discard").click()
    editor.wait_for(state="detached")


def test_a_secret_is_put_in_by_keys_alone_and_masked_in_the_output(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    (lab.root / ".codesyncx").mkdir(exist_ok=True)
    (lab.root / ".codesyncx" / "run.toml").write_text(
        '[run.call]\ntitle = "Call it"\ncommand = "echo the key is $API_KEY"\n'
        'secrets = ["API_KEY"]\n'
    )
    ada = person("ada")
    hers, page = panel(ada), ada.page
    hers.get_by_role("button", name="Call it").click()
    hers.get_by_role("alert").get_by_text("There is no secret API_KEY").wait_for()
    hers.get_by_role("button", name="Secrets…").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    # JupyterLab puts the focus into a dialog a moment after showing it.
    page.wait_for_function("() => document.activeElement.closest('.jp-Dialog') !== null")
    dialog.get_by_role("textbox", name="Name of the secret").focus()
    page.keyboard.type("API_KEY")
    page.keyboard.press("Tab")
    page.keyboard.type("abc")
    page.keyboard.press("Enter")
    dialog.get_by_role("alert").get_by_text("4 to 4096 characters").wait_for()
    page.keyboard.type("defghi")
    page.keyboard.press("Enter")
    dialog.get_by_role("list", name="Secrets").get_by_text("API_KEY").wait_for()
    assert dialog.get_by_label("Value of the secret").input_value() == ""
    dialog.get_by_label("Who may use API_KEY").select_option("editors")
    ada.screenshot(pictures / "run-secrets.png")
    check(ada, ".jp-Dialog-content")
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    hers.get_by_role("button", name="Call it").click()
    wait_for_log(ada, "the key is ***")
    output(ada).get_by_text("Secrets: API_KEY").wait_for()
    hers.get_by_role("button", name="Secrets…").click()
    dialog.get_by_role("button", name="Remove API_KEY").click()
    dialog.get_by_role("list", name="Secrets").get_by_text("API_KEY").wait_for(state="detached")
    page.keyboard.press("Escape")


def test_a_preview_shows_in_the_lab_and_in_the_browser_of_somebody_else(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    (lab.root / "app.py").write_text(APP)
    folder = lab.root / ".codesyncx"
    folder.mkdir(exist_ok=True)
    (folder / "run.toml").write_text(
        '[run.web]\ntitle = "Web app"\ncommand = ["python3", "app.py"]\nports = [8000]\n'
        'limits = { time = "5 min" }\n'
    )
    ada, ben = person("ada"), person("grace")
    panel(ada).get_by_role("button", name="Web app").click()
    card = output(ada).get_by_role("region", name="Preview of port 8000")
    card.get_by_text("Serving").wait_for()
    card.get_by_role("button", name="Show here").click()
    shown = ada.page.frame_locator("iframe.csx-Preview-frame")
    shown.get_by_text("Hello from the sandbox").wait_for()
    shown.get_by_text("over a WebSocket").wait_for()
    ada.screenshot(pictures / "run-preview.png")
    card.get_by_role("button", name="Show as a QR code").click()
    ada.page.get_by_role("img", name="QR code of http").wait_for()
    check(ada, ".csx-Preview")
    ada.page.keyboard.press("Escape")

    panel(ben).get_by_role("button", name="Web app Running").click()
    his = output(ben).get_by_role("region", name="Preview of port 8000")
    his.get_by_text("Serving").wait_for()
    with ben.context.expect_page() as opened:
        his.get_by_role("button", name="Open in a tab of the browser").click()
    page = opened.value
    page.get_by_text("over a WebSocket").wait_for()
    assert ".localhost:" in page.url
    assert "ticket" not in page.url
    card.get_by_role("combobox").select_option("private")
    ben.page.get_by_text("This preview is only for who has started the run.").first.wait_for()
    page.reload()
    page.get_by_text("This preview isn't open to you").wait_for()
    output(ada).get_by_role("button", name="Stop").click()
    card.wait_for(state="detached")
    assert ada.problems == []


def test_a_server_without_sandboxes_says_what_to_install(tmp_path: Path, browser: Browser) -> None:
    nothing = ("--BubblewrapBackend.program=no-such-bwrap",)
    with LabServer(tmp_path, args=nothing) as lab:
        ada = Person(browser, lab, "ada").enter()
        panel(ada).get_by_text("apt install bubblewrap").wait_for()
        assert panel(ada).get_by_role("button").count() == 0
        ada.leave()
