from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from support.people import FIND

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.people import Person
    from support.servers import LabServer

#: Half of the time after which JupyterLab looks at a folder anew; benchmarks/files.py measures.
TOLD_MS = 5000
ROWS = ".jp-DirListing-item .jp-DirListing-itemText"


def contents(person: Person, call: str) -> None:
    """Do something with the contents manager, as JupyterLab's own menus do."""
    person.page.evaluate(f"() => window.jupyterapp.serviceManager.contents.{call}.then(() => {{}})")


SHOWS = """([rows, name]) => Array.from(document.querySelectorAll(rows)).some(
    row => row.textContent.includes(name)
)"""


def row(person: Person, name: str) -> None:
    """Wait for a row in the file browser, not so long that JupyterLab looks by itself."""
    person.page.wait_for_function(SHOWS, arg=[ROWS, name], timeout=TOLD_MS)


def no_row(person: Person, name: str) -> None:
    person.page.wait_for_function(f"shown => !({SHOWS})(shown)", arg=[ROWS, name], timeout=TOLD_MS)


def path_of_tab(person: Person, title: str) -> None:
    person.page.locator("#jp-main-dock-panel .lm-TabBar-tabLabel", has_text=title).wait_for()


def is_open(person: Person, path: str) -> None:
    person.page.wait_for_function(
        f"path => {{ const w = ({FIND})(path); return w && w.context.isReady; }}", arg=path
    )


