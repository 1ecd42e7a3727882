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

    of_ada.get_by_role("button", name="React", exact=True).click()
    ada.page.keyboard.press("ArrowRight")
    check_accessible(ada, ".csx-Call-picker")
    ada.page.keyboard.press("Enter")
    hers = tile(of_grace, "Ada Lovelace")
    expect(hers.locator(".csx-Call-reaction")).to_have_text("👏")
    expect(hers.get_by_role("status")).to_have_text("Ada Lovelace reacts with 👏")
    expect(of_ada.get_by_role("menu")).to_have_count(0)
    expect(hers.locator(".csx-Call-reaction")).to_have_count(0)
    check_accessible(grace, ".csx-People")
    assert ada.problems == grace.problems == []


def r_ends(text: str) -> re.Pattern[str]:
    return re.compile(f"{text}$")
