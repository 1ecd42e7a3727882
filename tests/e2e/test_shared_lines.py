"""Lines of a file that are somebody's to change while the others are locked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect
from support.share_dialog import TO, close_dialog, dialog_of, write
from support.sharing import give, lines, take_back

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, WebSocketRoute
    from support.people import Person
    from support.servers import LabServer

ANSWER_MS = 15_000


def select_lines(person: Person, path: str, start: int, end: int) -> None:
    """Select whole lines, counted from 1, with the keyboard."""
    person.place_cursor(path, line=start - 1)
    for _ in range(end - start):
        person.page.keyboard.press("Shift+ArrowDown")
    person.page.keyboard.press("Shift+End")


def labels(editor: Locator) -> Locator:
    return editor.locator(".csx-zone-label")


def test_lines_are_shared_from_the_editor_and_nothing_else_can_be_typed_in(
    lab: LabServer, ada: Person, person: Callable[..., Person], pictures: Path
) -> None:
    name = write(lab, "solver.py")
    give(lab, "grace", "viewer", name)
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
    give(lab, "grace", "viewer", name)
    grant = give(lab, "grace", "editor", name, range=lines(5, 9))
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
    take_back(lab, grant)
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
