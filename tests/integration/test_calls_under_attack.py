"""Whatever somebody sends, the call of the others goes on: none of it is lost, it never stops.

A sender and a bystander are in a call. What the bystander gets has numbers, so that a loss shows,
and the kernel's times, so that a pause does. How fast it all is is measured in the benchmarks.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import struct
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from benchmarks.calls.ours import OurPerson, OurRoom
from benchmarks.calls.streams import CAMERA, SOUND, Sending, Source
from benchmarks.calls.wire import Pump, Wire
from support.media_worker import SECRET, MediaWorker
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from codesyncx_media.rtp.rtcp import build_rtcp
from codesyncx_media.rtp.rtcp_feedback import FullIntraRequest, Nack, PictureLossIndication
from codesyncx_media.tokens import RoomName, TokenKey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

HOST = "127.0.0.1"
LONGEST_PAUSE_S = 2.0
"""Sound comes every 20 ms; a busy machine may be late, a call that hangs is."""


@pytest.fixture(scope="module")
def process() -> Iterator[MediaWorker]:
    with MediaWorker() as running:
        yield running


@pytest.fixture
def worker(process: MediaWorker, request: pytest.FixtureRequest) -> MediaWorker:
    """Give the process with a room of the test's own."""
    process.room = request.node.name[:100]
    return process


class Scene(NamedTuple):
    """A call, and what may be attacked in it."""

    worker: MediaWorker
    room: OurRoom
    pump: Pump
    sending: Sending
    bystander: Wire

    @property
    def port(self) -> tuple[str, int]:
        """Where media goes."""
        return HOST, self.worker.ports["udp_port"]

    async def attacker(self) -> OurPerson:
        """Somebody who may speak and does, with a camera of their own."""
        person = await self.room.join(
            self.pump, "mallory", Sending([Source(SOUND, 0), Source(CAMERA, 1)])
        )
        await until(lambda: person.down is not None and bool(person.down.tally.streams))
        return person


async def until(is_so: Callable[[], bool]) -> None:
    for _ in range(3000):
        if is_so():
            return
        await asyncio.sleep(0.01)
    pytest.fail("what was waited for didn't come")


@asynccontextmanager
async def scene(worker: MediaWorker) -> AsyncIterator[Scene]:
    pump = Pump()
    pump.start()
    room = OurRoom(worker, HOST)
    try:
        sending = Sending([Source(SOUND, 0), Source(CAMERA, 1)])
        await room.join(pump, "ada", sending)
        bystander = await room.join(pump, "ben", None)
        await until(lambda: bystander.down is not None and len(bystander.down.tally.streams) == 2)
        assert bystander.down is not None
        yield Scene(worker, room, pump, sending, bystander.down)
    finally:
        await room.close()
        await pump.close()


def flood(send: Callable[[bytes], object], datagrams: list[bytes]) -> None:
    for datagram in datagrams:
        try:
            send(datagram)
        except BlockingIOError:
            return


async def strangers_send_anything(on: Scene) -> None:
    ssrc = on.sending.sources[1].ssrc
    forged = struct.pack(">BBHII", 0x80, 96, 7, 7, ssrc) + bytes(500)
    garbage = [b"", b"\x80", bytes(20), forged, forged + bytes(1400), b"\x16\xfe\xff" + bytes(60)]
    stun = bytes.fromhex("000100582112a442") + secrets.token_bytes(12) + secrets.token_bytes(88)
    for _ in range(40):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            flood(lambda data, to=stranger: to.sendto(data, on.port), [*garbage, stun] * 8)
        await asyncio.sleep(0.02)


async def a_member_sends_what_is_not_authentic(on: Scene) -> None:
    person = await on.attacker()
    assert person.down is not None
    packets = [
        b"\x80\x60" + secrets.token_bytes(60),
        b"\x80\xc9" + secrets.token_bytes(60),
        b"\x16\xfe\xfd" + secrets.token_bytes(200),
        b"\x14\xfe\xfd" + secrets.token_bytes(2),
        b"\x17\xfe\xfd" + secrets.token_bytes(1490),
        b"",
    ]
    for _ in range(40):
        flood(person.down.socket.send, packets * 8)
        await asyncio.sleep(0.02)


