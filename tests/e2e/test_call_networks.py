"""Calls over bad networks: what one notices of loss, delay, a narrow line and a wall."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.call_panel import join, moves, tile
from support.callers import DEVICE_ARGS, Caller
from support.media_worker import MediaWorker
from support.networks import SERVER, SUPPORT, TURN, TURN_PORT, TURN_TLS_PORT, Host, Networks
from support.people import CHROMIUM, CHROMIUM_ARGS, Person
from support.servers import REPOSITORY, LabServer

from codesyncx_media.rights import NO_RIGHTS, Right, Rights
from codesyncx_server.calls.ice import IceSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Playwright

    Come = Callable[..., Caller]

PAGE, SIGNALLING = 8000, 8001
TURN_SECRET = "north"


class FarWorker(MediaWorker):
    """A media process on the server, reached through its door."""

    @property
    def url(self) -> str:
        return f"ws://{SERVER}:{SIGNALLING}/call/v1"


class FarLab(LabServer):
    """A lab on the server, in the network there."""

    def __init__(self, folder: Path, host: Host) -> None:
        calls = [f"--CodeSyncXApp.{name}={SERVER}" for name in ("call_host", "call_addresses")]
        super().__init__(folder, args=calls)
        self.port = PAGE
        self.url = f"http://{SERVER}:{PAGE}"
        self._host = host

    def _command(self) -> list[str]:
        command = [part.replace("ip=127.0.0.1", f"ip={SERVER}") for part in super()._command()]
        return [*self._host.enter, *command]

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        asks = f"from urllib.request import urlopen; urlopen('{self.url}/api', timeout=5)"
        command = [*self._host.enter, sys.executable, "-c", asks]
        for _ in range(100):
            assert process.poll() is None, self.text()[-4000:]
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                return
        raise AssertionError(self.text()[-4000:])


@pytest.fixture
def networks() -> Iterator[Networks]:
    with Networks() as built:
        yield built


@pytest.fixture
def browser_at(playwright: Playwright, tmp_path: Path) -> Iterator[Callable[[Host], Browser]]:
    """`browser_at(networks.client)` gives a Chromium at home, behind the router."""
    browsers: dict[Host, Browser] = {}

    def at(host: Host) -> Browser:
        if host not in browsers:
            command = tmp_path / f"chromium-{len(browsers)}"
            command.write_text(f'#!/bin/sh\nexec {" ".join(host.enter)} {CHROMIUM} "$@"\n')
            command.chmod(0o755)
            secure = f"--unsafely-treat-insecure-origin-as-secure=http://{SERVER}:{PAGE}"
            # The TURN server's certificate is its own.
            args = [*CHROMIUM_ARGS, *DEVICE_ARGS, secure, "--ignore-certificate-errors"]
            browsers[host] = playwright.chromium.launch(executable_path=command, args=args)
        return browsers[host]

    yield at
    for browser in browsers.values():
        browser.close()


@pytest.fixture
def call(
    networks: Networks, browser_at: Callable[[Host], Browser], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Come]:
    """`call("ada")` has Ada join from home; `at` says from where else."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "tests"))
    door = ["python", str(SUPPORT / "network_door.py"), SERVER, str(PAGE), str(SIGNALLING)]
    with FarWorker(host=SERVER, inside=networks.server.enter) as worker:
        inner = str(worker.ports["signalling_port"])
        with networks.server.running(*door, inner):

            def come(
                name: str, rights: Rights = frozenset({Right.SPEAK}), at: Host | None = None
            ) -> Caller:
                page = browser_at(at or networks.client).new_context().new_page()
                page.goto(f"http://{SERVER}:{PAGE}/")
                page.wait_for_function("() => window.Call")
                return Caller(page, worker, name, rights)

            yield come


def line_is(viewer: Caller, other: Caller, *qualities: str) -> None:
    """Wait until somebody was told at last that the other's connection is like this."""
    viewer.page.wait_for_function(
        """([member, qualities]) => qualities.includes(window.call.events.findLast(
          event => event.type === 'quality_changed' && event.member_id === member)?.quality)""",
        arg=[other.id, qualities],
    )


def test_a_call_goes_on_over_a_bad_line(networks: Networks, call: Come) -> None:
    ada, ben = call("ada"), call("ben", NO_RIGHTS)
    of_ada = ada.publish()
    ben.sees_and_hears(of_ada)
    camera = of_ada["camera"]
    ben.sees_lines(camera, "height >= 720")

    networks.cable(delay_s=0.15)
    for loss in (0.02, 0.05, 0.1):
        networks.cable(loss=loss)
        ben.sees_and_hears(of_ada)
        ben.sees_more(camera)
    # Who sees Ada is told why she freezes, and when she doesn't any more.
    line_is(ben, ada, "weak", "bad")
    networks.cable(loss=0, delay_s=0.02)
    line_is(ben, ada, "good")

    # Who has little gets little, and the picture moves; later all of it again.
    networks.cable(down=500_000)
    ben.sees_lines(camera, "height < 720")
    ben.sees_and_hears(of_ada)
    networks.cable(down=None)
    ben.sees_lines(camera, "height >= 720")


