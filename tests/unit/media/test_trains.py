"""Which packets are given to the system as one, and that all come as they were, in order."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import TYPE_CHECKING

import pylibsrtp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.transport import native_datagrams
from codesyncx_media.transport.batched_datagrams import BatchedSocket
from codesyncx_media.transport.private_aiortc import SrtpKeys
from codesyncx_media.transport.trains import LONGEST, couple

if TYPE_CHECKING:
    from codesyncx_media.transport.native_datagrams import NativeSocket

LENGTHS = [100, 100, 99, 100, 101, 101, 100, *([1200] * (LONGEST + 2))]
WITH_TAG = 10  # what SRTP adds to each


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from("abc")), max_size=80))
def test_trains_hold_every_packet_once_and_each_clients_in_order(
    packets: list[tuple[int, str]],
) -> None:
    lengths, targets = [size for size, _ in packets], [target for _, target in packets]
    trains = couple(lengths, targets, len(packets), {"c"})
    assert sorted(slot for train in trains for slot in train) == list(range(len(packets)))
    for client in "abc":
        sent = [slot for train in trains for slot in train if targets[slot] == client]
        assert sent == sorted(sent)
    for train in trains:
        assert len({targets[slot] for slot in train}) == 1
        assert len(train) == 1 or targets[train[0]] != "c"
        *whole, last = [lengths[slot] for slot in train]
        assert len(set(whole)) <= 1
        assert not whole or last <= whole[0]


def test_a_train_ends_with_a_shorter_packet_and_before_a_longer_one() -> None:
    assert couple([9, 9, 8, 9, 10], ["a"] * 5, 5) == [[0, 1, 2], [3], [4]]
    assert [len(train) for train in couple([9] * 100, ["a"] * 100, 100)] == [LONGEST, LONGEST, 16]


def _packet(number: int, length: int) -> bytes:
    header = b"\x80\x60" + number.to_bytes(2, "big") + bytes(4) + b"\x00\x00\x00\x01"
    return header + bytes(length - len(header))


@pytest.mark.skipif(sys.platform != "linux", reason="trains are Linux's")
@pytest.mark.parametrize("kind", [BatchedSocket, native_datagrams.NativeSocket])
@pytest.mark.parametrize("takes_trains", [True, False])
def test_what_left_as_trains_comes_packet_by_packet(
    kind: type[BatchedSocket | NativeSocket], *, takes_trains: bool
) -> None:
    policy = pylibsrtp.Policy(key=bytes(30), ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND)

    async def send_all(clients: list[socket.socket]) -> None:
        opened = await kind.open("127.0.0.1", 0, lambda _data, _address: None)
        if not takes_trains:
            # Without checksums there are no trains: the system refuses them, as some paths do.
            opened._socket.setsockopt(socket.SOL_SOCKET, 11, 1)  # SO_NO_CHECK
        ways = [opened.new_way() for _ in clients]
        for way, client in zip(ways, clients, strict=True):
            way.lead_to(opened.target(client.getsockname()))
            way.encrypt_with(SrtpKeys(pylibsrtp.Session(policy)))
        for turn in range(2):
            for number, length in enumerate(LENGTHS):
                for way in ways:
                    assert opened.outbox.put(_packet(100 * turn + number, length), way)
            opened.outbox.flush()
        opened.close()

    clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    try:
        for client in clients:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
            client.bind(("127.0.0.1", 0))
            client.settimeout(5)
        asyncio.run(send_all(clients))
        for client in clients:
            came = [client.recv(2048) for _ in range(2 * len(LENGTHS))]
            numbers = [int.from_bytes(each[2:4], "big") for each in came]
            assert numbers == [100 * turn + n for turn in range(2) for n in range(len(LENGTHS))]
            assert [len(each) - WITH_TAG for each in came] == LENGTHS * 2
    finally:
        for client in clients:
            client.close()
