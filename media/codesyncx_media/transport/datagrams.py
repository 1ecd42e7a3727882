"""The socket beneath the port, in pure Python for every system, and what both kinds share.

`batched_datagrams` has the one for Linux, which receives and sends many datagrams in one call.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from ..rtp.lane import IN_PYTHON, LaneKinds
from .outbox import SLOT_BYTES, SLOTS, Outbox
from .private_aiortc import Decryption
from .way import Way

if TYPE_CHECKING:
    from .ice import Address

_log = logging.getLogger(__name__)

RECEIVE_BUFFER = 4 * 2**20
"""Holds what comes while Python does something else."""

Take = Callable[[bytes, "Address"], None]


class DatagramSocket(Protocol):
    """Gives what comes to whoever opened it, and sends."""

    outbox: Outbox
    decryption: Decryption
    path: str
    """Which hot path it has: `native` or `python`."""

    @property
    def lanes(self) -> LaneKinds:
        """The kinds of lanes that its outbox takes packets of."""

    def new_way(self) -> Way:
        """Begin the way to a client."""

    @property
    def address(self) -> Address:
        """The address that it is bound to."""

    def target(self, address: Address) -> Any:
        """Give what the outbox calls an address; it holds until it is forgotten."""

    def forget(self, address: Address) -> None:
        """Send no more to an address."""

    def send(self, datagram: bytes, address: Address) -> None:
        """Send one datagram now; the network loses what can't be sent."""

    def close(self) -> None:
        """Close the socket."""


class PortableSocket(asyncio.DatagramProtocol):
    """Datagrams one by one, as asyncio has them."""

    path = "python"
    lanes = IN_PYTHON
    new_way = Way

    def __init__(self, take: Take) -> None:
        self._take = take
        self._transport: Any = None
        self._memory = bytearray(SLOTS * SLOT_BYTES)
        self._lengths = [0] * SLOTS
        self._targets: list[Any] = [None] * SLOTS
        self.decryption = Decryption()
        self.outbox = Outbox(self._memory, self._lengths, self._targets, self._empty, self._wake)

    @classmethod
    async def open(cls, host: str, port: int, take: Take) -> PortableSocket:
        """Open a socket at a local address; 0 takes a free port."""
        loop = asyncio.get_running_loop()
        _, opened = await loop.create_datagram_endpoint(lambda: cls(take), local_addr=(host, port))
        return opened

    @property
    def address(self) -> Address:
        """The address that it is bound to."""
        if self._transport is None:
            raise RuntimeError("the socket isn't open")
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    def connection_made(self, transport: Any) -> None:
        """Keep the socket, with a buffer for what comes in a burst."""
        self._transport = transport
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Pass a datagram on."""
        self._take(data, addr[:2])

    def error_received(self, exc: Exception) -> None:
        """Note that a client's port is closed: its consent runs out by itself."""
        _log.debug("The UDP port heard of an error: %s", exc)

    def target(self, address: Address) -> Address:
        """Give what the outbox calls an address."""
        return address

    def forget(self, address: Address) -> None:
        """Send no more to an address."""

    def send(self, datagram: bytes, address: Address) -> None:
        """Send one datagram now."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(datagram, address)

    def close(self) -> None:
        """Close the socket."""
        self.outbox.flush()
        if self._transport is not None:
            self._transport.close()

    def _wake(self) -> None:
        asyncio.get_running_loop().call_soon(self.outbox.flush)

    def _empty(self, count: int) -> None:
        memory = self._memory
        for slot in range(count):
            at = slot * SLOT_BYTES
            self.send(bytes(memory[at : at + self._lengths[slot]]), self._targets[slot])
