from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, WebSocketRoute
    from support.servers import LabServer

LINES = "".join(f"def f{n}(x):\n    return x + {n}\n\n\n" for n in range(1, 13))
#: Between the first and the last of several lines.
TO = "\u2013"
ANSWER_MS = 15_000
THEMES = ["JupyterLab Light", "JupyterLab Dark"]

CALL = """async ([method, route, body]) => {
  const xsrf = document.cookie.match(/_xsrf=([^;]+)/)?.[1] ?? '';
  const answer = await fetch(`/codesyncx/api/access/${route}`, {
    method,
    headers: { 'X-XSRFToken': xsrf },
    body: body === null ? undefined : JSON.stringify(body)
  });
  const text = await answer.text();
  return [answer.status, text ? JSON.parse(text) : null];
}"""


def call(person: Person, method: str, route: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the API in a person's name; the answer must be a good one."""
    status, answer = person.page.evaluate(CALL, [method, route, body])
    assert status < 300, answer
    return answer


def give(ada: Person, who: str, path: str, role: str, **more: Any) -> dict[str, Any]:
    """Give somebody a role, as Ada."""
    subject = {"kind": "user", "name": who} if who else {"kind": "everyone", "name": ""}
    grant: dict[str, Any] = call(
        ada, "POST", "grants", {"subject": subject, "path": path, "role": role, **more}
    )
    return grant


def lines(start: int, end: int) -> dict[str, Any]:
    return {"kind": "lines", "start_line": start, "end_line": end}


@pytest.fixture
def ada(person: Callable[..., Person]) -> Iterator[Person]:
    """Ada, the owner, who takes back in the end what she gave."""
    ada = person("ada")
    yield ada
    paths = ["", *sorted(str(path.relative_to(ada.server.root)) for path in _tree(ada.server.root))]
    for path in paths:
        query = urlencode({"path": path})
        for link in call(ada, "GET", f"links?{query}")["links"]:
            call(ada, "DELETE", f"links/{link['id']}")
        for grant in call(ada, "GET", f"grants?{query}")["grants"]:
            if grant["id"] and not grant["inherited"]:
                call(ada, "DELETE", f"grants/{grant['id']}")


def _tree(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.name.startswith("."))


def write(lab: LabServer, name: str, text: str = LINES) -> str:
    (lab.root / name).parent.mkdir(parents=True, exist_ok=True)
    (lab.root / name).write_text(text)
    return name


def write_notebook(lab: LabServer, name: str) -> str:
    cells = [
        {
            "cell_type": "code",
            "id": f"cell{n}",
            "source": f"y = {n}\nprint(y)",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for n in range(1, 6)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return write(lab, name, json.dumps(notebook))


def select_lines(person: Person, path: str, start: int, end: int) -> None:
    """Select whole lines, counted from 1, with the keyboard."""
    person.place_cursor(path, line=start - 1)
    for _ in range(end - start):
        person.page.keyboard.press("Shift+ArrowDown")
    person.page.keyboard.press("Shift+End")


def dialog_of(person: Person) -> Locator:
    dialog = person.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def close_dialog(person: Person) -> None:
    """Close it with Escape: it takes the focus once it is there, and gives it back in the end."""
    person.page.wait_for_function(
        "() => document.activeElement?.closest('dialog, [role=dialog]') !== null"
    )
    person.page.keyboard.press("Escape")
    expect(person.page.get_by_role("dialog")).to_have_count(0)


def labels(editor: Locator) -> Locator:
    return editor.locator(".csx-zone-label")


def test_lines_are_shared_from_the_editor_and_nothing_else_can_be_typed_in(
    lab: LabServer, ada: Person, person: Callable[..., Person], pictures: Path
) -> None:
    name = write(lab, "solver.py")
    give(ada, "grace", name, "viewer")
    editor = ada.open_file(name)
    select_lines(ada, name, 5, 9)
    ada.command("codesyncx:share-selection")
    dialog = dialog_of(ada)
    expect(dialog.get_by_role("heading", level=2)).to_have_text(f"Share lines 5{TO}9 of solver.py")
    ada.page.keyboard.type("grace")
    dialog.get_by_role("button", name="Share", exact=True).click()
    expect(dialog.get_by_text("now has access: Editor")).to_be_visible()
    close_dialog(ada)
    expect(labels(editor)).to_have_text(f"grace: lines 5{TO}9")

    grace = person("grace")
    hers = grace.open_file(name)
    expect(labels(hers)).to_have_text(f"Yours: lines 5{TO}9")
    grace.type(name, "    # Grace was here\n", line=5)
    ada.wait_for_text(name, "# Grace was here")
    expect(labels(hers)).to_have_text(f"Yours: lines 5{TO}10")
    expect(labels(editor)).to_have_text(f"Grace Hopper: lines 5{TO}10")

    before = grace.text_of(name)
    grace.type(name, "nothing of this", line=12)
    notice = grace.page.locator(".csx-lock-notice")
    expect(notice).to_have_text(f"You can change only lines 5{TO}10 here.")
    grace.screenshot(pictures / "sharing-lines.png")
    for key in ("Backspace", "Delete", "Enter", "Control+Shift+K", "Alt+ArrowUp"):
        grace.page.keyboard.press(key)
    assert grace.text_of(name) == before
    grace.place_cursor(name, line=4)
    expect(notice).to_have_count(0)

    ada.type(name, "# above\n# above\n", line=0)
    expect(labels(hers)).to_have_text(f"Yours: lines 7{TO}12")
    badge = grace.page.locator(".csx-AccessBadge")
    expect(badge).to_have_text(f"Editor of lines 7{TO}12")
    badge.click()
    expect(dialog_of(grace)).to_contain_text(f"lines 7{TO}12: yours to change")
    close_dialog(grace)
    grace.type(name, "still hers", line=11)
    ada.wait_for_text(name, "still hers")
    ada.screenshot(pictures / "sharing-owner.png")
    expect(grace.page.locator(".csx-draft")).to_have_count(0)
    assert ada.problems + grace.problems == []


def test_what_is_typed_while_access_is_taken_back_is_kept_as_a_draft(
    lab: LabServer, ada: Person, person: Callable[..., Person], pictures: Path
) -> None:
    name = write(lab, "revoked.py")
    give(ada, "grace", name, "viewer")
    grant = give(ada, "grace", name, "editor", range=lines(5, 9))
    grace = person("grace")
    held: list[tuple[Any, str | bytes]] = []
    hold = {"is_on": False}

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            # The frames of edits: sync, update.
            if hold["is_on"] and isinstance(message, bytes) and message[:2] == b"\x00\x02":
                held.append((server, message))
            else:
                server.send(message)

        socket.on_message(pass_on)

    grace.page.route_web_socket("**/api/collaboration/room/text:**", between)
    grace.reload()
    editor = grace.open_file(name)
    expect(labels(editor)).to_have_text(f"Yours: lines 5{TO}9")
    grace.type(name, "    # sent\n", line=5)
    ada.open_file(name)
    ada.wait_for_text(name, "# sent")
    hold["is_on"] = True
    grace.page.keyboard.type("    # on its way")
    call(ada, "DELETE", f"grants/{grant['id']}")
    expect(labels(editor)).to_have_count(0, timeout=ANSWER_MS)
    bar = grace.page.locator(".csx-AccessBar")
    expect(bar).to_contain_text("You can read this, not change it.")
    before = grace.text_of(name)
    grace.page.keyboard.type("nothing of this")
    assert grace.text_of(name) == before
    hold["is_on"] = False
    for server, message in held:
        server.send(message)

    draft = grace.page.locator(".csx-draft")
    expect(draft).to_be_visible(timeout=ANSWER_MS)
    grace.page.wait_for_function(
        "name => [...window.jupyterapp.shell.widgets('main')].some(w => w.context?.path === name"
        " && w.context.isReady && !w.context.model.sharedModel.getSource().includes('its way'))",
        arg=name,
        timeout=ANSWER_MS,
    )
    grace.screenshot(pictures / "sharing-revoked.png")
    draft.get_by_role("button", name="Compare").click()
    expect(grace.page.locator(".csx-compare")).to_contain_text("# on its way")
    assert "# on its way" not in ada.text_of(name)


def test_raising_and_lowering_take_effect_without_a_reload(
    lab: LabServer, ada: Person, person: Callable[..., Person]
) -> None:
    name = write(lab, "live.py")
    grant = give(ada, "grace", name, "viewer")
    grace = person("grace")
    ada.open_file(name)
    grace.open_file(name)
    bar = grace.page.locator(".csx-AccessBar")
    expect(bar).to_contain_text("You can read this, not change it.")
    badge = grace.page.locator(".csx-AccessBadge")
    expect(badge).to_have_text("Viewer here")
    grace.type(name, "no", line=0)
    expect(grace.page.locator(".csx-lock-notice")).to_be_visible()
    assert grace.text_of(name) == LINES

    call(ada, "PATCH", f"grants/{grant['id']}", {"role": "editor"})
    expect(bar).to_be_hidden()
    expect(badge).to_have_text("Editor")
    grace.type(name, "# hers\n", line=0)
    ada.wait_for_text(name, "# hers\n")

    call(ada, "PATCH", f"grants/{grant['id']}", {"role": "viewer"})
    expect(bar).to_be_visible()
    grace.type(name, "no", line=0)
    grace.page.keyboard.press("Control+z")
    assert grace.text_of(name) == f"# hers\n{LINES}"
    expect(grace.page.locator(".csx-draft")).to_have_count(0)
    assert grace.problems == []


def test_cells_of_a_notebook_are_shared_and_the_others_stay_as_they_are(
    lab: LabServer, ada: Person, person: Callable[..., Person], pictures: Path
) -> None:
    name = write_notebook(lab, "work.ipynb")
    give(ada, "grace", name, "viewer")
    notebook = ada.open_file(name)
    ada.page.evaluate(
        """() => {
          const { content } = window.jupyterapp.shell.currentWidget;
          content.activeCellIndex = 1;
          content.extendContiguousSelectionTo(2);
        }"""
    )
    ada.command("codesyncx:share-selection")
    dialog = dialog_of(ada)
    expect(dialog.get_by_role("heading", level=2)).to_have_text("Share 2 cells of work.ipynb")
    ada.page.keyboard.type("grace")
    dialog.get_by_role("button", name="Share", exact=True).click()
    expect(dialog.get_by_text("now has access: Editor")).to_be_visible()
    close_dialog(ada)
    expect(notebook.locator(".csx-cell-other")).to_have_count(2)

    grace = person("grace")
    hers = grace.open_file(name)
    expect(hers.locator(".csx-cell-own")).to_have_count(2)
    expect(hers.locator(".csx-cell-locked")).to_have_count(3)
    hers.locator(".jp-CodeCell .cm-content").nth(1).click()
    grace.page.keyboard.press("Control+End")
    grace.page.keyboard.type("\n# Grace")
    ada.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.context.model.sharedModel.cells[1].source"
        ".includes('# Grace')"
    )
    hers.locator(".jp-CodeCell .cm-content").nth(3).click()
    grace.page.keyboard.type("nothing of this")
    expect(grace.page.locator(".csx-lock-notice")).to_contain_text("marked as yours")
    grace.screenshot(pictures / "sharing-cells.png")
    grace.page.keyboard.press("Escape")
    told = grace.page.locator(".Toastify__toast")
    for keys, command, why in (
        ("dd", "Delete Cell", "this cell is locked for you"),
        ("m", "Change to Markdown Cell Type", "this cell is locked for you"),
        ("x", "Cut Cell", "this cell is locked for you"),
        ("a", "Insert Cell Above", "only some of this is yours to change"),
        ("v", "Paste Cell Below", "only some of this is yours to change"),
        ("Shift+M", "Merge", "this cell is locked for you"),
    ):
        for key in [keys] if "+" in keys else keys:
            grace.page.keyboard.press(key)
        expect(told).to_have_text(re.compile(f"{command}.*: {why}"))
    grace.page.keyboard.press("ArrowUp")
    for keys in ("dd", "x", "m"):
        grace.page.keyboard.type(keys)
        expect(told).to_contain_text("you can change your cells, not add, move or remove any")
    sources = grace.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.context.model.sharedModel.cells"
        ".map(cell => cell.source)"
    )
    assert sources == [f"y = {n}\nprint(y)" + ("\n# Grace" if n == 2 else "") for n in range(1, 6)]
    grace.page.keyboard.press("Shift+Enter")
    expect(grace.page.get_by_text("only for people who may run code").first).to_be_visible()
    expect(grace.page.locator(".csx-draft")).to_have_count(0)
    assert ada.problems + grace.problems == []


def test_text_can_be_run_without_a_kernel_and_code_says_that_it_needs_one(
    lab: LabServer, ada: Person, person: Callable[..., Person]
) -> None:
    text = {"cell_type": "markdown", "metadata": {}, "source": "*Read* me"}
    code = {
        "cell_type": "code",
        "metadata": {},
        "source": "1",
        "outputs": [],
        "execution_count": None,
    }
    for name, cells in (("text.ipynb", [text, text]), ("mixed.ipynb", [text, code])):
        with_ids = [{**cell, "id": f"cell{number}"} for number, cell in enumerate(cells)]
        content = {"cells": with_ids, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        write(lab, name, json.dumps(content))
    give(ada, "", "", "viewer")
    grace = person("grace")
    told = grace.page.locator(".Toastify__toast")
    notebook = grace.open_file("text.ipynb")
    for command in ("notebook:run-all-cells", "runmenu:run-all"):
        grace.command(command)
    expect(notebook.locator(".jp-MarkdownCell.jp-mod-rendered")).to_have_count(2)
    expect(told).to_have_count(0)
    expect(grace.page.locator("dialog[open]")).to_have_count(0)

    notebook = grace.open_file("mixed.ipynb")
    notebook.locator(".jp-MarkdownCell").click()
    grace.page.keyboard.press("Shift+Enter")
    expect(notebook.locator(".jp-MarkdownCell.jp-mod-rendered")).to_have_count(1)
    expect(told).to_have_count(0)
    grace.page.keyboard.press("ArrowUp")
    for command in ("notebook:run-all-cells", "notebook:run-all-below", "runmenu:run-all"):
        grace.command(command)
        expect(told).to_contain_text("only for people who may run code")
    expect(grace.page.locator("dialog[open]")).to_have_count(0)
    assert grace.problems == []


def test_a_viewer_sees_no_error(
    lab: LabServer, ada: Person, person: Callable[..., Person], pictures: Path
) -> None:
    name, book = write(lab, "seen.py"), write_notebook(lab, "seen.ipynb")
    give(ada, "grace", "", "viewer")
    give(ada, "", "", "none")
    grace = person("grace")
    expect(grace.page.locator(".csx-AccessBadge")).to_have_text("Viewer")
    grace.open_file(book)
    cell = grace.page.locator(".jp-CodeCell .cm-content").first
    cell.click()
    grace.page.keyboard.type("no")
    expect(grace.page.locator(".csx-lock-notice")).to_have_text(
        "You can read this notebook, not change it."
    )
    grace.page.keyboard.press("Shift+Enter")
    grace.open_file(name)
    grace.type(name, "no")
    grace.page.keyboard.press("Control+s")
    ada.open_file(name)
    ada.type(name, "# Ada\n")
    grace.wait_for_text(name, "# Ada\n")
    grace.screenshot(pictures / "sharing-viewer.png")
    files = grace.page.locator(".jp-FileBrowser-toolbar")
    button = files.locator('[data-command="filebrowser:create-new-directory"]')
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_attribute("title", re.compile("you may not create anything"))
    grace.page.locator(".jp-DirListing-item", has_text=name).click(button="right")
    for command in ("rename", "delete", "cut"):
        item = grace.page.locator(f'.lm-Menu-item[data-command="filebrowser:{command}"]')
        expect(item).to_have_class(re.compile("lm-mod-disabled"))
    grace.page.keyboard.press("Escape")
    grace.command("launcher:create")
    expect(grace.page.locator(".jp-Launcher:visible")).to_have_count(1)
    expect(grace.page.locator(".jp-LauncherCard", has_text="Terminal")).to_have_count(0)
    expect(grace.page.locator(".jp-LauncherCard", has_text="Text File")).to_have_count(0)
    expect(grace.page.locator("dialog[open], .Toastify__toast--error")).to_have_count(0)
    grace.page.locator(".csx-AccessBadge").click()
    explained = dialog_of(grace)
    expect(explained).to_contain_text("In the whole project: Viewer")
    assert grace.problems == []


def test_a_guest_comes_by_a_link_to_just_one_folder(
    lab: LabServer, ada: Person, browser: Browser, pictures: Path
) -> None:
    write(lab, "hw1/task.py")
    write(lab, "hw1/notes.md", "# Notes\n")
    write(lab, "solutions/task.py", "SECRET = 42\n")
    ada.command("codesyncx:share", path="hw1", isFolder=True)
    dialog = dialog_of(ada)
    dialog.get_by_role("tab", name="Invite link").click()
    dialog.get_by_label("Role of guests").select_option("editor")
    dialog.get_by_label("What the link is for").fill("Tutorial")
    dialog.get_by_role("button", name="Make link").click()
    address = dialog.get_by_label("Address of the link").input_value()
    ada.screenshot(pictures / "sharing-link.png")
    close_dialog(ada)

    guest = Person(browser, lab, "guest")
    try:
        guest.page.goto(address)
        guest.page.get_by_label("Your name").fill("Margaret")
        guest.page.get_by_role("button", name="Join").click()
        guest.wait_for_lab()
        expect(guest.page.locator(".csx-AccessBadge")).to_contain_text("Guest")
        rows = guest.page.locator(".jp-DirListing-item")
        expect(rows.locator(".jp-DirListing-itemText")).to_have_text(["hw1"])
        guest.open_file("hw1/task.py")
        guest.type("hw1/task.py", "# Margaret\n")
        ada.open_file("hw1/task.py")
        ada.wait_for_text("hw1/task.py", "# Margaret\n")
        expect(guest.page.locator(".csx-AccessBadge")).to_have_text("Guest: Editor here")
        guest.screenshot(pictures / "sharing-guest.png")
        assert guest.problems == []
        status = guest.page.evaluate(
            "() => fetch('/api/contents/solutions/task.py').then(answer => answer.status)"
        )
        assert status in {403, 404}
    finally:
        guest.leave()


@pytest.mark.parametrize("theme", THEMES)
def test_the_dialog_can_be_used_by_keyboard_in_both_themes(
    lab: LabServer, ada: Person, pictures: Path, theme: str
) -> None:
    name = write(lab, f"{theme[-4:].strip()}/keys.py")
    ada.theme(theme)
    ada.open_file(name)
    give(ada, "", "", "viewer")
    ada.page.keyboard.press("Control+Alt+s")
    dialog = dialog_of(ada)
    who = dialog.get_by_role("combobox", name="Add a person")
    expect(who).to_be_focused()
    keys = ada.page.keyboard
    keys.type("edsger")
    keys.press("Tab")
    expect(dialog.get_by_label("Role", exact=True)).to_be_focused()
    keys.type("E")
    expect(dialog.get_by_text("Editor: can read, change, create and delete files")).to_be_visible()
    keys.press("Tab")
    expect(dialog.get_by_label("For how long")).to_be_focused()
    keys.type("For a w")
    keys.press("Tab")
    keys.press("Enter")
    expect(dialog.get_by_text("edsger now has access: Editor")).to_be_visible()
    row = dialog.get_by_role("listitem").filter(has_text="edsger")
    expect(row).to_contain_text("until")
    expect(row).to_contain_text("given by")

    violations = []
    for tab, there in (
        ("Invite link", "Make link"),
        ("Groups", "Make group"),
        ("What they see", "Whose view"),
        ("Log", "Export all"),
        ("People", "Who has access"),
    ):
        dialog.get_by_role("tab", selected=True).focus()
        keys.press("Home")
        while dialog.get_by_role("tab", selected=True).text_content() != tab:
            keys.press("ArrowRight")
        expect(dialog.get_by_text(there).or_(dialog.get_by_label(there)).first).to_be_visible()
        found = Axe().run(ada.page, context=".csx-Share").response["violations"]
        violations += [(tab, one["id"], one["nodes"]) for one in found]
    assert violations == []
    suffix = "-dark" if "Dark" in theme else ""
    ada.screenshot(pictures / f"sharing-dialog{suffix}.png")
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    ada.theme(THEMES[0])
    assert ada.problems == []


def test_the_dialog_fits_a_narrow_window_and_right_to_left(lab: LabServer, ada: Person) -> None:
    name = write(lab, "narrow.py")
    ada.open_file(name)
    ada.page.set_viewport_size({"width": 640, "height": 400})
    ada.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
    ada.command("codesyncx:share")
    dialog = dialog_of(ada)
    expect(dialog.get_by_role("button", name="Share", exact=True)).to_be_in_viewport()
    overflow = dialog.evaluate(
        "dialog => [...dialog.querySelectorAll('*')].filter(one =>"
        " one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === 'visible'"
        " && one.clientWidth > 0).map(one => one.className)"
    )
    assert overflow == []


def test_a_group_is_made_given_something_and_dissolved(
    lab: LabServer, ada: Person, person: Callable[..., Person], pictures: Path
) -> None:
    folder = "team"
    write(lab, f"{folder}/plan.md", "# Plan\n")
    give(ada, "", folder, "none")
    grace = person("grace")
    names = grace.page.locator(".jp-DirListing-item .jp-DirListing-itemText")
    expect(names.filter(has_text=folder)).to_have_count(0)

    ada.command("codesyncx:share", path=folder, isFolder=True)
    dialog = dialog_of(ada)
    keys = ada.page.keyboard
    dialog.get_by_role("tab", name="Groups").click()
    dialog.get_by_label("Name of the new group").fill("assistants")
    keys.press("Enter")
    member = dialog.get_by_role("combobox", name="Add a person")
    expect(member).to_be_focused()
    keys.type("gra")
    expect(dialog.get_by_role("option", name="Grace Hopper")).to_be_visible()
    suggested = dialog.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(suggested).to_have_count(1)
    keys.press("Enter")
    keys.press("Enter")
    expect(dialog.get_by_role("list", name="Members")).to_have_text("Grace Hopper")
    expect(member).to_be_focused()
    keys.type("edsger")
    keys.press("Enter")
    expect(dialog.get_by_role("button", name="Members of assistants")).to_have_text("2 members")
    found = Axe().run(ada.page, context=".csx-Share").response["violations"]
    assert [(one["id"], one["nodes"]) for one in found] == []
    ada.screenshot(pictures / "sharing-groups.png")

    dialog.get_by_role("tab", name="People").click()
    who = dialog.get_by_role("combobox", name="Add a person")
    who.fill("assist")
    expect(dialog.get_by_role("option", name="assistants")).to_be_visible()
    keys.press("Enter")
    dialog.get_by_label("Role", exact=True).select_option("editor")
    dialog.get_by_role("button", name="Share", exact=True).click()
    expect(dialog.get_by_text("assistants now has access: Editor")).to_be_visible()
    expect(names.filter(has_text=folder)).to_have_count(1)

    dialog.get_by_role("tab", name="Groups").click()
    dialog.get_by_role("button", name="Members of assistants").click()
    dialog.get_by_role("button", name="Remove edsger from assistants").click()
    expect(dialog.get_by_text("edsger no longer belongs to assistants")).to_be_visible()
    dialog.get_by_role("button", name="Delete the group assistants").click()
    expect(dialog.get_by_text("What was given to it ends at once")).to_be_visible()
    dialog.get_by_role("button", name="Really delete the group assistants").click()
    expect(dialog.get_by_text("There are none.")).to_be_visible()
    expect(names.filter(has_text=folder)).to_have_count(0)
    dialog.get_by_role("tab", name="People").click()
    expect(dialog.get_by_role("listitem").filter(has_text="assistants")).to_have_count(0)
    assert ada.problems + grace.problems == []


def test_an_end_set_in_the_dialog_takes_effect_when_it_comes(
    lab: LabServer, ada: Person, person: Callable[..., Person]
) -> None:
    name = write(lab, "ending.py")
    give(ada, "", name, "viewer")
    give(ada, "grace", name, "editor")
    grace = person("grace")
    grace.open_file(name)
    expect(grace.page.locator(".csx-AccessBadge")).to_have_text("Editor")
    ada.command("codesyncx:share", path=name)
    row = dialog_of(ada).get_by_role("listitem").filter(has_text="Grace Hopper")
    end = row.get_by_role("button", name="Change how long Grace Hopper has access")
    expect(end).to_have_text("No end")
    end.click()
    row.get_by_label("How long Grace Hopper has access").select_option("For a day")
    expect(end).to_contain_text("until")
    expect(grace.page.locator(".csx-AccessBadge")).to_have_text("Editor")
    end.click()
    # The field takes seconds too, and tests are in a hurry.
    soon = ada.page.evaluate(
        "() => new Date(Date.now() + 4000 - new Date().getTimezoneOffset() * 60000)"
        ".toISOString().slice(0, 19)"
    )
    row.get_by_label("Ends at").fill(soon)
    bar = grace.page.locator(".csx-AccessBar")
    expect(bar).to_contain_text("You can read this, not change it.")
    expect(row).to_have_count(0)
    grace.type(name, "no")
    assert grace.text_of(name) == LINES
    assert ada.problems + grace.problems == []


def test_single_permissions_are_given_instead_of_a_role(
    lab: LabServer, ada: Person, person: Callable[..., Person]
) -> None:
    name = write(lab, "single/permissions.py")
    give(ada, "", "single", "none")
    ada.command("codesyncx:share", path="single", isFolder=True)
    dialog = dialog_of(ada)
    ada.page.keyboard.type("grace")
    ada.page.keyboard.press("Tab")
    role = dialog.get_by_label("Role", exact=True)
    role.select_option("Viewer")
    role.select_option("Custom…")
    may = dialog.get_by_role("group", name="May")
    may.get_by_label("change").check()
    expect(may.get_by_label("read")).to_be_disabled()
    expect(dialog.get_by_text("Can read and change.")).to_be_visible()
    dialog.get_by_role("button", name="Share", exact=True).click()
    expect(dialog.get_by_text("grace now has access: Custom")).to_be_visible()

    grace = person("grace")
    grace.open_file(name)
    expect(grace.page.locator(".csx-AccessBadge")).to_have_text("Custom here")
    grace.type(name, "# hers\n")
    expect(grace.page.locator("#jp-main-statusbar")).to_contain_text("Saved")
    grace.page.locator(".csx-AccessBadge").click()
    explained = dialog_of(grace)
    expect(explained).to_contain_text("You can: read, change")
    expect(explained).to_contain_text("Not: create files, delete files, run code")
    close_dialog(grace)

    row = dialog.get_by_role("group", name="May").last
    row.get_by_label("change").click()
    expect(grace.page.locator(".csx-AccessBar")).to_contain_text("You can read this")
    row.get_by_label("create files").click()
    expect(row.get_by_label("create files")).to_be_checked()
    row.get_by_label("change").click()
    expect(grace.page.locator(".csx-AccessBar")).to_be_hidden()
    assert ada.problems + grace.problems == []


def test_a_guest_is_out_at_once_and_told_why_when_the_link_is_revoked(
    lab: LabServer, ada: Person, browser: Browser
) -> None:
    name = write(lab, "visit/task.py")
    made = call(ada, "POST", "links", {"path": "visit", "role": "editor", "name": "Visit"})
    guest = Person(browser, lab, "guest")
    try:
        guest.page.goto(f"{lab.url}{made['url']}")
        guest.page.get_by_label("Your name").fill("Margaret")
        guest.page.get_by_role("button", name="Join").click()
        guest.wait_for_lab()
        guest.open_file(name)
        guest.type(name, "# Margaret\n")
        ada.open_file(name)
        ada.wait_for_text(name, "# Margaret\n")
        assert guest.problems == []

        ada.command("codesyncx:share", path="visit", isFolder=True)
        dialog = dialog_of(ada)
        dialog.get_by_role("tab", name="Invite link").click()
        dialog.get_by_role("button", name="Revoke Visit").click()
        expect(dialog.get_by_text("Guests who came by it are out at once.")).to_be_visible()
        dialog.get_by_role("button", name="Really revoke Visit").click()
        expect(dialog.get_by_text("The link no longer works.")).to_be_visible()
        out = guest.page.get_by_role("dialog", name="Your link was revoked")
        expect(out).to_contain_text("Ask whoever invited you for a new one.")
        status = guest.page.evaluate(
            "() => fetch('/api/contents/visit/task.py').then(answer => answer.status)"
        )
        assert status == 403
        guest.page.goto("about:blank")
        guest.page.goto(f"{lab.url}{made['url']}")
        expect(guest.page.get_by_role("status")).to_have_text(
            "This link was taken back. Ask for a new one."
        )
        assert ada.text_of(name) == f"# Margaret\n{LINES}"
    finally:
        guest.leave()


SOURCES = (
    "name => [...window.jupyterapp.shell.widgets('main')].find(w => w.context?.path === name)"
    ".context.model.sharedModel.cells.map(cell => cell.source)"
)


def drag_cell(person: Person, notebook: Locator, source: int, target: int) -> None:
    """Drag a cell by its prompt, and drop it on the upper half of another."""
    cells = notebook.locator(".jp-CodeCell")
    start = cells.nth(source).locator(".jp-InputArea-prompt").bounding_box()
    end = cells.nth(target).bounding_box()
    assert start is not None
    assert end is not None
    mouse = person.page.mouse
    mouse.move(start["x"] + 20, start["y"] + 8)
    mouse.down()
    for step in range(1, 9):
        y = start["y"] + 8 + (end["y"] + 4 - start["y"] - 8) * step / 8
        mouse.move(start["x"] + 60, y)
    mouse.up()
    expect(person.page.locator(".jp-dragImage")).to_have_count(0)


def test_cells_are_dragged_only_where_that_changes_nothing_locked(
    lab: LabServer, ada: Person, person: Callable[..., Person]
) -> None:
    name = write_notebook(lab, "drag.ipynb")
    give(ada, "grace", name, "viewer")
    cells = {"kind": "cells", "cell_ids": ["cell2", "cell3"]}
    give(ada, "grace", name, "editor", range=cells)
    locked = {"kind": "cells", "cell_ids": ["cell4"]}
    give(ada, "edsger", name, "viewer", range=locked)
    grace, edsger = person("grace"), person("edsger")
    hers, his, book = grace.open_file(name), edsger.open_file(name), ada.open_file(name)
    expect(hers.locator(".csx-cell-own")).to_have_count(2)
    expect(his.locator(".csx-cell-locked")).to_have_count(1)
    cells_of = {one: f"y = {one}\nprint(y)" for one in range(1, 6)}

    def order(*numbers: int) -> list[str]:
        return [cells_of[number] for number in numbers]

    # Who has only some cells moves none: neither out of nor within them.
    for source, target in ((1, 4), (1, 2), (4, 1)):
        drag_cell(grace, hers, source, target)
        notice = grace.page.get_by_text(re.compile("cells that are marked as yours|locked for you"))
        expect(notice.first).to_be_visible()
        assert grace.page.evaluate(SOURCES, name) == order(1, 2, 3, 4, 5)
    # Who may change all but one moves the others, even over it, but not that one.
    drag_cell(edsger, his, 3, 0)
    expect(edsger.page.get_by_text("This cell is locked for you.").first).to_be_visible()
    assert edsger.page.evaluate(SOURCES, name) == order(1, 2, 3, 4, 5)
    drag_cell(edsger, his, 4, 0)
    for somebody in (ada, grace, edsger):
        somebody.page.wait_for_function(
            f"([name, wanted]) => JSON.stringify(({SOURCES})(name)) === JSON.stringify(wanted)",
            arg=[name, order(5, 1, 2, 3, 4)],
        )
    expect(hers.locator(".csx-cell-own")).to_have_count(2)
    expect(his.locator(".csx-cell-locked")).to_have_count(1)
    drag_cell(ada, book, 4, 0)
    for somebody in (ada, grace, edsger):
        somebody.page.wait_for_function(
            f"([name, wanted]) => JSON.stringify(({SOURCES})(name)) === JSON.stringify(wanted)",
            arg=[name, order(4, 5, 1, 2, 3)],
        )
    expect(his.locator(".csx-cell-locked")).to_have_count(1)
    for somebody in (ada, grace, edsger):
        expect(somebody.page.locator(".csx-draft")).to_have_count(0)
        assert somebody.problems == []


def test_the_dialog_can_be_used_at_twice_the_size(
    lab: LabServer, ada: Person, person: Callable[..., Person]
) -> None:
    name = write(lab, "zoomed.py")
    # A window of 1280 by 800 at 200 %.
    big = person("ada", viewport={"width": 640, "height": 400}, device_scale_factor=2)
    call(ada, "POST", "groups", {"name": "readers", "members": ["grace", "edsger"]})
    call(ada, "POST", "links", {"path": name, "role": "viewer", "name": "A link"})
    give(ada, "edsger", name, "editor")
    big.command("codesyncx:share", path=name)
    dialog = dialog_of(big)
    keys = big.page.keyboard
    for tab in ("People", "Invite link", "Groups", "What they see", "Log"):
        dialog.get_by_role("tab", name=tab, exact=True).press("Enter")
        expect(dialog.get_by_role("tab", selected=True)).to_have_text(tab)
        if tab == "Groups":
            dialog.get_by_role("button", name="Members of readers").press("Enter")
        expect(dialog.get_by_role("tabpanel").get_by_role("button").first).to_be_visible()
        dialog.get_by_role("button", name="Close").first.focus()
        reached = set()
        for _ in range(40):
            keys.press("Tab")
            where = big.page.evaluate(
                """() => {
                  const one = document.activeElement;
                  if (!one || !one.closest('.csx-Share')) return null;
                  const { left, right, top, bottom } = one.getBoundingClientRect();
                  const isSeen = left >= 0 && right <= innerWidth && top >= 0
                    && bottom <= innerHeight && one.contains(
                      document.elementFromPoint((left + right) / 2, (top + bottom) / 2));
                  return [one.ariaLabel || one.textContent || one.tagName, isSeen];
                }"""
            )
            if where is None or where[0] in reached:
                break
            assert where[1] or where[0] == "Log", f"{where[0]} in {tab} can't be seen"
            reached.add(where[0])
        assert len(reached) > 3, reached
        cut = dialog.evaluate(
            "dialog => [...dialog.querySelectorAll('*')].filter(one =>"
            " one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0"
            " && !['auto', 'scroll'].includes(getComputedStyle(one).overflowX)"
            " && !['SELECT', 'INPUT'].includes(one.tagName)).map(one => one.className)"
        )
        assert cut == [], tab
    call(ada, "DELETE", "groups/readers")
    assert big.problems == []


def test_a_refusal_is_told_in_the_dialog_and_nothing_typed_is_lost(
    lab: LabServer, ada: Person, person: Callable[..., Person]
) -> None:
    name = write(lab, "refusal.py")
    give(ada, "grace", name, "maintainer", expires_at=None)
    grace = person("grace")
    grace.open_file(name)
    grace.command("codesyncx:share", path=name)
    dialog = dialog_of(grace)
    expect(dialog.get_by_role("tab", name="Log")).to_have_count(0)
    grace.page.keyboard.type("edsger")
    dialog.get_by_label("What", exact=True).select_option(label="the project")
    expect(dialog.get_by_role("alert")).to_contain_text("You may not share the project")
    expect(dialog.get_by_role("combobox", name="Add a person")).to_have_value("edsger")
    # The browser itself notes the refused requests.
    assert [problem for problem in grace.problems if "403" not in problem] == []


def test_an_owner_sees_what_somebody_sees_and_what_happened(
    lab: LabServer, ada: Person, pictures: Path
) -> None:
    write(lab, "course/task.py")
    write(lab, "course/solutions/task.py")
    give(ada, "edsger", "course", "runner")
    give(ada, "edsger", "course/solutions", "none")
    ada.command("codesyncx:share", path="course", isFolder=True)
    dialog = dialog_of(ada)
    dialog.get_by_role("tab", name="What they see").click()
    dialog.get_by_role("button", name="edsger").click()
    tree = dialog.get_by_role("tree")
    expect(tree.get_by_role("treeitem", name="task.py")).to_contain_text("Runner")
    expect(tree.get_by_role("treeitem", name="solutions")).to_contain_text("hidden")
    ada.screenshot(pictures / "sharing-preview.png")

    dialog.get_by_role("tab", name="Log").click()
    dialog.get_by_label("What happened").select_option("granted")
    rows = dialog.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Gave access: edsger")
    with ada.page.expect_download() as download:
        dialog.get_by_role("button", name="Export all").click()
    entries = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert {"granted"} <= {entry["what"] for entry in entries}
    close_dialog(ada)
    assert ada.problems == []
