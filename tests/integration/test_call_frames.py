"""Media over WebSockets through a real media process, and what may not harm it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from support.frame_caller import FrameCaller, closing_of
from support.media_worker import MediaWorker
from support.sights_and_sounds import BLUE, RED
from websockets.exceptions import ConnectionClosed

from codesyncx_media.frames.wire import Chunk, Codec
from codesyncx_media.rights import NO_RIGHTS, Right

if TYPE_CHECKING:
    from collections.abc import Iterator

TEACHER = frozenset(Right)


@pytest.fixture(scope="module")
def process() -> Iterator[MediaWorker]:
    with MediaWorker() as running:
        yield running


@pytest.fixture
def worker(process: MediaWorker, request: pytest.FixtureRequest) -> MediaWorker:
    """Give the process with a room of the test's own."""
    process.room = request.node.name[:100]
    return process


@pytest.mark.asyncio
async def test_two_people_see_and_hear_each_other(worker: MediaWorker) -> None:
    async with FrameCaller(worker, "ada") as ada, FrameCaller(worker, "ben") as ben:
        of_ada = await ada.publish(s1="microphone", s2="camera")
        of_ben = await ben.publish(s7="microphone", s8="camera")
        ada.film(2, RED, layers=2)
        ada.play(1, 440)
        ben.film(8, BLUE)
        ben.play(7, 1000)
        await ben.sees(of_ada[2], RED)
        await ben.hears(of_ada[1], 440)
        await ada.sees(of_ben[8], BLUE)
        await ada.hears(of_ben[7], 1000)


@pytest.mark.asyncio
async def test_who_may_not_speak_publishes_nothing_and_sees_the_others(worker: MediaWorker) -> None:
    async with FrameCaller(worker, "ada") as ada, FrameCaller(worker, "cem", NO_RIGHTS) as cem:
        assert (await cem.ask(type="publish_frames", tracks={"1": "camera"}))["code"] == "refused"
        of_ada = await ada.publish(s2="screen")
        ada.film(2, RED)
        await cem.sees(of_ada[2], RED)
        assert cem.streams == {1: of_ada[2]}
        await ada.publish()
        await cem.wait_for(lambda: cem.streams == {})


@pytest.mark.asyncio
async def test_a_right_that_is_taken_ends_what_it_allowed_at_once(worker: MediaWorker) -> None:
    async with FrameCaller(worker, "ada") as ada, FrameCaller(worker, "ben") as ben:
        of_ada = await ada.publish(s1="microphone", s2="camera")
        ada.film(2, RED)
        await ben.sees(of_ada[2], RED)
        worker.order(type="set_rights", project="orbits", person_id="ada", rights=[])
        await ben.wait_for(lambda: ben.streams == {})
        count = len(ben.chunks)
        # She goes on sending for a while, which nobody sees and which isn't held against her.
        assert (await ada.ask(type="raise_hand", is_raised=True))["type"] == "done"
        await ben.event("person_changed")
        assert len(ben.chunks) == count
        worker.order(type="expel", project="orbits", person_id="ada")
        assert await ada.media_closed() == (4403, "removed")


@pytest.mark.asyncio
async def test_a_muted_track_is_not_forwarded(worker: MediaWorker) -> None:
    async with FrameCaller(worker, "zoe", TEACHER) as zoe, FrameCaller(worker, "ada") as ada:
        of_ada = await ada.publish(s1="microphone", s2="camera")
        ada.play(1, 440)
        ada.film(2, RED)
        await zoe.hears(of_ada[1], 440)
        await zoe.ask(type="mute", member_id=ada.id, track_id=of_ada[1])
        sounds = sum(track_id == of_ada[1] for track_id, _ in zoe.chunks)
        await zoe.sees(of_ada[2], RED)
        assert sum(track_id == of_ada[1] for track_id, _ in zoe.chunks) <= sounds + 2


@pytest.mark.asyncio
async def test_a_media_socket_that_broke_is_opened_anew(worker: MediaWorker) -> None:
    async with FrameCaller(worker, "ada") as ada, FrameCaller(worker, "ben") as ben:
        of_ada = await ada.publish(s1="microphone", s2="camera")
        ada.film(2, RED)
        ada.play(1, 440)
        await ben.sees(of_ada[2], RED)
        await ben.wait_for(
            lambda: sum(told["type"] == "track_published" for told in ben.heard) == 2
        )
        ben.heard.clear()
        ben.said.clear()
        await ada.media.close()
        await asyncio.sleep(0.2)  # what she played and filmed ends with it
        await ada.open_media()
        again = await ada.publish(of_ada, s1="microphone", s2="camera")
        assert again == of_ada
        ada.film(2, BLUE)
        ada.play(1, 880)
        await ben.sees(of_ada[2], BLUE)
        await ben.hears(of_ada[1], 880)
        # He was told nothing: what he sees and hears stood still for a moment.
        assert not {"track_published", "track_ended"} & {each["type"] for each in ben.heard}
        assert "streams" not in {each["type"] for each in ben.said}
        await ben.open_media()
        await ben.sees(of_ada[2], BLUE)


@pytest.mark.asyncio
async def test_what_isnt_sent_over_the_next_media_socket_has_ended(worker: MediaWorker) -> None:
    async with FrameCaller(worker, "ada") as ada, FrameCaller(worker, "ben") as ben:
        of_ada = await ada.publish(s2="camera")
        await ben.wait_for(lambda: set(ben.streams.values()) == set(of_ada.values()))
        await ada.media.close()
        await ada.open_media()
        again = await ada.publish(s2="camera")
        assert again != of_ada
        await ben.wait_for(lambda: set(ben.streams.values()) == set(again.values()))
        # Somebody else's track isn't anybody's to go on with.
        theirs = await ben.publish(again, s2="camera")
        assert theirs[2] not in again.values()