def test_what_one_does_to_files_everybody_is_told(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    ada, grace = person("ada"), person("grace")
    contents(ada, "newUntitled({type: 'file', ext: 'py'})")
    row(grace, "untitled.py")
    contents(ada, "rename('untitled.py', 'solver.py')")
    row(grace, "solver.py")
    no_row(grace, "untitled.py")
    (lab.root / "from_git.py").write_text("x = 1\n")
    row(grace, "from_git.py")
    row(ada, "from_git.py")
    (lab.root / "from_git.py").unlink()
    no_row(grace, "from_git.py")
    contents(ada, "delete('solver.py')")
    no_row(grace, "solver.py")
    assert ada.problems == grace.problems == []


def test_an_open_document_follows_a_rename_and_stays_shared(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    (lab.root / "old.py").write_text("print('hello')\n")
    ada, grace = person("ada"), person("grace")
    ada.open_file("old.py")
    grace.open_file("old.py")
    grace.type("old.py", "# unsaved\n")
    ada.wait_for_text("old.py", "# unsaved")

    contents(ada, "rename('old.py', 'new.py')")
    path_of_tab(grace, "new.py")
    path_of_tab(ada, "new.py")
    grace.type("new.py", "# after\n")
    ada.wait_for_text("new.py", "# after\n# unsaved")
    ada.type("new.py", "# from Ada\n")
    grace.wait_for_text("new.py", "# from Ada\n# after\n# unsaved")
    deadline = time.monotonic() + 8
    while "# from Ada\n# after\n# unsaved" not in (lab.root / "new.py").read_text():
        assert time.monotonic() < deadline, (lab.root / "new.py").read_text()
        time.sleep(0.1)
    assert not (lab.root / "old.py").exists()


def test_a_rename_by_a_shell_and_of_the_folder_is_followed_too(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    (lab.root / "src").mkdir()
    (lab.root / "src" / "a.py").write_text("print('hello')\n")
    ada, grace = person("ada"), person("grace")
    for somebody in (ada, grace):
        somebody.open_file("src/a.py")
    (lab.root / "src" / "a.py").rename(lab.root / "src" / "b.py")
    for somebody in (ada, grace):
        path_of_tab(somebody, "b.py")
        is_open(somebody, "src/b.py")
    contents(ada, "rename('src', 'lib')")
    for somebody in (ada, grace):
        is_open(somebody, "lib/b.py")
    grace.type("lib/b.py", "# 1\n")
    ada.wait_for_text("lib/b.py", "# 1")
    (lab.root / "lib").rename(lab.root / "pkg")
    for somebody in (ada, grace):
        is_open(somebody, "pkg/b.py")
    ada.type("pkg/b.py", "# 2\n")
    grace.wait_for_text("pkg/b.py", "# 2\n# 1")
    deadline = time.monotonic() + 8
    while "# 2\n# 1" not in (lab.root / "pkg" / "b.py").read_text():
        assert time.monotonic() < deadline, (lab.root / "pkg" / "b.py").read_text()
        time.sleep(0.1)
    assert not (lab.root / "lib").exists()
    assert not (lab.root / "src").exists()


BANNER = ".csx-Lost"


def banner(person: Person, words: str) -> None:
    person.page.locator(BANNER, has_text=words).wait_for()


def test_a_deletion_says_who_did_it_and_the_text_can_be_brought_back(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    (lab.root / "solver.py").write_text("print('hello')\n")
    ada, grace, third = person("ada"), person("grace"), person("linus")
    grace.open_file("solver.py")
    third.open_file("solver.py")
    grace.type("solver.py", "# mine\n")
    third.wait_for_text("solver.py", "# mine")

    contents(ada, "delete('solver.py')")
    for somebody in (grace, third):
        banner(somebody, "Ada Lovelace deleted solver.py.")
    grace.screenshot(pictures / "project-deletion.png")
    grace.page.locator(BANNER).get_by_role("button", name="Keep a copy…").click()
    grace.page.locator(".jp-Dialog input").wait_for()
    grace.page.keyboard.press("Enter")

    for somebody in (grace, third):
        somebody.page.locator(BANNER).wait_for(state="detached")
        is_open(somebody, "solver.py")
        somebody.wait_for_text("solver.py", "# mine\nprint('hello')")
    assert (lab.root / "solver.py").read_text() == "# mine\nprint('hello')\n"
    third.type("solver.py", "# again\n")
    grace.wait_for_text("solver.py", "# again\n# mine")
    assert grace.problems == third.problems == []


def test_a_copy_can_go_elsewhere_and_a_lost_document_be_closed(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    (lab.root / "notes.md").write_text("one\n")
    (lab.root / "taken.md").write_text("taken\n")
    ada = person("ada")
    ada.open_file("notes.md", factory="Editor")
    (lab.root / "notes.md").unlink()
    banner(ada, "notes.md was deleted on disk.")
    ada.page.get_by_role("button", name="Keep a copy…").click()
    for name in ("taken.md", "deep/er/notes.md"):
        ada.page.locator(".jp-Dialog input").fill(name)
        ada.page.keyboard.press("Enter")
        if name == "taken.md":
            ada.page.get_by_text("taken.md exists. Please choose another name.").wait_for()
            ada.page.keyboard.press("Enter")
    is_open(ada, "deep/er/notes.md")
    ada.wait_for_text("deep/er/notes.md", "one")
    assert (lab.root / "deep" / "er" / "notes.md").read_text() == "one\n"
    assert (lab.root / "taken.md").read_text() == "taken\n"
    assert not (lab.root / "notes.md").exists()

    shutil.rmtree(lab.root / "deep")
    banner(ada, "The folder deep with notes.md was deleted on disk.")
    ada.page.locator(BANNER).get_by_role("button", name="Close").click()
    ada.page.locator(BANNER).wait_for(state="detached")


def test_a_file_that_git_takes_and_brings_back_loses_its_banner(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    path = lab.root / "branch.py"
    path.write_text("one\n")
    ada = person("ada")
    ada.open_file("branch.py")
    path.unlink()
    banner(ada, "branch.py was deleted on disk.")
    path.write_text("two\n")
    ada.page.locator(BANNER).wait_for(state="detached")
    ada.wait_for_text("branch.py", "two")


def test_activity_tells_what_happened_since_one_was_last_here(
    lab: LabServer, person: Callable[..., Person], pictures: Path
) -> None:
    ada = person("ada")
    contents(ada, "save('report.md', {type: 'file', format: 'text', content: 'Report'})")
    contents(ada, "rename('report.md', 'summary.md')")
    contents(ada, "save('draft.md', {type: 'file', format: 'text', content: 'Draft'})")
    contents(ada, "delete('draft.md')")
    (lab.root / "data.csv").write_text("a,b\n1,2\n")
    ada.page.wait_for_timeout(1500)

    grace = person("grace")
    tab = grace.page.locator(".lm-TabBar-tab.csx-mod-unseen")
    tab.wait_for()
    grace.command("codesyncx:show-activity")
    panel = grace.page.get_by_role("region", name="Activity", exact=True)
    entry = panel.get_by_role("button", name="Ada Lovelace renamed report.md to summary.md")
    entry.wait_for()
    panel.get_by_role("button", name="On disk: created data.csv").wait_for()
    assert panel.get_by_role("heading", name="Today").count() == 1
    tab.wait_for(state="detached")

    (lab.root / "later.csv").write_text("a,b\n")
    panel.get_by_role("button", name="On disk: created later.csv").wait_for()
    gone = panel.get_by_role("button", name="Ada Lovelace created draft.md")
    assert gone.get_attribute("aria-disabled") == "true"
    panel.get_by_role("button").first.focus()
    grace.page.keyboard.press("ArrowDown")
    grace.page.keyboard.press("Home")
    grace.page.keyboard.press("Enter")
    is_open(grace, "later.csv")
    panel.get_by_role("button", name="Ada Lovelace created report.md").click()
    is_open(grace, "summary.md")
    grace.screenshot(pictures / "project-activity.png")
    assert grace.problems == []


NOTEBOOK = {
    "cells": [{"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "source": "x = 1"}],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": ""}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


def test_a_notebook_follows_too_and_can_be_kept(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    (lab.root / "one.ipynb").write_text(json.dumps(NOTEBOOK))
    ada, grace = person("ada"), person("grace")
    grace.open_file("one.ipynb")
    contents(ada, "rename('one.ipynb', 'two.ipynb')")
    path_of_tab(grace, "two.ipynb")
    (lab.root / "two.ipynb").unlink()
    banner(grace, "two.ipynb was deleted on disk.")
    grace.page.locator(BANNER).get_by_role("button", name="Keep a copy…").click()
    grace.page.locator(".jp-Dialog input").fill("three.ipynb")
    grace.page.keyboard.press("Enter")
    is_open(grace, "three.ipynb")
    kept = json.loads((lab.root / "three.ipynb").read_text())
    assert ["".join(cell["source"]) for cell in kept["cells"]] == ["x = 1"]
    assert not (lab.root / "two.ipynb").exists()


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_panel_and_the_banner_are_accessible(
    lab: LabServer, person: Callable[..., Person], theme: str
) -> None:
    (lab.root / "lost.py").write_text("x = 1\n")
    ada, grace = person("ada"), person("grace")
    grace.theme(theme)
    grace.command("codesyncx:show-activity")
    contents(ada, "newUntitled({type: 'directory'})")
    grace.open_file("lost.py")
    (lab.root / "lost.py").unlink()
    banner(grace, "lost.py was deleted on disk.")
    panel = grace.page.get_by_role("region", name="Activity", exact=True)
    panel.get_by_role("button", name="On disk: deleted lost.py").first.wait_for()
    for part in (".csx-Activity", BANNER):
        results = Axe().run(grace.page, context=part)
        assert results.violations_count == 0, results.generate_report()


def test_what_happened_while_the_server_was_down_shows_when_it_is_back(
    lab: LabServer, person: Callable[..., Person]
) -> None:
    (lab.root / "before.py").write_text("x = 1\n")
    ada = person("ada")
    row(ada, "before.py")
    lab.kill()
    (lab.root / "before.py").unlink()
    (lab.root / "meanwhile.py").write_text("y = 1\n")
    lab.start()
    ada.page.locator(ROWS, has_text="meanwhile.py").first.wait_for(timeout=25_000)
    no_row(ada, "before.py")
