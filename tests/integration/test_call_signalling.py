from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from support.media_worker import MediaWorker
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from codesyncx_media.rights import NO_RIGHTS, Right

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.asyncio.client import ClientConnection

OFFER = (
    (Path(__file__).parents[1] / "unit" / "media" / "sdp" / "offers" / "chromium-call.sdp")
    .read_bytes()
    .decode()
)
TEACHER = frozenset(Right)
KINDS = {"0": "microphone", "1": "camera"}


@pytest.fixture(scope="module")
def process() -> Iterator[MediaWorker]:
    with MediaWorker() as running:
        yield running


@pytest.fixture
def worker(process: MediaWorker, request: pytest.FixtureRequest) -> MediaWorker:
    """Give the process with a room of the test's own."""
    process.room = request.node.name[:100]
    return process


class Browser:
    """A browser as far as signalling goes."""

    def __init__(self, worker: MediaWorker) -> None:
        self._worker = worker
        self._asked = 0
        self.socket: ClientConnection
        self.id = ""

    async def __aenter__(self) -> Self:
        self.socket = await connect(self._worker.url, max_size=None, max_queue=None)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.socket.close()

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def next(self) -> dict[str, Any]:
        """Give the next message."""
        async with asyncio.timeout(20):
            message: dict[str, Any] = json.loads(await self.socket.recv())
            return message

    async def hear(self, kind: str) -> dict[str, Any]:
        """Give the next message of a type; what comes before it is passed over."""
        while (message := await self.next())["type"] != kind:
            pass
        return message

    async def ask(self, **message: Any) -> dict[str, Any]:
        """Send a message and give what it is answered with."""
        self._asked += 1
        await self.send(id=self._asked, **message)
        async with asyncio.timeout(20):
            while True:
                reply: dict[str, Any] = json.loads(await self.socket.recv())
                if reply.get("id") == self._asked:
                    return reply

    async def closed(self) -> tuple[int, str]:
        """Wait until the server has closed the socket; gives its code and that of its reason."""
        async with asyncio.timeout(20):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await self.socket.recv()
        reason = self.socket.close_reason or ""
        return self.socket.close_code or 0, json.loads(reason)["code"]

    async def join(self, name: str, rights: frozenset[Right] = frozenset({Right.SPEAK})) -> str:
        await self.send(**self._worker.join(name, rights))
        self.id = (await self.hear("welcome"))["member_id"]
        return self.id


@pytest.mark.asyncio
async def test_two_people_join_and_one_publishes(worker: MediaWorker) -> None:
    async with Browser(worker) as ada, Browser(worker) as ben:
        await ada.join("ada")
        assert (await ada.hear("room"))["people"] == []
        await ben.join("ben", NO_RIGHTS)
        assert (await ada.hear("person_joined"))["person"]["display_name"] == "Ben"
        published = await ada.ask(type="publish", sdp=OFFER, tracks=KINDS)
        assert published["type"] == "published"
        assert "a=simulcast:recv q;h;f" in published["sdp"]
        assert f" 127.0.0.1 {worker.ports['udp_port']} typ host" in published["sdp"]
        told = await ben.hear("track_published")
        assert (told["member_id"], told["track"]["kind"]) == (ada.id, "microphone")
        offered = await ben.hear("subscribe")
        assert set(offered["tracks"].values()) == set(published["tracks"].values())
        assert "a=sendonly" in offered["sdp"]
        assert (await ben.ask(type="publish", sdp=OFFER, tracks=KINDS))["code"] == "refused"


@pytest.mark.asyncio
async def test_a_right_that_is_taken_away_and_a_removal_take_effect_at_once(
    worker: MediaWorker,
) -> None:
    async with Browser(worker) as ada, Browser(worker) as ben:
        await ada.join("ada")
        await ben.join("ben")
        await ada.ask(type="publish", sdp=OFFER, tracks=KINDS)
        worker.order(type="set_rights", project="orbits", person_id="ada", rights=[])
        assert (await ben.hear("track_ended"))["member_id"] == ada.id
        assert (await ada.ask(type="publish", sdp=OFFER, tracks=KINDS))["code"] == "refused"
        worker.order(type="nonsense")
        worker.order(type="expel", project="other", person_id="ada")
        worker.order(type="expel", project="orbits", person_id="ada")
        assert await ada.closed() == (4403, "removed")
        assert (await ben.hear("person_left"))["member_id"] == ada.id


