"""A course in breakout rooms: a teacher and two students at labs with cameras of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.call_panel import ON_THE_LOOPBACK, join, moves, tile
from support.servers import LabServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator
    from support.people import Person

    Come = Callable[..., Person]


@pytest.fixture(scope="module")
def browser(talkative: Browser) -> Browser:
    """Give the Chromium with a camera that counts and a microphone that beeps."""
    return talkative


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Start a lab whose calls stay on this machine."""
    with LabServer(tmp_path_factory.mktemp("lab"), args=ON_THE_LOOPBACK) as server:
        (server.root / "orbits.py").write_text("".join(f"x{n} = {n}\n" for n in range(40)))
        yield server


def more(panel: Locator, item: str) -> None:
    """Choose from the menu of rare things, by keyboard."""
    panel.get_by_role("button", name="More").focus()
    panel.page.keyboard.press("Enter")
    panel.page.get_by_role("menuitem", name=item).click()


def plan_two_rooms(panel: Locator) -> None:
    """Assign one person with the keyboard's means, and one by dragging."""
    more(panel, "Breakout Rooms")
    panel.get_by_label("Their names").fill("Kepler\nNewton")
    expect(panel.get_by_label("Number of rooms")).to_have_value("2")
    panel.get_by_label("Who goes where").select_option(label="I assign them by hand")
    panel.get_by_role("button", name="Make the rooms").click()
    panel.get_by_label("The room of Grace Hopper").select_option(label="Kepler")
    newton = panel.get_by_role("region", name="Newton")
    panel.get_by_title("Edsger Dijkstra").drag_to(newton)
    expect(newton.get_by_label("The room of Edsger Dijkstra")).to_be_visible()


def is_well(somebody: Person) -> None:
    results = Axe().run(somebody.page, context=".csx-Call")
    assert results.violations_count == 0, results.generate_report()


def test_a_course_goes_to_breakout_rooms_and_comes_back(person: Come, pictures: Path) -> None:
    ada, grace, edsger = person("ada"), person("grace"), person("edsger")
    ada.open_file("orbits.py")
    of_ada, of_grace, of_edsger = join(ada), join(grace), join(edsger)
    moves(tile(of_grace, "Edsger Dijkstra").locator("video"))

    plan_two_rooms(of_ada)
    newton = of_ada.get_by_role("region", name="Newton")
    expect(tile(of_grace, "Edsger Dijkstra")).to_have_count(1)  # nobody has moved yet
    of_ada.get_by_role("button", name="Open the rooms").click()

    expect(of_grace.get_by_text("You are in Kepler.")).to_be_visible()
    expect(of_edsger.get_by_text("You are in Newton.")).to_be_visible()
    for panel, others in ((of_grace, ("Ada", "Edsger")), (of_edsger, ("Ada", "Grace"))):
        for other in others:
            expect(tile(panel, other)).to_have_count(0)

    of_ada.get_by_role("textbox", name="Message to all rooms").fill("Draw the ellipse first.")
    of_ada.get_by_role("button", name="Send").click()
    for panel in (of_grace, of_edsger):
        expect(panel.get_by_role("alert")).to_contain_text("Draw the ellipse first.")
    of_grace.get_by_role("button", name="Got it").click()
    expect(of_grace.get_by_text("Draw the ellipse")).to_have_count(0)

    of_edsger.get_by_role("button", name="Raise Hand").click()
    expect(newton.get_by_label("Hand raised")).to_be_visible()
    ada.screenshot(pictures / "call-breakouts.png")
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        ada.theme(theme)
        is_well(ada)

    # The one who leads visits a room and is seen and heard there, and nowhere else.
    newton.get_by_role("button", name="Visit the room Newton").click()
    moves(tile(of_edsger, "Ada Lovelace").locator("video"))
    moves(tile(of_ada, "Edsger Dijkstra").locator("video"))
    expect(tile(of_ada, "Grace Hopper")).to_have_count(0)
    expect(tile(of_grace, "Ada Lovelace")).to_have_count(0)
    of_ada.get_by_role("button", name="Back to the main room").click()
    expect(tile(of_edsger, "Ada Lovelace")).to_have_count(0)

    # A student goes to the main room to ask something, and back.
    of_grace.get_by_role("button", name="Back to the main room").click()
    moves(tile(of_grace, "Ada Lovelace").locator("video"))
    expect(of_grace.get_by_text("your room is Kepler")).to_be_visible()
    of_grace.get_by_role("button", name="Go to my room").click()
    expect(tile(of_grace, "Ada Lovelace")).to_have_count(0)

    # Who comes late, or again, is in their room and told so.
    grace.reload()
    of_grace = join(grace)
    expect(of_grace.get_by_text("You are in Kepler.")).to_be_visible()
    is_well(grace)

    of_ada.get_by_role("button", name="Rooms").click()
    of_ada.get_by_role("button", name="Close in 30 seconds").click()
    expect(of_grace.locator(".csx-Call-countdown")).to_contain_text("Back to everybody in")
    of_ada.get_by_role("button", name="Keep them open").click()
    expect(of_grace.locator(".csx-Call-countdown")).to_have_count(0)
    of_ada.get_by_role("button", name="Close in 30 seconds").click()
    expect(of_edsger.locator(".csx-Call-countdown")).to_be_visible()
    is_well(edsger)
    of_ada.get_by_role("button", name="Close now").click()
    for panel, others in ((of_grace, ("Ada", "Edsger")), (of_edsger, ("Ada", "Grace"))):
        for other in others:
            moves(tile(panel, other).locator("video"))
    expect(of_edsger.locator(".csx-Call-where")).to_have_count(0)
    assert ada.problems == grace.problems == edsger.problems == []
