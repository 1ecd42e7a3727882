"""Guests at their browsers: coming in by a link, looking around, and the end of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.people import Person
from support.servers import LabServer
from support.sharing import ACCESS, ask, join

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, WebSocketRoute

# JupyterLab's plain words about itself, the same for owners.
USUAL = ("Unsatisfied version", "terminals plugin")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    folder = tmp_path_factory.mktemp("guests")
    for name, text in (("open/hello.py", "print('hello')\n"), ("hidden/secret.py", "secret\n")):
        path = folder / "project" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    with LabServer(folder, default_role="none") as lab:
        yield lab


def listen(page: Page) -> list[str]:
    """Collect whatever the browser complains of."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "console",
        lambda said: (
            heard.append(said.text)
            if said.type in {"error", "warning"} and not said.text.startswith(USUAL[0])
            else None
        ),
    )
    return heard


def test_a_guest_comes_by_a_link_reads_and_is_out_when_it_is_taken_back(
    browser: Browser, server: LabServer
) -> None:
    made = ask(server, "POST", f"{ACCESS}/links", {"path": "open", "role": "viewer"})
    page = browser.new_page()
    complaints = listen(page)
    join(page, server, made["url"], "Zoë")

    page.locator(".jp-DirListing-item", has_text="open").dblclick()
    page.locator(".jp-DirListing-item", has_text="hello.py").dblclick()
    page.locator(".cm-content", has_text="print('hello')").wait_for()
    page.get_by_text("Live", exact=True).first.wait_for()
    assert page.get_by_text("hidden").count() == 0
    assert [said for said in complaints if USUAL[1] not in said] == []

    ask(server, "DELETE", f"{ACCESS}/links/{made['link']['id']}")
    page.get_by_text("Live", exact=True).first.wait_for(state="detached")
    page.goto(f"{server.url}/lab")
    page.get_by_role("heading", name="Your link was revoked").wait_for()
    page.close()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_whose_link_is_revoked_reads_that_copies_what_is_theirs_and_comes_back_by_a_new_one(
    browser: Browser, server: LabServer, pictures: Path, theme: str
) -> None:
    made = ask(server, "POST", f"{ACCESS}/links", {"path": "open", "role": "editor"})
    guest = Person(browser, server, "guest", color_scheme=theme.lower())
    is_held = False

    def between(socket: WebSocketRoute) -> None:
        upstream = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            # Edits (sync, update) get lost on their way.
            if not (is_held and isinstance(message, bytes) and message[:2] == b"\x00\x02"):
                upstream.send(message)

        socket.on_message(pass_on)

    guest.page.route_web_socket("**/api/collaboration/room/text:**", between)
    join(guest.page, server, made["url"], "Zoë")
    guest.theme(f"JupyterLab {theme}")
    guest.open_file("open/hello.py")
    is_held = True
    guest.type("open/hello.py", "# never sent\nfor planet in planets:\n")

    ask(server, "DELETE", f"{ACCESS}/links/{made['link']['id']}")
    out = guest.page.get_by_role("dialog", name="Your link was revoked")
    expect(out).to_contain_text("Ask whoever invited you for a new one.")
    expect(out.get_by_label("Changed lines")).to_contain_text("# never sent")
    # It is all there is: nothing lies over it, and no key goes past it.
    guest.page.keyboard.press("Escape")
    guest.page.keyboard.press("Escape")
    guest.page.keyboard.press("Control+Shift+C")
    guest.page.keyboard.type("lost")
    expect(out).to_be_visible()
    assert guest.page.locator(".lm-CommandPalette:visible").count() == 0
    guest.page.screenshot(
        path=pictures / f"shut-out{'' if theme == 'Light' else '-dark'}.png", animations="disabled"
    )
    assert Axe().run(guest.page, context=".csx-ShutOut").response["violations"] == []
    out.get_by_role("button", name="Copy your changes to hello.py").click()
    expect(out.get_by_role("button", name="Copy your changes to hello.py")).to_have_text("Copied")

    guest.page.reload()
    guest.page.get_by_role("heading", name="Your link was revoked").wait_for()
    expect(guest.page.get_by_text("opens by itself")).to_be_visible()
    made = ask(server, "POST", f"{ACCESS}/links", {"path": "open", "role": "editor"})
    other = guest.context.new_page()
    join(other, server, made["url"], "Zoë")
    other.close()
    guest.wait_for_lab()
    guest.leave()


def test_who_loses_all_grants_is_out_and_in_again_with_new_ones(
    browser: Browser, server: LabServer
) -> None:
    given = {
        "subject": {"kind": "user", "name": "grace"},
        "path": "open",
        "role": "viewer",
    }
    number = ask(server, "POST", f"{ACCESS}/grants", given)["id"]
    grace = Person(browser, server, "grace").enter()
    grace.open_file("open/hello.py")
    ask(server, "DELETE", f"{ACCESS}/grants/{number}")
    title = "You no longer have access to this project"
    out = grace.page.get_by_role("dialog", name=title)
    expect(out).to_contain_text("Ask whoever gave it to you")
    ask(server, "POST", f"{ACCESS}/grants", given)
    expect(out).to_have_count(0)
    grace.wait_for_lab()
    grace.leave()


def test_a_link_that_is_not_whole_says_so(browser: Browser, server: LabServer) -> None:
    page = browser.new_page(color_scheme="dark")
    for link, answer in (("", "Ask for the whole link"), ("#nonsense", "isn't valid")):
        page.goto("about:blank")
        page.goto(f"{server.url}/codesyncx/join{link}")
        page.get_by_role("status").get_by_text(answer).wait_for()
        assert not page.get_by_label("Your name").is_visible()
    page.close()
