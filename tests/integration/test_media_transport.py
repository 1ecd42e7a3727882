from __future__ import annotations

import asyncio
import socket
import sys
import time
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from support.media_client import MediaClient

from codesyncx_media.sdp import Fingerprint
from codesyncx_media.transport import ConnectionState, UdpPort
from codesyncx_media.transport.batched_datagrams import BatchedSocket
from codesyncx_media.transport.datagrams import PortableSocket
from codesyncx_media.transport.native_datagrams import NativeSocket
from codesyncx_media.transport.outbox import SLOTS
from codesyncx_media.transport.private_aiortc import Certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

RTP = bytes.fromhex("80600001000000010000002a") + b"a frame"
RTCP = bytes.fromhex("81ce00020000000a0000002a")
GARBAGE = [b"", b"\x80" + bytes(1500), b"\x80" * 100, b"\x16" * 100, b"\x17\xfe\xfd" + bytes(60)]


ON_LINUX = [NativeSocket, BatchedSocket]
SOCKETS = [*(ON_LINUX if sys.platform == "linux" else []), PortableSocket]


class Ear:
    """Keeps what a connection hears."""

    def __init__(self) -> None:
        self.packets: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self.states: asyncio.Queue[ConnectionState] = asyncio.Queue()

    def receive_rtp(self, packet: bytes, _now: float) -> None:
        self.packets.put_nowait(("rtp", packet))

    def receive_rtcp(self, packet: bytes, _now: float) -> None:
        self.packets.put_nowait(("rtcp", packet))

    def connection_changed(self, state: ConnectionState) -> None:
        self.states.put_nowait(state)


@pytest_asyncio.fixture(params=SOCKETS, ids=lambda kind: kind.__name__)
async def port(request: pytest.FixtureRequest) -> AsyncIterator[UdpPort]:
    opened = await UdpPort.open(
        "127.0.0.1",
        0,
        certificate=Certificate(),
        clock=time.monotonic,
        open_socket=request.param.open,
    )
    yield opened
    await opened.close()


@pytest.mark.asyncio
async def test_media_goes_both_ways_on_one_port_for_all(port: UdpPort) -> None:
    ears = [Ear(), Ear()]
    connections = [port.connect(ear) for ear in ears]
    clients = [MediaClient(port, connection) for connection in connections]
    for connection, client in zip(connections, clients, strict=True):
        connection.start(client.remote)
    await asyncio.gather(*(client.connect() for client in clients))
    for number, (ear, connection, client) in enumerate(
        zip(ears, connections, clients, strict=True)
    ):
        assert await asyncio.wait_for(ear.states.get(), 10) is ConnectionState.CONNECTED
        await client.send(RTP + bytes([number]))
        assert await asyncio.wait_for(ear.packets.get(), 10) == ("rtp", RTP + bytes([number]))
        await client.send(RTCP)
        assert await asyncio.wait_for(ear.packets.get(), 10) == ("rtcp", RTCP)
        assert connection.send_rtp(RTP)
        assert await asyncio.wait_for(client.received.get(), 10) == RTP
        assert connection.send_rtcp(RTCP)
        assert await asyncio.wait_for(client.received.get(), 10) == RTCP
        assert not connection.send_rtp(RTP + bytes(1500)), "too long is told, not raised"
    for client in clients:
        await client.close()


@pytest.mark.asyncio
async def test_more_than_a_batch_arrives_whole_and_in_order(port: UdpPort) -> None:
    ear = Ear()
    connection = port.connect(ear)
    client = MediaClient(port, connection)
    connection.start(client.remote)
    await client.connect()
    assert await asyncio.wait_for(ear.states.get(), 10) is ConnectionState.CONNECTED
    raw = client.socket.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**20)
    sent = [RTP[:2] + number.to_bytes(2, "big") + RTP[4:] for number in range(SLOTS + 44)]
    for packet in sent:
        assert connection.send_rtp(packet)
    arrived = [await asyncio.wait_for(client.received.get(), 10) for _ in sent]
    assert arrived == sent
    for packet in sent:
        await client.send(packet)
    heard = [await asyncio.wait_for(ear.packets.get(), 10) for _ in sent]
    assert heard == [("rtp", packet) for packet in sent]
    await client.close()


@pytest.mark.asyncio
async def test_what_comes_after_a_busy_time_and_a_calm_one_is_heard_too(port: UdpPort) -> None:
    ear = Ear()
    connection = port.connect(ear)
    client = MediaClient(port, connection)
    connection.start(client.remote)
    await client.connect()
    for turn in range(3):
        for number in range(60):
            packet = RTP[:2] + (100 * turn + number).to_bytes(2, "big") + RTP[4:]
            await client.send(packet)
            assert await asyncio.wait_for(ear.packets.get(), 10) == ("rtp", packet)
        await asyncio.sleep(0.1)
    await client.close()


@pytest.mark.asyncio
async def test_garbage_from_anywhere_ends_no_call(port: UdpPort) -> None:
    ear = Ear()
    connection = port.connect(ear)
    client = MediaClient(port, connection)
    connection.start(client.remote)
    await client.connect()
    assert await asyncio.wait_for(ear.states.get(), 10) is ConnectionState.CONNECTED
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for datagram in GARBAGE:
            stranger.sendto(datagram, port.address)
            client.socket.sendto(datagram, port.address)
    await client.send(RTP)
    assert await asyncio.wait_for(ear.packets.get(), 10) == ("rtp", RTP)
    assert connection.state is ConnectionState.CONNECTED
    assert port.counters.strangers + port.counters.misshapen >= 3
    await client.close()
    assert await asyncio.wait_for(ear.states.get(), 10) is ConnectionState.CLOSED, "its goodbye"


@pytest.mark.asyncio
async def test_who_holds_another_certificate_gets_no_keys(port: UdpPort) -> None:
    ear = Ear()
    connection = port.connect(ear)
    client = MediaClient(port, connection)
    forged = (Fingerprint("sha-256", ":".join(["AB"] * 32)),)
    connection.start(client.remote._replace(fingerprints=forged))
    await client.connect()
    assert await asyncio.wait_for(ear.states.get(), 10) is ConnectionState.CLOSED
    assert not connection.send_rtp(RTP)
    await client.close()
