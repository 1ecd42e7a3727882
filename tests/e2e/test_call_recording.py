"""A recorded call, as those who are in it and those who watch it later see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.call_panel import ON_THE_LOOPBACK, join, moves, tile
from support.films import FilmSeen
from support.servers import REPOSITORY, LabServer
from support.sharing import ask

from codesyncx_server.access.model import NO_ACCESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser
    from support.people import Person

    Come = Callable[..., Person]

IS_NOT_BLACK = """element => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 32;
  const pencil = canvas.getContext('2d');
  pencil.drawImage(element, 0, 0, 32, 32);
  return pencil.getImageData(0, 0, 32, 32).data.some((value, at) => at % 4 < 3 && value > 90);
}"""
COLOURS = (REPOSITORY / "tests" / "support" / "coloured_devices.js").read_text()
RED = (220, 30, 30)
IS_COLOURED = """([element, colour]) => {
  const pencil = new OffscreenCanvas(1, 1).getContext('2d');
  const { videoWidth: width, videoHeight: height } = element;
  pencil.drawImage(element, width / 2, height / 3, 1, 1, 0, 0, 1, 1);
  const seen = pencil.getImageData(0, 0, 1, 1).data;
  return colour.every((part, at) => Math.abs(part - seen[at]) < 40);
}"""


@pytest.fixture(scope="module")
def browser(with_devices: Browser) -> Browser:
    return with_devices


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    args = [*ON_THE_LOOPBACK, "--CodeSyncXApp.min_free_disk_mb=1"]
    with LabServer(tmp_path_factory.mktemp("lab"), args=args) as server:
        yield server


def test_a_call_is_recorded_and_everybody_knows(
    person: Come, lab: LabServer, pictures: Path
) -> None:
    ada, grace = person("ada"), person("grace")
    of_ada, of_grace = join(ada), join(grace)
    moves(tile(of_ada, "Grace Hopper").locator("video"))
    of_ada.get_by_role("button", name="More").click()
    ada.page.get_by_role("menuitem", name="Record Call").click()
    for somebody, panel in ((ada, of_ada), (grace, of_grace)):
        expect(panel.locator(".csx-Call-recording")).to_contain_text("being recorded")
        expect(somebody.page.locator(".csx-CallBar .csx-Call-recording")).to_be_visible()
        expect(somebody.page.get_by_text("who is in it may be seen and heard")).to_be_visible()

    # Who comes later is told before they join.
    mary = person("mary")
    mary.page.get_by_role("button", name="Join call").click()
    expect(mary.page.get_by_text("who joins may be seen and heard")).to_be_visible()

    of_grace.get_by_role("button", name="Share Screen").click()
    moves(of_ada.get_by_label("The screen of Grace Hopper"))
    ada.screenshot(pictures / "call-recording.png")
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        ada.theme(theme)
        for part in (".csx-Call", ".csx-CallBar"):
            results = Axe().run(ada.page, context=part)
            assert results.violations_count == 0, results.generate_report()
    of_ada.get_by_role("button", name="More").click()
    ada.page.get_by_role("menuitem", name="Stop Recording").click()
    expect(of_grace.locator(".csx-Call-recording")).to_have_count(0)
    expect(grace.page.get_by_text("It is in Recordings/")).to_be_visible()

    # The link opens it, and JupyterLab plays it.
    ada.page.get_by_role("button", name="Open", exact=True).click()
    film = ada.page.locator(".jp-MainAreaWidget video")
    expect(film).to_be_visible()
    film.evaluate("element => { element.muted = true; return element.play(); }")
    moves(film)
    ada.page.wait_for_function(IS_NOT_BLACK, arg=film.element_handle())
    ada.page.wait_for_function(
        "element => element.duration > 4 && element.seekable.length > 0",
        arg=film.element_handle(),
    )
    assert ada.problems == grace.problems == mary.problems == []

    (path,) = (lab.root / "Recordings").glob("*.mp4")
    seen = FilmSeen(path)
    assert seen.sound_s == pytest.approx(seen.duration_s, abs=0.1)
    # The browsers' microphones beep once a second.
    assert sum(tone > 0 for tone in seen.tones(1.0, seen.duration_s)) >= 2


def test_a_recording_is_watched_while_it_is_made_by_who_may_read_it(
    person: Come, lab: LabServer, pictures: Path
) -> None:
    ada, grace = person("ada"), person("grace")
    ada.context.add_init_script(f"const COLOUR = 'rgb{RED}', TONE = 440;\n{COLOURS}")
    ada.reload()
    of_ada = join(ada)
    ada.command("codesyncx:call-toggle-recording")
    expect(of_ada.locator(".csx-Call-recording")).to_be_visible()

    # Grace isn't in the call.
    grace.page.get_by_role("button", name="Join call").click()
    grace.page.get_by_role("button", name="Watch from the beginning").click()
    film = grace.page.get_by_label("The recording of the call")
    moves(film)
    grace.page.wait_for_function(IS_COLOURED, arg=[film.element_handle(), RED])
    expect(grace.page.get_by_text("The recording goes on")).to_be_visible()
    grace.screenshot(pictures / "call-recording-live.png")
    results = Axe().run(grace.page, context=".csx-Recording")
    assert results.violations_count == 0, results.generate_report()
    # It goes on as the call does.
    grace.page.wait_for_function("element => element.currentTime > 5", arg=film.element_handle())
    grace.page.get_by_role("button", name="Jump to now").click()

    # Ada sees it from her panel, and Grace no more when she may not read the folder.
    of_ada.get_by_role("button", name="Watch", exact=True).click()
    moves(ada.page.get_by_label("The recording of the call"))
    hidden = {"subject": {"kind": "user", "name": "grace"}, "path": "Recordings", "role": NO_ACCESS}
    ask(lab, "POST", "codesyncx/api/access/grants", hidden)
    expect(grace.page.get_by_text("You may not watch the recordings")).to_be_visible()
    assert film.evaluate("element => element.readyState") == 0

    ada.command("codesyncx:call-toggle-recording")
    expect(ada.page.get_by_text("All of it is in the folder Recordings")).to_be_visible()
    # That there is no more to load, or not for her, the browser writes down.
    assert all("playlist.m3u8" in problem for problem in ada.problems + grace.problems)
