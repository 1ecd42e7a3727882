"""Who may do what in a call, seen by three people: what is taken or given counts at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.call_panel import ON_THE_LOOPBACK, join, moves, tile
from support.servers import LabServer
from support.sharing import change_role, give

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator
    from support.people import Person

    Come = Callable[..., Person]


@pytest.fixture(scope="module")
def browser(talkative: Browser) -> Browser:
    """Give the Chromium with a camera that counts and a microphone that beeps."""
    return talkative


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Start a lab in which each has what Ada gave them, and whose calls stay on this machine."""
    folder = tmp_path_factory.mktemp("lab")
    with LabServer(folder, args=ON_THE_LOOPBACK, default_role="none") as server:
        yield server


@pytest.fixture(scope="module")
def grants(lab: LabServer) -> dict[str, int]:
    """Let Grace and Edsger edit, by these grants."""
    return {name: give(lab, name, "editor") for name in ("grace", "edsger")}


def more(panel: Locator, item: str) -> None:
    """Choose from the menu of rare things."""
    panel.get_by_role("button", name="More").click()
    panel.page.get_by_role("menuitem", name=item).click()


def knock(somebody: Person) -> Locator:
    """Try to come in; gives the panel."""
    panel = somebody.page.locator(".csx-Call")
    if not panel.is_visible():
        somebody.page.get_by_role("button", name="Join call").click()
    panel.get_by_role("button", name="Join the call").click()
    return panel


@pytest.mark.usefixtures("grants")
def test_doors_microphones_cameras_hands_and_screens_are_the_moderators(person: Come) -> None:
    ada, grace, edsger = person("ada"), person("grace"), person("edsger")
    of_ada, of_grace = join(ada), join(grace)

    # Doors.
    more(of_ada, "Lock Call")
    expect(of_grace.locator(".csx-Call-status")).to_contain_text("Locked")
    of_edsger = knock(edsger)
    expect(of_edsger.get_by_text("The call is locked.")).to_be_visible()
    more(of_ada, "Unlock Call")
    more(of_ada, "Let People In One by One")
    expect(of_grace.locator(".csx-Call-status")).to_contain_text("Lobby")
    knock(edsger)
    expect(of_edsger.get_by_text("You are in the lobby")).to_be_visible()
    assert of_grace.get_by_text("waits to come in").count() == 0
    of_ada.get_by_role("button", name="Let in").click()
    moves(tile(of_edsger, "Ada Lovelace").locator("video"))

    # Microphones, cameras, hands and screens.
    more(of_ada, "Mute Everybody Else")
    for panel in (of_grace, of_edsger):
        expect(panel.get_by_role("button", name="Switch Microphone On")).to_be_visible()
        panel.get_by_role("button", name="Raise Hand").click()
    expect(of_ada.get_by_role("button", name="Switch Microphone Off")).to_be_visible()
    expect(of_ada.locator(".csx-Call-hand")).to_have_count(2)
    more(of_ada, "Lower All Hands")
    expect(of_ada.locator(".csx-Call-hand")).to_have_count(0)
    hers = tile(of_ada, "Grace Hopper")
    hers.hover()
    hers.get_by_role("button", name="Switch the camera of Grace Hopper off").click()
    expect(tile(of_edsger, "Grace Hopper").locator("video")).to_have_count(0)
    expect(grace.page.get_by_text("Ada Lovelace switched your camera off")).to_be_visible()
    of_edsger.get_by_role("button", name="Share Screen").click()
    screen = of_ada.get_by_label("The screen of Edsger Dijkstra")
    moves(screen)
    assert of_grace.get_by_role("button", name="Stop sharing this").count() == 0
    of_ada.get_by_role("button", name="Stop sharing this").click()
    expect(of_edsger.get_by_role("button", name="Stop Sharing", exact=True)).to_have_count(0)
    expect(edsger.page.get_by_text("Ada Lovelace ended your shared screen")).to_be_visible()
    assert ada.problems == grace.problems == edsger.problems == []


def test_rights_change_in_the_middle_of_a_call(
    person: Come, lab: LabServer, grants: dict[str, int]
) -> None:
    ada, grace, edsger = person("ada"), person("grace"), person("edsger")
    of_ada, of_grace, of_edsger = join(ada), join(grace), join(edsger)
    moves(tile(of_grace, "Edsger Dijkstra").locator("video"))
    change_role(lab, grants["edsger"], "viewer")
    expect(of_edsger.get_by_text("You can listen, watch and raise your hand.")).to_be_visible()
    expect(of_edsger.get_by_role("button", name="Switch Microphone On")).to_be_disabled()
    expect(tile(of_grace, "Edsger Dijkstra").locator("video")).to_have_count(0)
    moves(tile(of_edsger, "Ada Lovelace").locator("video"))
    change_role(lab, grants["edsger"], "editor")
    of_edsger.get_by_role("button", name="Switch Camera On").click()
    moves(tile(of_grace, "Edsger Dijkstra").locator("video"))

    of_grace.get_by_role("button", name="More").click()
    assert grace.page.get_by_role("menuitem", name="Lock Call").count() == 0
    grace.page.keyboard.press("Escape")
    change_role(lab, grants["grace"], "maintainer")
    his = tile(of_grace, "Edsger Dijkstra")
    his.hover()
    his.get_by_role("button", name="Remove Edsger Dijkstra from the call").click()
    grace.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(of_edsger.get_by_text("A moderator removed you")).to_be_visible()
    expect(tile(of_ada, "Edsger Dijkstra")).to_have_count(0)
    assert ada.problems == grace.problems == edsger.problems == []


@pytest.mark.usefixtures("grants")
def test_the_connection_is_measured_in_the_call_and_before_it(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    of_ada, of_grace = join(ada), join(grace)
    moves(tile(of_ada, "Grace Hopper").locator("video"))
    moves(tile(of_grace, "Ada Lovelace").locator("video"))
    bars = of_ada.get_by_role("img", name="connection")
    expect(bars).to_be_visible()
    more(of_ada, "Call Statistics")
    page = of_ada.get_by_role("region", name="Call statistics")
    sent = page.get_by_role("table", name="What you send")
    expect(sent.get_by_role("row", name="Camera")).to_have_count(3)
    expect(sent.get_by_role("row", name="Microphone")).to_contain_text("kbit/s")
    got = page.get_by_role("table", name="What you get")
    expect(got.get_by_role("row", name="Grace Hopper: camera")).to_contain_text(" a second")
    ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as text").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    copied: str = ada.page.evaluate("() => navigator.clipboard.readText()")
    assert "What you get, Grace Hopper: camera" in copied
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        ada.theme(theme)
        results = Axe().run(ada.page, context=".csx-Call")
        assert results.violations_count == 0, results.generate_report()
    page.get_by_role("button", name="Back").click()
    expect(tile(of_ada, "Grace Hopper")).to_have_count(1)

    # Before a call one can ask whether it will work.
    of_grace.get_by_role("button", name="Leave Call").click()
    of_grace.get_by_role("button", name="Test the connection").click()
    expect(of_grace.get_by_text("you can send")).to_be_visible()
    expect(of_ada.locator(".csx-Call-count")).to_contain_text("1 person")
    results = Axe().run(grace.page, context=".csx-Call")
    assert results.violations_count == 0, results.generate_report()
    assert ada.problems == grace.problems == []
