"""Five people in one call of JupyterLab: each with a camera and a microphone of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest
from playwright.sync_api import expect
from support.call_panel import ON_THE_LOOPBACK, join, moves, tile
from support.people import Person
from support.servers import REPOSITORY, LabServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator

SCRIPT = (REPOSITORY / "tests" / "support" / "coloured_devices.js").read_text()


class Look(NamedTuple):
    """What somebody is known by."""

    name: str
    colour: tuple[int, int, int]
    tone: int


LOOKS = {
    "ada": Look("Ada Lovelace", (220, 30, 30), 400),
    "grace": Look("Grace Hopper", (30, 60, 220), 700),
    "edsger": Look("Edsger Dijkstra", (20, 160, 60), 1000),
    "alan": Look("Alan", (220, 200, 30), 1300),
    "barbara": Look("Barbara", (200, 60, 200), 1600),
}


class Caller:
    """Somebody in the call, with what they see and hear of the others."""

    def __init__(self, browser: Browser, lab: LabServer, username: str) -> None:
        self.look = LOOKS[username]
        self.person = Person(browser, lab, username, viewport={"width": 900, "height": 640})
        devices = {"COLOUR": f"rgb{self.look.colour}", "TONE": self.look.tone}
        constants = "".join(f"const {name} = {json.dumps(it)};" for name, it in devices.items())
        self.person.context.add_init_script(f"{constants}\n{SCRIPT}")
        self.person.enter()
        self.panel: Locator = join(self.person)

    def sees(self, other: Caller) -> None:
        """Wait until the other's picture is theirs, and moves."""
        moves(tile(self.panel, other.look.name).locator("video"))
        self.person.page.wait_for_function(
            "([name, colour]) => window.isColoured(name, colour)",
            arg=[other.look.name, list(other.look.colour)],
        )

    def hears(self, *others: Caller) -> None:
        """Wait until just these are heard, each by their own tone."""
        tones = [other.look.tone for other in others]
        self.person.page.wait_for_function("tones => window.hearsJust(tones)", arg=tones)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Start a lab whose calls stay on this machine."""
    with LabServer(tmp_path_factory.mktemp("lab"), args=ON_THE_LOOPBACK) as server:
        yield server


@pytest.fixture
def five(talkative: Browser, lab: LabServer) -> Iterator[dict[str, Caller]]:
    """Have everybody come into the call, one after the other."""
    callers: dict[str, Caller] = {}
    for name in LOOKS:
        callers[name] = Caller(talkative, lab, name)
    yield callers
    for caller in callers.values():
        caller.person.leave()


def test_five_people_see_and_hear_each_other_and_nobody_else(five: dict[str, Caller]) -> None:
    everybody = list(five.values())
    for caller in everybody:
        others = [other for other in everybody if other is not caller]
        for other in others:
            caller.sees(other)
        caller.hears(*others)
        expect(caller.panel.locator(".csx-Call-count")).to_contain_text("5 people")

    ada, grace, edsger, alan, barbara = everybody
    barbara.panel.get_by_role("button", name="Leave Call").click()
    his = tile(ada.panel, "Alan")
    his.hover()
    his.get_by_role("button", name="Mute Alan").click()
    expect(alan.panel.get_by_role("button", name="Switch Microphone On")).to_be_visible()
    ada.hears(grace, edsger)
    grace.hears(ada, edsger)
    alan.hears(ada, grace, edsger)
    edsger.sees(alan)
    expect(tile(grace.panel, "Barbara")).to_have_count(0)

    hers = tile(ada.panel, "Grace Hopper")
    hers.hover()
    hers.get_by_role("button", name="Remove Grace Hopper from the call").click()
    ada.person.page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(grace.panel.get_by_text("A moderator removed you")).to_be_visible()
    expect(tile(edsger.panel, "Grace Hopper")).to_have_count(0)
    grace.hears()
    edsger.hears(ada)
    alan.panel.get_by_role("button", name="Switch Microphone On").click()
    edsger.hears(ada, alan)
    for caller in everybody:
        assert caller.person.problems == []
