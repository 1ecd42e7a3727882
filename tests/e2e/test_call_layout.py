"""The call panel in little room: many people, a narrow window, zoomed in, right to left."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.call_panel import ON_THE_LOOPBACK, join, moves, tile
from support.servers import LabServer
from support.silent_callers import SilentCallers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, WebSocketRoute
    from support.people import Person

    Come = Callable[..., Person]


@pytest.fixture(scope="module")
def browser(with_devices: Browser) -> Browser:
    return with_devices


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Start a lab whose calls stay on this machine."""
    with LabServer(tmp_path_factory.mktemp("lab"), args=ON_THE_LOOPBACK) as server:
        yield server


def test_of_thirty_people_who_speaks_is_in_view(lab: LabServer, person: Come) -> None:
    ada = person("ada")
    of_ada = join(ada)
    with SilentCallers(lab, [f"student{number}" for number in range(28)]):
        grace = person("grace")
        join(grace)
        expect(of_ada.locator(".csx-Call-tiles .csx-Call-tile")).to_have_count(30)
        first, second = (box_of(of_ada.locator(".csx-Call-tile").nth(n)) for n in (0, 1))
        assert first["y"] == second["y"]
        # She came last, and her browser beeps once a second.
        hers = tile(of_ada, "Grace Hopper")
        moves(hers.locator("video"))
        expect(hers).to_be_in_viewport(ratio=1)
    expect(of_ada.locator(".csx-Call-tiles .csx-Call-tile")).to_have_count(2)
    assert ada.problems == grace.problems == []


def test_news_of_the_call_lie_over_none_of_its_buttons(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    of_ada, of_grace = join(ada), join(grace)
    moves(tile(of_ada, "Grace Hopper").locator("video"))
    expect(ada.page.get_by_role("button", name="Grace Hopper").first).to_be_visible()
    of_grace.get_by_role("button", name="Share Screen").click()
    region = of_ada.get_by_role("status").filter(has_text="Grace Hopper shares a screen.")
    offer = region.locator(".csx-Call-notice")
    expect(offer).to_be_visible()
    of_ada.get_by_role("button", name="Leave Call").click(trial=True)
    of_ada.get_by_role("button", name="Switch Microphone Off").click(trial=True)
    offer.get_by_role("button", name="Close").click()
    expect(offer).to_have_count(0)

    # Something of JupyterLab's own.
    ada.command("apputils:notify", message="Saved", type="info", options={"autoClose": False})
    toast = ada.page.locator(".Toastify__toast", has_text="Saved")
    expect(toast).to_be_visible()
    of_ada.get_by_role("button", name="Leave Call").click(trial=True)
    assert ada.problems == grace.problems == []


def test_the_call_fits_a_window_at_200_percent_and_right_to_left(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    of_ada, of_grace = join(ada), join(grace)
    of_grace.get_by_role("button", name="Raise Hand").click()
    of_grace.get_by_role("button", name="Share Screen").click()
    moves(of_ada.locator(".csx-Call-screen video"))
    ada.command("codesyncx:call-toggle-strip")
    strip = ada.page.get_by_role("region", name="Call above the files")
    moves(strip.get_by_role("listitem", name="Grace Hopper").locator("video"))

    # 1280 by 800 pixels, zoomed in: JupyterLab has no room for both sides then.
    ada.command("application:toggle-left-area")
    ada.page.set_viewport_size({"width": 640, "height": 400})
    picker = of_ada.get_by_role("menu")
    for direction in ("ltr", "rtl"):
        ada.page.evaluate("dir => { document.documentElement.dir = dir; }", direction)
        for theme in ("JupyterLab Dark", "JupyterLab Light"):
            ada.theme(theme)
            for part in (".csx-Call", ".csx-CallStrip", ".csx-CallBar"):
                assert overflowing(ada.page.locator(part)) == []
                results = Axe().run(ada.page, context=part)
                assert results.violations_count == 0, results.generate_report()
        of_ada.get_by_role("button", name="React", exact=True).click()
        for number in range(8):
            expect(picker.get_by_role("menuitem").nth(number)).to_be_in_viewport(ratio=1)
        ada.page.keyboard.press("Escape")
    for region in (of_ada, strip):
        microphone = box_of(region.get_by_role("button", name="Switch Microphone Off"))
        leave = box_of(region.get_by_role("button", name="Leave Call"))
        assert leave["x"] < microphone["x"]
    of_ada.get_by_role("button", name="React", exact=True).click()
    expect(picker.get_by_role("menuitem").first).to_be_focused()
    ada.page.keyboard.press("ArrowLeft")
    expect(picker.get_by_role("menuitem").nth(1)).to_be_focused()
    hers = box_of(tile(of_ada, "Grace Hopper"))
    hand = box_of(tile(of_ada, "Grace Hopper").locator(".csx-Call-hand"))
    assert hand["x"] > hers["x"] + hers["width"] / 2
    assert ada.problems == grace.problems == []


def test_the_tile_of_somebody_with_a_bad_line_says_so(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    sockets: list[WebSocketRoute] = []

    def listen_in(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    # The server measures only true losses, and there are none on this machine.
    ada.page.route_web_socket(re.compile("calls/signalling"), listen_in)
    ada.reload()
    of_ada = join(ada)
    join(grace)
    hers = tile(of_ada, "Grace Hopper")
    moves(hers.locator("video"))
    expect(hers.locator(".csx-Call-bars")).to_have_count(0)
    member = hers.get_attribute("data-member")
    for quality, words in (("weak", "may freeze"), ("bad", "break up")):
        told = {"type": "quality_changed", "member_id": member, "quality": quality}
        sockets[-1].send(json.dumps(told))
        sign = hers.get_by_role("img", name=f"The connection of Grace Hopper is {quality}")
        expect(sign).to_have_attribute("title", re.compile(words))
        expect(hers).to_have_accessible_name(re.compile(f"{quality} connection$"))
        results = Axe().run(ada.page, context=".csx-Call-tiles")
        assert results.violations_count == 0, results.generate_report()
    sockets[-1].send(json.dumps(told | {"quality": "good"}))
    expect(hers.locator(".csx-Call-bars")).to_have_count(0)
    assert ada.problems == grace.problems == []


def overflowing(part: Locator) -> list[str]:
    """Find what is wider than its place, or reaches out of the part sideways."""
    found: list[str] = part.evaluate(
        """part => {
          const { left, right } = part.getBoundingClientRect();
          return [part, ...part.querySelectorAll('*')].filter(one => {
            const box = one.getBoundingClientRect();
            const isOut = box.width > 1 && (box.left < left - 1 || box.right > right + 1);
            return isOut || (one.childElementCount === 0 && one.clientWidth > 0
              && one.scrollWidth > one.clientWidth + 1
              && getComputedStyle(one).overflowX === 'visible');
          }).map(one => one.className.baseVal ?? one.className);
        }"""
    )
    return found


def box_of(element: Locator) -> dict[str, float]:
    box = element.bounding_box()
    assert box is not None
    return dict(box)
