"""Calls between real browsers, over a page that does no more than the protocol asks for."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Error, Page, Playwright
from support.media_worker import MediaWorker
from support.people import CHROMIUM, CHROMIUM_ARGS
from support.servers import REPOSITORY

from codesyncx_media.rights import NO_RIGHTS, Right, Rights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = (REPOSITORY / "tests" / "support" / "call_page.html").read_bytes()
DEVICES = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
]
SPEAKER: Rights = frozenset({Right.SPEAK})
TEACHER: Rights = frozenset(Right)


class PageServer(BaseHTTPRequestHandler):
    """Gives the page of a call to everybody."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Give a Chromium with a camera that counts and a microphone that beeps."""
    args = [*CHROMIUM_ARGS, *DEVICES]
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
    yield chromium
    chromium.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Give the address of the page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), PageServer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


class Caller:
    """Somebody in the call."""

    def __init__(self, page: Page, worker: MediaWorker, name: str, rights: Rights) -> None:
        self.page = page
        page.evaluate("url => { window.call = new Call(url); }", worker.url)
        page.evaluate("message => window.call.join(message)", worker.join(name, rights))
        self.id = self.event("welcome")["member_id"]

    def event(self, kind: str) -> dict[str, Any]:
        """Wait for an event of a kind and give the first one."""
        found = self.page.wait_for_function(
            "kind => window.call.events.find(event => event.type === kind)", arg=kind
        )
        event: dict[str, Any] = found.json_value()
        return event

    def ask(self, **message: Any) -> dict[str, Any]:
        """Ask the call for something; an Error when it refuses."""
        reply: dict[str, Any] = self.page.evaluate("message => window.call.ask(message)", message)
        return reply

    def publish(self) -> dict[str, str]:
        """Switch camera and microphone on; gives their track ids."""
        tracks: dict[str, str] = self.page.evaluate("() => window.call.publish()")
        return tracks

    def received(self, track_id: str) -> dict[str, Any]:
        """Give what came of a track so far."""
        got: dict[str, Any] = self.page.evaluate(
            "async id => (await window.call.received())[id] ?? {}", track_id
        )
        return got

    def wait_for(self, track_id: str, what: str, more_than: float) -> None:
        """Wait until more of a track came than so much: `frames`, `energy` or `packets`."""
        self.page.evaluate(
            "([id, what, least]) => window.call.waitFor(id, got => got[what] > least)",
            [track_id, what, more_than],
        )

    def sees_and_hears(self, tracks: dict[str, str]) -> None:
        """Wait until somebody's picture moves and their sound is heard, from now on."""
        frames = self.received(tracks["camera"]).get("frames", 0)
        energy = self.received(tracks["microphone"]).get("energy", 0)
        self.wait_for(tracks["camera"], "frames", frames + 20)
        self.wait_for(tracks["microphone"], "energy", energy)


@pytest.fixture
def call(browser: Browser, address: str) -> Iterator[Callable[..., Caller]]:
    """`call("ada")` has Ada join in a browser context of her own."""
    contexts = []
    with MediaWorker() as worker:

        def come(name: str, rights: Rights = SPEAKER) -> Caller:
            context = browser.new_context()
            contexts.append(context)
            page = context.new_page()
            page.goto(address)
            page.wait_for_function("() => window.Call")
            return Caller(page, worker, name, rights)

        yield come
        for context in contexts:
            context.close()


def test_people_see_and_hear_each_other(call: Callable[..., Caller]) -> None:
    ada, ben = call("ada"), call("ben")
    of_ada, of_ben = ada.publish(), ben.publish()
    ben.sees_and_hears(of_ada)
    ada.sees_and_hears(of_ben)
    cem = call("cem", NO_RIGHTS)
    cem.sees_and_hears(of_ada)
    cem.sees_and_hears(of_ben)
    with pytest.raises(Error, match="refused"):
        cem.publish()
    assert set(ada.page.evaluate("() => window.call.tracks")) == {"0", "1"}


def test_who_is_muted_or_removed_is_heard_no_more(call: Callable[..., Caller]) -> None:
    zoe, ada, ben = call("zoe", TEACHER), call("ada"), call("ben")
    of_ada = ada.publish()
    ben.sees_and_hears(of_ada)
    zoe.ask(type="mute", member_id=ada.id, track_id=of_ada["microphone"])
    ben.event("track_muted")
    before = ben.received(of_ada["microphone"])["packets"]
    frames = ben.received(of_ada["camera"])["frames"]
    ben.wait_for(of_ada["camera"], "frames", frames + 20)
    # What was on its way when the notice came may still have arrived.
    assert ben.received(of_ada["microphone"])["packets"] - before < 10
    ada.ask(type="set_muted", track_id=of_ada["microphone"], is_muted=False)
    ben.sees_and_hears(of_ada)
    zoe.ask(type="remove", member_id=ada.id)
    ada.page.wait_for_function("() => window.call.closed")
    assert ada.page.evaluate("() => window.call.closed.code") == 4403
    ben.event("person_left")
    ben.page.wait_for_function(
        "id => !Object.values(window.call.tracks).includes(id)", arg=of_ada["camera"]
    )