VOICE = b"\xfc\xff\xfe"


@pytest.mark.asyncio
async def test_who_loses_everything_comes_back_by_their_session(worker: MediaWorker) -> None:
    async with FrameCaller(worker, "ada") as ada, FrameCaller(worker, "grace") as grace:
        ada.film(0, RED)
        before = (await ada.publish(s0="camera"))[0]
        await grace.sees(before, RED)
        await ada.ask(type="raise_hand", is_raised=True)
        await ada.lose_all()

        welcome = await ada.come_back()
        assert welcome["is_resumed"]
        assert welcome["member_id"] == ada.id
        # Their place and their hand are theirs still, and the others never saw them leave.
        assert (await ada.event("room"))["you"]["hand_raised_at"] is not None
        after = (await ada.publish(s0="camera"))[0]
        ada.film(0, BLUE)
        await grace.sees(after, BLUE)
        assert "person_left" not in {each["type"] for each in grace.heard}


def key_frame(size: int) -> bytes:
    return b"\x10\x00\x00\x9d\x01\x2a\x40\x01\xf0\x00" + bytes(size)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("message", "code"),
    [
        (bytes(50 * 1024 * 1024), (1009, "message too big")),
        (b"\x01", (4400, "invalid_request")),
        (bytes([9, 0, 1, 0, 0, 0, 0, 0]) + VOICE, (4400, "invalid_request")),
        (bytes([1, 0, 2, 0, 0, 0, 0, 0]) + VOICE, (4400, "invalid_request")),
        (bytes([2, 0, 2, 0, 0, 0, 0, 0]) + b"GIF89a", (4400, "invalid_request")),
        ("{", (4400, "invalid_request")),
        ('{"type": "received", "bytes": -1}', (4400, "invalid_request")),
        ('{"type": "join"}', (4400, "invalid_request")),
    ],
    ids=["50 MB", "short", "unknown track", "codec", "no VP8", "no JSON", "negative", "no message"],
)
async def test_what_breaks_the_protocol_ends_one_connection_and_harms_nobody(
    worker: MediaWorker, message: str | bytes, code: tuple[int, str]
) -> None:
    async with (
        FrameCaller(worker, "eve") as eve,
        FrameCaller(worker, "ada") as ada,
        FrameCaller(worker, "ben") as ben,
    ):
        of_ada = await ada.publish(s1="microphone")
        await eve.publish(s1="microphone", s2="camera")
        ada.play(1, 440)
        with contextlib.suppress(ConnectionClosed):  # before all of it was sent
            await eve.media.send(message)
        assert await eve.media_closed() in {code, (1006, "")}
        await ben.hears(of_ada[1], 440)
        # Her signalling lives, and she may try again.
        await eve.open_media()
        await eve.hears(of_ada[1], 440)


@pytest.mark.asyncio
async def test_timestamps_that_run_away_end_the_connection(worker: MediaWorker) -> None:
    async with FrameCaller(worker, "eve") as eve:
        await eve.publish(s1="microphone")
        await eve.send(Chunk(1, Codec.OPUS, 0, VOICE))
        await eve.send(Chunk(1, Codec.OPUS, 48_000 * 3600, VOICE))
        assert await eve.media_closed() == (4400, "invalid_request")


@pytest.mark.asyncio
async def test_a_flood_of_frames_ends_the_connection(worker: MediaWorker) -> None:
    async with (
        FrameCaller(worker, "eve") as eve,
        FrameCaller(worker, "ada") as ada,
        FrameCaller(worker, "ben") as ben,
    ):
        of_ada = await ada.publish(s1="microphone")
        await eve.publish(s2="screen")
        ada.play(1, 440)
        with contextlib.suppress(ConnectionClosed):
            for number in range(200):
                await eve.send(Chunk(2, Codec.VP8, number, key_frame(1_000_000), is_key=True))
        assert await eve.media_closed() in {(4429, "too_many"), (1006, "")}
        await ben.hears(of_ada[1], 440)


@pytest.mark.asyncio
async def test_a_media_socket_without_its_key_is_turned_away(worker: MediaWorker) -> None:
    async with FrameCaller(worker, "ada") as ada:
        for first, code in (
            (bytes([1, 0, 1, 0, 0, 0, 0, 0]) + VOICE, (4400, "invalid_request")),
            ('{"type": "received", "bytes": 0}', (4400, "invalid_request")),
            ('{"type": "open", "key": "guessed"}', (4403, "refused")),
        ):
            stranger = await ada.socket()
            await stranger.send(first)
            await asyncio.wait_for(stranger.wait_closed(), 20)
            assert closing_of(stranger) == code
        key = (await ada.ask(type="use_websocket", codecs=["opus"]))["key"]
        assert await ada.media_closed() == (1000, "")
        first_one, second = await ada.socket(), await ada.socket()
        await first_one.send(json.dumps({"type": "open", "key": key}))
        assert json.loads(await first_one.recv()) == {"type": "streams", "tracks": {}}
        await second.send(json.dumps({"type": "open", "key": key}))
        await asyncio.wait_for(second.wait_closed(), 20)
        assert closing_of(second) == (4403, "refused")


@pytest.mark.asyncio
async def test_frames_are_published_only_over_a_media_socket(worker: MediaWorker) -> None:
    async with FrameCaller(worker, "ada") as ada:
        reply = await ada.ask(type="publish", sdp="v=0", tracks={})
        assert reply["code"] == "invalid_request"
