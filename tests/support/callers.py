"""People in a call: browsers on a page that does no more than the protocol asks for."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from support.servers import REPOSITORY

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from support.media_worker import MediaWorker

    from codesyncx_media.rights import Rights

PAGE = (REPOSITORY / "tests" / "support" / "call_page.html").read_bytes()
DEVICE_ARGS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
]


class PageServer(BaseHTTPRequestHandler):
    """Gives the page of a call to everybody."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


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

    def share(self, colour: str, codec: str = "") -> str:
        """Share a screen of one colour; gives its track id."""
        track_id: str = self.page.evaluate("args => window.call.share(...args)", [colour, codec])
        return track_id

    def share_layers(self, codec: str, mode: str, width: int, height: int) -> str:
        """Show the camera in one stream with layers inside, such as `L3T3`; gives its track id."""
        track_id: str = self.page.evaluate(
            "args => window.call.shareLayers(...args)", [codec, mode, width, height]
        )
        return track_id

    def stop_sharing(self) -> None:
        """End the shared screen."""
        self.page.evaluate("() => window.call.stopSharing()")

    def sees_colour(self, track_id: str, colour: tuple[int, int, int]) -> None:
        """Wait until a track's picture is of a colour, as far as encoding keeps it."""
        self.page.evaluate(
            "([id, colour]) => window.call.waitForColour(id, colour)", [track_id, list(colour)]
        )

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

    def sees_more(self, track_id: str) -> None:
        """Wait until a picture moves, from now on."""
        frames = self.received(track_id).get("frames", 0)
        self.wait_for(track_id, "frames", frames + 20)

    def sees_lines(self, track_id: str, condition: str) -> None:
        """Wait until a picture's `height` is as wanted, such as `height < 720`."""
        self.page.evaluate(
            f"id => window.call.waitFor(id, ({{ height }}) => height > 0 && {condition})", track_id
        )

    def candidate_types(self) -> set[str]:
        """Give by which kinds of addresses media goes: `host`, `srflx`, `prflx` or `relay`."""
        return set(self.page.evaluate("() => window.call.candidateTypes()"))

    def sees_and_hears(self, tracks: dict[str, str]) -> None:
        """Wait until somebody's picture moves and their sound is heard, from now on."""
        energy = self.received(tracks["microphone"]).get("energy", 0)
        self.sees_more(tracks["camera"])
        self.wait_for(tracks["microphone"], "energy", energy)

    def tracks_are(self, track_ids: set[str]) -> None:
        """Wait until the server offers just these tracks."""
        self.page.wait_for_function(
            "ids => Object.values(window.call.tracks).sort().join() === ids.join()",
            arg=sorted(track_ids),
        )

    def restart(self, connection: str) -> None:
        """Lose a connection, and ask for a new one."""
        self.page.evaluate("which => window.call.restart(which)", connection)
