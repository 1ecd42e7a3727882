"""The one UDP port of a worker, and which connection a datagram is for.

A datagram is for the connection that its sender's address is pinned to, and an address is pinned
by a connectivity check that knew that connection's password, to one connection only: nobody can
take over the address of another.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .connection import Connection, ConnectionState, Receiver
from .ice import is_stun, read_check

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..sdp import Fingerprint
    from .ice import Address
    from .private_aiortc import Certificate

_log = logging.getLogger(__name__)

MAX_DATAGRAM = 1500
RECEIVE_BUFFER = 4 * 2**20


@dataclass(slots=True)
class PortCounters:
    """What came to the port for nobody."""

    misshapen: int = 0
    strangers: int = 0
    bad_checks: int = 0


class UdpPort(asyncio.DatagramProtocol):
    """All connections of one worker."""

    def __init__(self, certificate: Certificate, clock: Callable[[], float]) -> None:
        self.counters = PortCounters()
        self._certificate = certificate
        self._clock = clock
        self._socket: asyncio.DatagramTransport | None = None
        self._by_ufrag: dict[str, Connection] = {}
        self._by_address: dict[Address, Connection] = {}

    @classmethod
    async def open(
        cls, host: str, port: int, *, certificate: Certificate, clock: Callable[[], float]
    ) -> UdpPort:
        """Open a port at a local address; 0 takes a free one."""
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_datagram_endpoint(
            lambda: cls(certificate, clock), local_addr=(host, port)
        )
        return protocol

    @property
    def address(self) -> Address:
        """The address that it is bound to."""
        if self._socket is None:
            raise RuntimeError("the port isn't open")
        host, port = self._socket.get_extra_info("sockname")[:2]
        return host, port

    @property
    def fingerprint(self) -> Fingerprint:
        """The fingerprint of the certificate that all its connections have."""
        return self._certificate.fingerprint

    def connect(self, receiver: Receiver) -> Connection:
        """Begin a connection, which waits for its client's checks."""
        connection = Connection(self._certificate, receiver, self._send, now=self._clock())
        self._by_ufrag[connection.ice.ufrag] = connection
        return connection

    def sweep(self) -> None:
        """Close what is over and forget what is closed; call it every second or so."""
        now = self._clock()
        for connection in list(self._by_ufrag.values()):
            if connection.is_over(now):
                connection.close()
            if connection.state is ConnectionState.CLOSED:
                self._forget(connection)

    async def close(self) -> None:
        """Close all connections and the port."""
        connections = list(self._by_ufrag.values())
        for connection in connections:
            connection.close()
        for connection in connections:
            await connection.closed()
            self._forget(connection)
        if self._socket is not None:
            self._socket.close()

    def connection_made(self, transport: Any) -> None:
        """Keep the socket, with a buffer that holds what comes while Python does something else."""
        self._socket = transport
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Give a datagram to its connection, or drop it."""
        if not 0 < len(data) <= MAX_DATAGRAM:
            self.counters.misshapen += 1
            return
        address: Address = addr[:2]
        if is_stun(data):
            self._take_stun(data, address)
            return
        connection = self._by_address.get(address)
        if connection is None:
            self.counters.strangers += 1
            return
        connection.receive(data, self._clock())

    def error_received(self, exc: Exception) -> None:
        """Note that a client's port is closed: its consent runs out by itself."""
        _log.debug("The UDP port heard of an error: %s", exc)

    def _take_stun(self, data: bytes, address: Address) -> None:
        check = read_check(data)
        connection = None if check is None else self._by_ufrag.get(check.local_ufrag)
        if check is None or connection is None:
            self.counters.bad_checks += 1
            return
        holder = self._by_address.get(address)
        if holder is not None and holder is not connection:
            self.counters.bad_checks += 1
            return
        if connection.take_check(check, address, self._clock()):
            self._pin(connection, address)

    def _pin(self, connection: Connection, address: Address) -> None:
        if connection.address is not None:
            del self._by_address[connection.address]
        connection.address = address
        self._by_address[address] = connection

    def _forget(self, connection: Connection) -> None:
        self._by_ufrag.pop(connection.ice.ufrag, None)
        if connection.address is not None:
            self._by_address.pop(connection.address, None)

    def _send(self, datagram: bytes, address: Address) -> None:
        if self._socket is not None and not self._socket.is_closing():
            self._socket.sendto(datagram, address)