@pytest.mark.asyncio
async def test_who_comes_back_goes_on_as_if_nothing_had_happened(worker: MediaWorker) -> None:
    async with Browser(worker) as ben, Browser(worker) as ada, Browser(worker) as again:
        await ben.join("ben")
        await ada.send(**worker.join("ada"))
        welcome = await ada.hear("welcome")
        joined = (await ben.hear("person_joined"))["person"]
        await ben.ask(type="publish", sdp=OFFER, tracks=KINDS)
        offered = await ada.hear("subscribe")
        published = await ada.ask(type="publish", sdp=OFFER, tracks=KINDS)
        ada.socket.transport.abort()

        await again.send(**worker.join("ada"), session=welcome["session"])
        back = await again.hear("welcome")
        assert back["is_resumed"]
        assert back["member_id"] == welcome["member_id"]
        assert back["publishing"] == published["connection"]
        room = await again.hear("room")
        tracks = {track["id"] for track in room["you"]["tracks"]}
        assert tracks == set(published["tracks"].values())
        # What wasn't answered is offered again as it was.
        assert await again.hear("subscribe") == offered
        assert (await again.ask(type="raise_hand", is_raised=True))["type"] == "done"
        heard = [await ben.next()]
        while heard[-1]["type"] != "person_changed":
            heard.append(await ben.next())
        assert heard[-1]["person"]["member_id"] == joined["member_id"]
        assert {each["type"] for each in heard[:-1]} == {"track_published", "subscribe"}


@pytest.mark.asyncio
@pytest.mark.parametrize("goodbye", ["leave", "1000", "1001"])
async def test_who_says_goodbye_is_gone_at_once(worker: MediaWorker, goodbye: str) -> None:
    async with Browser(worker) as ben, Browser(worker) as ada, Browser(worker) as again:
        await ben.join("ben")
        await ada.send(**worker.join("ada"))
        welcome = await ada.hear("welcome")
        if goodbye == "leave":
            await ada.send(type="leave")
            await ada.socket.wait_closed()
        else:
            await ada.socket.close(int(goodbye))
        assert (await ben.hear("person_left"))["member_id"] == welcome["member_id"]
        await again.send(**worker.join("ada"), session=welcome["session"])
        assert not (await again.hear("welcome"))["is_resumed"]


@pytest.mark.asyncio
async def test_a_session_is_no_good_to_others_and_closes_the_socket_that_it_leaves(
    worker: MediaWorker,
) -> None:
    async with Browser(worker) as ada, Browser(worker) as thief, Browser(worker) as again:
        await ada.send(**worker.join("ada"))
        session = (await ada.hear("welcome"))["session"]
        await thief.send(**worker.join("mallory"), session=session)
        assert not (await thief.hear("welcome"))["is_resumed"]
        await again.send(**worker.join("ada"), session=session)
        assert (await again.hear("welcome"))["is_resumed"]
        assert await ada.closed() == (4403, "taken_over")
        assert (await again.ask(type="raise_hand", is_raised=True))["type"] == "done"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "raise_hand", "is_raised": True}, (4400, "invalid_request")),
        ({"type": "join"}, (4400, "invalid_request")),
        (
            {"type": "join", "version": 1, "project": "", "room": "x", "token": "a.b.c"},
            (4403, "invalid_token"),
        ),
        ("no json", (4400, "invalid_request")),
        (b"\x00\x01", (4400, "invalid_request")),
        ("[" * 100_000, (4400, "invalid_request")),
        ([], (4400, "invalid_request")),
        ({"type": ["join"]}, (4400, "invalid_request")),
        (
            {"type": "join", "version": 2, "project": "", "room": "x", "token": "a"},
            (4400, "invalid_request"),
        ),
    ],
    ids=str,
)
async def test_who_does_not_join_properly_is_closed_with_a_reason(
    worker: MediaWorker, message: Any, code: tuple[int, str]
) -> None:
    async with Browser(worker) as stranger:
        text = message if isinstance(message, str | bytes) else json.dumps(message)
        await stranger.socket.send(text)
        assert await stranger.closed() == code


@pytest.mark.asyncio
async def test_a_token_that_leaked_opens_no_second_door(worker: MediaWorker) -> None:
    join = worker.join("ada")
    async with Browser(worker) as ada, Browser(worker) as thief, Browser(worker) as lost:
        await ada.send(**join)
        await ada.hear("room")
        await thief.send(**join)
        assert await thief.closed() == (4403, "invalid_token")
        await lost.send(**{**worker.join("ada"), "room": "office"})
        assert await lost.closed() == (4403, "invalid_token")


