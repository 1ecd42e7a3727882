"""The hot path in Python and in C, each with two clients whose keys and addresses are the same."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import codesyncx_media_native
import pylibsrtp

from codesyncx_media.rtp.lane import IN_PYTHON, LaneKinds
from codesyncx_media.transport.outbox import MAX_PACKET, SLOT_BYTES, SLOTS, Outbox
from codesyncx_media.transport.private_aiortc import SrtpKeys, address_of_protect
from codesyncx_media.transport.way import Way

if TYPE_CHECKING:
    from codesyncx_media.rtp.lane import Lane

Sent = list[list[bytes]]
CLIENTS = 2


def new_keys(client: int) -> SrtpKeys:
    policy = pylibsrtp.Policy(
        key=bytes(range(client, client + 30)), ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND
    )
    return SrtpKeys(pylibsrtp.Session(policy))


class PythonPath:
    """What `take_sent` gives was sent to each client since the last time."""

    kinds = IN_PYTHON

    def __init__(self) -> None:
        self._memory = bytearray(SLOTS * SLOT_BYTES)
        self._lengths, self._targets = [0] * SLOTS, [0] * SLOTS
        self._sent: Sent = [[] for _ in range(CLIENTS)]
        self.outbox: Any = Outbox(
            self._memory, self._lengths, self._targets, self._empty, lambda: None
        )
        self.ways: list[Any] = [Way() for _ in range(CLIENTS)]
        for client, way in enumerate(self.ways):
            way.lead_to(client)
            way.encrypt_with(new_keys(client))

    def lane(self, ssrc: int, max_temporal_layer: int) -> Lane:
        return self.kinds.lane(ssrc, self.kinds.log(), max_temporal_layer)

    def take_sent(self) -> Sent:
        self.outbox.flush()
        sent, self._sent = self._sent, [[] for _ in range(CLIENTS)]
        return sent

    def close(self) -> None:
        pass

    def _empty(self, count: int) -> None:
        for slot in range(count):
            at = slot * SLOT_BYTES
            datagram = bytes(self._memory[at : at + self._lengths[slot]])
            self._sent[self._targets[slot]].append(datagram)


class NativePath:
    """The same through sockets: the system is asked what was sent."""

    kinds = LaneKinds(codesyncx_media_native.Lane, codesyncx_media_native.SendLog)

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(CLIENTS)]
        self.outbox: Any = codesyncx_media_native.Outbox(
            self._socket.fileno(), address_of_protect(), MAX_PACKET, lambda: None
        )
        self.ways: list[Any] = [codesyncx_media_native.Way() for _ in range(CLIENTS)]
        for number, (way, client) in enumerate(zip(self.ways, self._clients, strict=True)):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
            client.bind(("127.0.0.1", 0))
            client.settimeout(0)
            port = client.getsockname()[1].to_bytes(2, "big")
            family = socket.AF_INET.to_bytes(2, "little")
            way.lead_to(family + port + socket.inet_aton("127.0.0.1") + bytes(8))
            way.encrypt_with(new_keys(number))

    def lane(self, ssrc: int, max_temporal_layer: int) -> Lane:
        return self.kinds.lane(ssrc, self.kinds.log(), max_temporal_layer)

    def take_sent(self) -> Sent:
        self.outbox.flush()
        return [list(_read_all(client)) for client in self._clients]

    def close(self) -> None:
        self.outbox.close()
        for each in (self._socket, *self._clients):
            each.close()


def _read_all(client: socket.socket) -> list[bytes]:
    datagrams = []
    while True:
        try:
            datagrams.append(client.recv(2048))
        except BlockingIOError:
            return datagrams