@pytest.mark.parametrize(
    "urls",
    [
        [f"turn:{TURN}:{TURN_PORT}?transport={transport}" for transport in ("udp", "tcp")],
        [f"turns:{TURN}:{TURN_TLS_PORT}?transport=tcp"],
    ],
    ids=["turn", "turns"],
)
def test_a_turn_server_is_a_way_where_no_udp_gets_through(
    networks: Networks, call: Come, tmp_path: Path, urls: list[str]
) -> None:
    networks.block_udp()
    settings = IceSettings(turn_urls=urls, turn_secret=TURN_SECRET)
    with networks.coturn(tmp_path, TURN_SECRET):
        ada, ben = call("ada"), call("ben", NO_RIGHTS)
        for somebody in (ada, ben):
            servers = settings.servers_for(somebody.id, time.time())
            somebody.page.evaluate("servers => { window.call.iceServers = servers; }", servers)
        of_ada = ada.publish()
        ben.sees_and_hears(of_ada)
        networks.cable(loss=0.05, delay_s=0.05)
        ben.sees_and_hears(of_ada)
        assert ada.candidate_types() == {"relay"}
        assert ben.candidate_types() == {"relay"}


@pytest.mark.parametrize(
    ("codec", "mode", "size"),
    [("VP9", "L3T3_KEY", (1280, 720)), ("AV1", "L3T3_KEY", (640, 360))],
)
def test_layers_inside_a_stream_are_left_out_for_who_has_little(
    networks: Networks, call: Come, codec: str, mode: str, size: tuple[int, int]
) -> None:
    near = networks.server
    ada = call("ada", at=near)
    ben, cem = call("ben", NO_RIGHTS, near), call("cem", NO_RIGHTS)
    camera = ada.share_layers(f"video/{codec}", mode, *size)
    whole = f"height == {size[1]}"
    for viewer in (ben, cem):
        viewer.sees_lines(camera, whole)
        assert viewer.received(camera)["codec"] == f"video/{codec}"
    networks.cable(down=150_000)
    cem.sees_lines(camera, f"height < {size[1]}")
    cem.sees_more(camera)
    ben.sees_lines(camera, whole)
    ben.sees_more(camera)
    networks.cable(down=None)
    cem.sees_lines(camera, whole)
    cem.sees_more(camera)


def test_a_call_goes_on_in_another_network(
    networks: Networks, browser_at: Callable[[Host], Browser], tmp_path: Path
) -> None:
    with FarLab(tmp_path / "lab", networks.server) as lab:
        ada = Person(browser_at(networks.server), lab, "ada").enter()
        grace = Person(browser_at(networks.client), lab, "grace").enter()
        of_ada, of_grace = join(ada), join(grace)
        hers, his = tile(of_ada, "Grace Hopper"), tile(of_grace, "Ada Lovelace")
        for picture in (hers, his):
            moves(picture.locator("video"))
        networks.move_home("10.1.0.77")
        for picture in (his, hers):
            moves_on(picture)
        for somebody in (grace, ada):
            expect(somebody.page.get_by_text("The connection is lost")).to_have_count(0)
            somebody.leave()


def test_a_call_finds_its_way_by_itself_from_network_to_network(
    networks: Networks, browser_at: Callable[[Host], Browser], tmp_path: Path
) -> None:
    with FarLab(tmp_path / "lab", networks.server) as lab:
        networks.block_udp()
        ada = Person(browser_at(networks.server), lab, "ada").enter()
        grace = Person(browser_at(networks.client), lab, "grace").enter()
        of_ada, of_grace = join(ada), join(grace)
        detour = of_grace.get_by_text("only web traffic")
        expect(detour).to_be_visible(timeout=60_000)
        hers, his = tile(of_ada, "Grace Hopper"), tile(of_grace, "Ada Lovelace")
        for picture in (hers, his):
            moves(picture.locator("video"))

        # At home UDP gets through, in the next place it doesn't.
        networks.allow_udp()
        networks.move_home("10.1.0.77")
        expect(detour).to_have_count(0, timeout=60_000)
        for picture in (his, hers):
            moves_on(picture)
        networks.block_udp()
        networks.move_home("10.1.0.78")
        expect(detour).to_be_visible(timeout=60_000)
        for picture in (his, hers):
            moves_on(picture)
        for somebody in (grace, ada):
            expect(somebody.page.get_by_text("The connection is lost")).to_have_count(0)
            somebody.leave()


def moves_on(picture: Locator) -> None:
    """Wait until a tile's picture gets on by more than what had been under way."""
    picture.page.wait_for_function(
        """tile => {
          const video = tile.querySelector('video');
          const frames = video?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
          if (tile.video !== video) Object.assign(tile, { video, first: frames });
          return frames > tile.first + 60;
        }""",
        arg=picture.element_handle(),
    )