async def a_member_makes_up_streams(on: Scene) -> None:
    person = await on.attacker()
    up = person.up
    assert up is not None
    for number in range(600):
        ssrc = on.sending.sources[number % 2].ssrc if number < 200 else secrets.randbits(32)
        for payload_type in (96, 97, 111, 0):
            header = struct.pack(">BBHII", 0x80, payload_type, number, number, ssrc)
            up.send_rtp(header + secrets.token_bytes(200))
        if number % 20 == 0:
            await asyncio.sleep(0.02)


async def a_listener_asks_without_end(on: Scene) -> None:
    person = await on.room.join(on.pump, "mallory", None)
    await until(lambda: person.down is not None and len(person.down.tally.streams) == 2)
    assert person.down is not None
    asked_before = on.sending.wishes
    ssrcs = list(person.down.tally.streams)
    for number in range(400):
        for ssrc in ssrcs:
            person.down.send_rtcp(
                build_rtcp(
                    [
                        PictureLossIndication(1, ssrc),
                        FullIntraRequest(1, [(ssrc, number & 0xFF)]),
                        Nack(1, ssrc, list(range(number, number + 200))),
                    ]
                )
            )
        if number % 10 == 0:
            await asyncio.sleep(0.05)
    assert on.sending.wishes - asked_before < 20, "a storm of wishes is a few for the publisher"


async def two_hundred_come_at_once(on: Scene) -> None:
    async def come(number: int) -> None:
        async with connect(on.worker.url, max_size=None) as browser:
            await browser.send(json.dumps(on.worker.join(f"student-{number}", frozenset())))
            await browser.recv()

    await asyncio.gather(*(come(number) for number in range(190)))


async def they_come_and_never_answer(on: Scene) -> None:
    sockets = [await connect(on.worker.url, max_size=None, max_queue=1) for _ in range(20)]
    for number, browser in enumerate(sockets):
        await browser.send(json.dumps(on.worker.join(f"mute-{number}", frozenset())))
    await asyncio.sleep(1)
    for browser in sockets:
        browser.transport.abort()


async def they_come_with_old_and_foreign_tokens(on: Scene) -> None:
    old = TokenKey(SECRET).sign(
        RoomName("orbits", on.worker.room),
        person_id="mallory",
        display_name="Mallory",
        rights=frozenset(),
        now=time.time() - 3600,
    )
    foreign = on.worker.join("mallory")["token"]
    joins: list[dict[str, Any]] = [
        {**on.worker.join("mallory"), "token": old},
        {**on.worker.join("mallory"), "room": "another", "token": foreign},
        {**on.worker.join("mallory"), "token": foreign[:-4] + "AAAA"},
    ]
    for join in joins * 10:
        async with connect(on.worker.url) as browser:
            await browser.send(json.dumps(join))
            with pytest.raises(ConnectionClosed) as closed:
                await browser.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4403


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "attack",
    [
        strangers_send_anything,
        a_member_sends_what_is_not_authentic,
        a_member_makes_up_streams,
        a_listener_asks_without_end,
        two_hundred_come_at_once,
        they_come_and_never_answer,
        they_come_with_old_and_foreign_tokens,
    ],
    ids=lambda attack: attack.__name__,
)
async def test_the_others_notice_nothing(
    worker: MediaWorker, attack: Callable[[Scene], Awaitable[None]]
) -> None:
    async with scene(worker) as on:
        on.bystander.reset()
        before = {each.ssrc: each.sent for each in on.sending.sources}
        await attack(on)
        await until(lambda: all(s.sent > before[s.ssrc] + 50 for s in on.sending.sources))
        tally = on.bystander.reset()
        old = [stream for stream in tally.streams.values() if stream.count > 40]
        assert len(old) >= 2, "sound and picture of the sender"
        assert [(s.expected - s.count) for s in old] == [0] * len(old), "nothing is lost"
        assert tally.longest_pause_s < LONGEST_PAUSE_S
        # And they are still there afterwards.
        await until(lambda: len(on.bystander.tally.streams) >= 2)
