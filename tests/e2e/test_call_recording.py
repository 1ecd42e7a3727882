"""A recorded call, as those who are in it and those who watch it later see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.call_panel import ON_THE_LOOPBACK, join, moves, tile
from support.films import FilmSeen
from support.servers import LabServer

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
WATCH_FROM_THE_BEGINNING = """async address => {
  // What a player of HLS does: this Chromium has none built in.
  const playlist = await (await fetch(address)).text();
  const parts = [...playlist.matchAll(/BYTERANGE[:=]"?([0-9]+)@([0-9]+)/g)];
  const video = document.createElement('video');
  video.id = 'watched';
  video.muted = true;
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  document.body.append(video);
  await new Promise(opened => source.addEventListener('sourceopen', opened, { once: true }));
  const buffer = source.addSourceBuffer('video/mp4; codecs="avc1.64001f, mp4a.40.2"');
  for (const [, size, start] of parts) {
    const headers = { Range: `bytes=${start}-${Number(start) + Number(size) - 1}` };
    const answer = await fetch(new URL('film.mp4', address), { headers });
    buffer.appendBuffer(await answer.arrayBuffer());
    await new Promise(taken => buffer.addEventListener('updateend', taken, { once: true }));
  }
  await video.play();
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
    ada.page.wait_for_function(
        """async address => {
          const answer = await fetch(address);
          return answer.ok && (await answer.text()).split('#EXTINF').length > 3;
        }""",
        arg=f"{lab.url}/codesyncx/api/calls/recording/playlist.m3u8",
    )
    ada.screenshot(pictures / "call-recording.png")
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        ada.theme(theme)
        for part in (".csx-Call", ".csx-CallBar"):
            results = Axe().run(ada.page, context=part)
            assert results.violations_count == 0, results.generate_report()
    # It can be watched from its beginning while it runs.
    mary.page.evaluate(
        WATCH_FROM_THE_BEGINNING, f"{lab.url}/codesyncx/api/calls/recording/playlist.m3u8"
    )
    moves(mary.page.locator("#watched"))

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
    assert seen.sound_s == pytest.approx(seen.duration_s, abs=0.2)
    # The browsers' microphones beep once a second.
    assert sum(tone > 0 for tone in seen.tones(1.0, seen.duration_s)) >= 2