@pytest.mark.asyncio
async def test_bad_messages_inside_a_call_hurt_only_their_sender(worker: MediaWorker) -> None:
    async with Browser(worker) as ada, Browser(worker) as ben:
        await ada.join("ada")
        await ben.join("ben")
        bad = await ada.ask(type="publish", sdp="v=0\r\n" + "m=audio 9 X 0\r\n" * 500, tracks={})
        assert bad["code"] == "not_negotiable"
        untold = await ada.ask(type="publish", sdp=OFFER, tracks={"0": "microphone"})
        assert untold["code"] == "invalid_request"
        swapped = await ada.ask(type="publish", sdp=OFFER, tracks={"0": "camera", "1": "camera"})
        assert swapped["code"] == "invalid_request"
        assert (await ada.ask(type="subscribed", connection=1, sdp="v=0"))["type"] == "done"
        assert (await ada.ask(type="mute_all"))["code"] == "refused"
        assert (await ada.ask(type="publish", sdp=OFFER, tracks=KINDS))["type"] == "published"
        for _ in range(200):
            await ada.send(type="raise_hand", is_raised=True)
        assert await ada.closed() == (4429, "too_many")
        assert (await ben.ask(type="raise_hand", is_raised=True))["type"] == "done"


@pytest.mark.asyncio
async def test_pointing_has_an_allowance_of_its_own(worker: MediaWorker) -> None:
    async with Browser(worker) as ada, Browser(worker) as ben:
        await ada.join("ada", TEACHER)
        await ben.join("ben")
        sdp = OFFER.split("m=")
        offer = sdp[0].replace("BUNDLE 0 1", "BUNDLE 1") + "m=" + sdp[2]
        published = await ada.ask(type="publish", sdp=offer, tracks={"1": "screen"})
        track = published["tracks"]["1"]
        for _ in range(70):
            await ben.send(type="point", track_id=track, x=0.5, y=1)
        pointed = await ada.hear("pointed")
        assert pointed == {
            "type": "pointed",
            "member_id": ben.id,
            "track_id": track,
            "x": 0.5,
            "y": 1,
        }
        too_many = await ben.ask(type="point", track_id=track, x=0.5, y=1)
        assert too_many["code"] == "too_many"
        # Those that were refused cost nothing of what may be asked otherwise.
        assert (await ben.ask(type="raise_hand", is_raised=True))["type"] == "done"


@pytest.mark.asyncio
async def test_a_restarted_connection_is_offered_and_answered_anew(worker: MediaWorker) -> None:
    async with Browser(worker) as ada, Browser(worker) as ben:
        await ada.join("ada")
        await ben.join("ben")
        first = await ada.ask(type="publish", sdp=OFFER, tracks=KINDS)
        offered = await ben.hear("subscribe")
        await ben.send(type="restart", connection=offered["connection"])
        again = await ben.hear("subscribe")
        assert again["connection"] != offered["connection"]
        # The same once more, and an answer that was late, are no matter.
        await ben.ask(type="restart", connection=offered["connection"])
        late = await ben.ask(type="subscribed", connection=offered["connection"], sdp="v=0")
        assert late["type"] == "done"
        wrong = await ben.ask(type="subscribed", connection=again["connection"], sdp="v=0")
        assert wrong["code"] == "not_negotiable"
        ufrags = [
            next(line for line in text.splitlines() if line.startswith("a=ice-ufrag"))
            for text in (offered["sdp"], again["sdp"])
        ]
        assert ufrags[0] != ufrags[1]
        await ada.send(type="restart", connection=first["connection"])
        second = await ada.ask(type="publish", sdp=OFFER, tracks=KINDS)
        assert not set(first["tracks"].values()) & set(second["tracks"].values())


@pytest.mark.asyncio
async def test_many_people_join_at_once(worker: MediaWorker) -> None:
    browsers = [Browser(worker) for _ in range(60)]
    async with Browser(worker) as ada:
        await ada.join("ada")

        async def come(number: int) -> None:
            await browsers[number].__aenter__()
            await browsers[number].join(f"student-{number}", NO_RIGHTS)

        await asyncio.gather(*(come(number) for number in range(60)))
        for _ in range(60):
            await ada.hear("person_joined")
        assert (await ada.ask(type="raise_hand", is_raised=True))["type"] == "done"
        for browser in browsers:
            await browser.socket.close()


def test_the_process_ends_when_its_server_is_gone() -> None:
    with MediaWorker() as worker:
        assert worker.process is not None
        assert worker.process.stdin is not None
        worker.process.stdin.close()
        assert worker.process.wait(20) == 0
