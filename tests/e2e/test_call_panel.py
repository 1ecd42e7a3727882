"""The call of a project, between two people at two labs with cameras of their own."""

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

    from playwright.sync_api import Browser
    from support.people import Person

    Come = Callable[..., Person]

CODE = "".join(f"x{number} = {number}\n" for number in range(1, 41))


@pytest.fixture(scope="module")
def browser(with_devices: Browser) -> Browser:
    return with_devices


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Start a lab whose calls stay on this machine."""
    folder = tmp_path_factory.mktemp("lab")
    with LabServer(folder, args=ON_THE_LOOPBACK) as server:
        (server.root / "orbits.py").write_text(CODE)
        yield server


def test_two_people_meet(person: Come, pictures: Path) -> None:
    ada, grace = person("ada"), person("grace")
    ada.open_file("orbits.py")
    of_ada, of_grace = join(ada), join(grace)
    for panel, other in ((of_ada, "Grace Hopper"), (of_grace, "Ada Lovelace")):
        expect(tile(panel, other)).to_have_count(1)
        moves(tile(panel, other).locator("video"))
        expect(panel.locator(".csx-Call-count")).to_contain_text("2 people")

    expect(tile(of_grace, "Ada Lovelace").locator(".csx-Call-muted")).to_have_count(0)
    # The microphone of the test's browser beeps once a second.
    expect(of_grace.locator(".csx-mod-speaking", has_text="Ada Lovelace")).to_be_visible()
    of_ada.get_by_role("button", name="Switch Microphone Off").click()
    expect(tile(of_grace, "Ada Lovelace").locator(".csx-Call-muted")).to_be_visible()
    of_ada.get_by_role("button", name="Switch Microphone On").click()
    expect(tile(of_grace, "Ada Lovelace").locator(".csx-Call-muted")).to_have_count(0)

    of_ada.get_by_role("button", name="Switch Camera Off").click()
    expect(tile(of_grace, "Ada Lovelace").locator("video")).to_have_count(0)
    of_ada.get_by_role("button", name="Switch Camera On").click()
    moves(tile(of_grace, "Ada Lovelace").locator("video"))

    of_grace.get_by_role("button", name="Raise Hand").click()
    expect(tile(of_ada, "Grace Hopper").locator(".csx-Call-hand")).to_be_visible()

    of_grace.get_by_role("button", name="Share Screen").click()
    moves(of_ada.get_by_label("The screen of Grace Hopper"))
    expect(of_grace.get_by_text("The others see your screen.")).to_be_visible()
    ada.screenshot(pictures / "call.png")
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        ada.theme(theme)
        results = Axe().run(ada.page, context=".csx-Call")
        assert results.violations_count == 0, results.generate_report()
        results = Axe().run(ada.page, context=".csx-CallBar")
        assert results.violations_count == 0, results.generate_report()
    of_grace.get_by_role("button", name="Stop Sharing", exact=True).click()
    expect(of_ada.get_by_label("The screen of Grace Hopper")).to_have_count(0)

    of_grace.get_by_role("button", name="Leave Call").click()
    expect(tile(of_ada, "Grace Hopper")).to_have_count(0)
    expect(of_ada.locator(".csx-Call-count")).to_contain_text("1 person")
    expect(of_grace.get_by_role("button", name="Join the call")).to_be_enabled()
    results = Axe().run(grace.page, context=".csx-Call")
    assert results.violations_count == 0, results.generate_report()
    assert ada.problems == grace.problems == []


def test_a_moderator_mutes_and_removes(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    of_ada, of_grace = join(ada), join(grace)
    hers = tile(of_ada, "Grace Hopper")
    moves(hers.locator("video"))
    assert of_grace.get_by_role("button", name="Lock Call").count() == 0

    hers.hover()
    hers.get_by_role("button", name="Mute Grace Hopper").click()
    expect(grace.page.get_by_text("Ada Lovelace muted you")).to_be_visible()
    expect(of_grace.get_by_role("button", name="Switch Microphone On")).to_be_visible()

    hers.get_by_role("button", name="Remove Grace Hopper from the call").click()
    ada.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(of_grace.get_by_text("A moderator removed you")).to_be_visible()
    expect(hers).to_have_count(0)

    of_grace.get_by_role("button", name="Join the call").click()
    expect(of_grace.get_by_text("You are in the lobby")).to_be_visible()
    of_ada.get_by_role("button", name="Let in").click()
    moves(tile(of_grace, "Ada Lovelace").locator("video"))
    assert ada.problems == grace.problems == []
