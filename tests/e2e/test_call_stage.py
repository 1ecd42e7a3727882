"""A call where one works: at cursors, in the people panel, above the files, on shared screens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.call_panel import DEVICES, ON_THE_LOOPBACK, join, moves, tile
from support.people import CHROMIUM, CHROMIUM_ARGS
from support.servers import LabServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator, Playwright
    from support.people import Person

    Come = Callable[..., Person]

CODE = "".join(f"x{number} = {number}\n" for number in range(1, 41))


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Give a Chromium with a camera that counts and a microphone that beeps."""
    args = [*CHROMIUM_ARGS, *DEVICES]
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
    yield chromium
    chromium.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Start a lab whose calls stay on this machine."""
    folder = tmp_path_factory.mktemp("lab")
    with LabServer(folder, args=ON_THE_LOOPBACK) as server:
        (server.root / "orbits.py").write_text(CODE)
        yield server


def people_panel(somebody: Person) -> Locator:
    somebody.command("codesyncx:show-people")
    return somebody.page.locator(".csx-People")


def check_accessible(somebody: Person, *parts: str) -> None:
    """Hold parts of the page against axe's rules in both themes."""
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        somebody.theme(theme)
        for part in parts:
            results = Axe().run(somebody.page, context=part)
            assert results.violations_count == 0, results.generate_report()


def test_the_call_shows_where_people_work(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    for somebody, line in ((ada, 2), (grace, 5)):
        somebody.open_file("orbits.py")
        somebody.place_cursor("orbits.py", line=line)
    of_ada = join(ada)

    people = people_panel(grace)
    row = people.get_by_role("treeitem", name="Ada Lovelace")
    expect(people.get_by_text("Ada Lovelace is in the call.")).to_be_visible()
    expect(row).to_have_accessible_name(r_ends("in the call"))
    people.get_by_role("button", name="Join").click()
    of_grace = grace.page.locator(".csx-Call")
    moves(tile(of_grace, "Ada Lovelace").locator("video"))
    expect(people.get_by_text("in the call.")).to_have_count(0)

    # The microphone of the test's browser beeps once a second.
    expect(people.locator(".csx-People-person.csx-mod-speaking", has_text="Ada")).to_be_visible()
    expect(grace.page.locator(".jp-FileEditor .csx-SpeakingCaret")).to_have_count(1)
    of_ada.get_by_role("button", name="Raise Hand").click()
    expect(row.locator(".csx-People-hand")).to_be_visible()
    expect(row).to_have_accessible_name(r_ends("hand raised"))

    watch(grace, ".csx-Call-reaction, .csx-Call-tile [role=status]")
    of_ada.get_by_role("button", name="React", exact=True).click()
    ada.page.keyboard.press("ArrowRight")
    check_accessible(ada, ".csx-Call-picker")
    ada.page.keyboard.press("Enter")
    wait_for_sight(grace, "👏")
    wait_for_sight(grace, "Ada Lovelace reacts with 👏")
    expect(of_ada.get_by_role("menu")).to_have_count(0)
    expect(of_grace.locator(".csx-Call-reaction")).to_have_count(0)
    check_accessible(grace, ".csx-People")
    assert ada.problems == grace.problems == []


def test_a_shared_screen_is_looked_at_pointed_at_and_followed(person: Come) -> None:
    ada, grace = person("ada"), person("grace")
    grace.open_file("orbits.py")
    of_ada, of_grace = join(ada), join(grace)
    moves(tile(of_grace, "Ada Lovelace").locator("video"))
    of_grace.get_by_role("button", name="Share Screen").click()
    screen = of_ada.locator(".csx-Call-screen")
    moves(screen.locator("video"))
    offer = ada.page.locator(".Toastify__toast", has_text="Grace Hopper shares a screen.")
    offer.get_by_role("button", name="Follow Grace Hopper").click()
    expect(ada.page.locator(".csx-FollowFrame")).to_be_visible()
    expect(ada.page.locator(".jp-FileEditor")).to_be_visible()
    screen.get_by_role("button", name="Stop following Grace Hopper").click()
    expect(ada.page.locator(".csx-FollowFrame")).to_have_count(0)
    check_accessible(ada, ".csx-Call")

    # Grace sees where Ada points, on what she shares.
    screen.get_by_role("button", name="Laser pointer").click()
    shared = of_grace.locator(".csx-Call-screen.csx-mod-mine")
    moves(shared.locator("video"))
    view = screen.get_by_role("group", name="Shared by Grace Hopper")
    view.focus()
    watch(grace, ".csx-mod-mine .csx-Call-dot")
    ada.page.keyboard.press("ArrowRight")
    wait_for_sight(grace, "Ada Lovelace", 52, 50)
    expect(shared.locator(".csx-Call-dot")).to_have_count(0)
    point_at(screen.locator(".csx-Call-picture"), 0.25, 0.75)
    wait_for_sight(grace, "Ada Lovelace", 25, 75)

    screen.get_by_role("button", name="Full screen").click()
    expect(screen.get_by_role("button", name="Leave full screen")).to_be_visible()
    for _ in range(3):
        ada.page.keyboard.press("+")
    expect(screen.get_by_text("195 %")).to_be_visible()
    point_at(screen.locator(".csx-Call-picture"), 0.6, 0.4)
    wait_for_sight(grace, "Ada Lovelace", 60, 40)
    ada.page.keyboard.press("0")
    expect(screen.get_by_text("100 %")).to_be_visible()
    ada.page.mouse.move(300, 300)
    ada.page.mouse.wheel(0, -400)
    expect(screen.get_by_text("272 %")).to_be_visible()
    ada.page.keyboard.press("Escape")
    expect(screen.get_by_role("button", name="Full screen")).to_be_visible()

    of_grace.get_by_role("button", name="Share Another Screen").click()
    expect(of_ada.locator(".csx-Call-screen")).to_have_count(2)
    of_grace.get_by_role("button", name="Stop sharing this").first.click()
    expect(of_ada.locator(".csx-Call-screen")).to_have_count(1)
    assert ada.problems == grace.problems == []


def watch(somebody: Person, selector: str) -> None:
    """Write down what shows for a moment: its text and where it is put."""
    somebody.page.evaluate(
        """selector => {
          window.seen = [];
          const look = () => document.querySelectorAll(selector).forEach(each => window.seen.push(
            [each.textContent, parseFloat(each.style.left), parseFloat(each.style.top)]));
          new MutationObserver(look).observe(document.body,
            { subtree: true, childList: true, attributes: true, characterData: true });
        }""",
        selector,
    )


def wait_for_sight(somebody: Person, text: str, *place: float) -> None:
    """Wait until something with a text was seen, within two percent of a place."""
    somebody.page.wait_for_function(
        """([text, place]) => window.seen.some(([shown, ...at]) => shown === text
          && place.every((each, index) => Math.abs(each - at[index]) < 2))""",
        arg=[text, place],
    )


def point_at(picture: Locator, x: float, y: float) -> None:
    box = picture.bounding_box()
    assert box is not None
    mouse = picture.page.mouse
    mouse.move(box["x"] + x * box["width"] - 3, box["y"] + y * box["height"])
    mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])


def r_ends(text: str) -> re.Pattern[str]:
    return re.compile(f"{text}$")
