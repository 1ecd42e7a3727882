"""Links made in the share dialog, and the guests who come by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect
from support.people import Person
from support.share_dialog import LINES, close_dialog, dialog_of, write
from support.sharing import ACCESS, ask, join

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser
    from support.servers import LabServer


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
        join(guest.page, lab, address, "Margaret")
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


def test_a_guest_is_out_at_once_and_told_why_when_the_link_is_revoked(
    lab: LabServer, ada: Person, browser: Browser
) -> None:
    name = write(lab, "visit/task.py")
    made = ask(lab, "POST", f"{ACCESS}/links", {"path": "visit", "role": "editor", "name": "Visit"})
    guest = Person(browser, lab, "guest")
    try:
        join(guest.page, lab, made["url"], "Margaret")
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
