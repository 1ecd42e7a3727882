"""The one UDP port of a worker, and which connection a datagram is for.

A datagram is for the connection that its sender's address is pinned to, and an address is pinned
by a connectivity check that knew that connection's password, to one connection only: nobody can
take over the address of another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import batched_datagrams, native_datagrams
from .connection import Connection, ConnectionState, Receiver
from .datagrams import PortableSocket
from .ice import is_stun, read_check
from .private_aiortc import MAX_DATAGRAM

if TYPE_CHECKING:
    from ..sdp import Fingerprint
    from .datagrams import DatagramSocket, Take
    from .ice import Address
    from .private_aiortc import Certificate
_AFTER_STUN = 4  # RFC 7983: what a datagram is shows in its first byte

OpenSocket = Callable[[str, int, "Take"], Awaitable["DatagramSocket"]]


def fastest_socket(*, may_be_native: bool = True) -> OpenSocket:
    """Give how to open the fastest socket that works on this system."""
    if may_be_native and native_datagrams.is_installed():
        return native_datagrams.NativeSocket.open
    if batched_datagrams.works_here():
        return batched_datagrams.BatchedSocket.open
    return PortableSocket.open


@dataclass(slots=True)
class PortCounters:
    """What came to the port for nobody."""

    misshapen: int = 0
    strangers: int = 0
    bad_checks: int = 0


@dataclass(slots=True)
class PortTotals:
    """All RTP and RTCP packets since the port was opened."""

    received: int = 0
    sent: int = 0

    def add(self, connection: Connection) -> None:
        """Count what came and went on one connection."""
        self.received += connection.counters.received
        self.sent += connection.sent


class UdpPort:
    """All connections of one worker."""

    def __init__(self, certificate: Certificate, clock: Callable[[], float]) -> None:
        """Begin without a socket: `attach` one."""
        self.counters = PortCounters()
        self._past = PortTotals()
        self._certificate = certificate
        self._clock = clock
        self._socket: DatagramSocket | None = None
        self._by_ufrag: dict[str, Connection] = {}
        self._by_address: dict[Address, Connection] = {}

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        *,
        certificate: Certificate,
        clock: Callable[[], float],
        open_socket: OpenSocket | None = None,
    ) -> UdpPort:
        """Open a port at a local address; 0 takes a free one.

        The socket is the fastest kind that works on this system unless another one is given.
        """
        opened = cls(certificate, clock)
        opened.attach(await (open_socket or fastest_socket())(host, port, opened.take))
        return opened

    def attach(self, wire: DatagramSocket) -> None:
        """Send over a socket, which gives to `take` what comes."""
        self._socket = wire

    @property
    def address(self) -> Address:
        """The address that it is bound to."""
        return self._wire.address

    @property
    def path(self) -> str:
        """Which hot path its packets take: `native` or `python`."""
        return self._wire.path

    @property
    def _wire(self) -> DatagramSocket:
        if self._socket is None:
            raise RuntimeError("the port isn't open")
        return self._socket

    @property
    def fingerprint(self) -> Fingerprint:
        """The fingerprint of the certificate that all its connections have."""
        return self._certificate.fingerprint

    def connect(self, receiver: Receiver) -> Connection:
        """Begin a connection, which waits for its client's checks."""
        connection = Connection(self._certificate, receiver, self._wire, now=self._clock())
        self._by_ufrag[connection.ice.ufrag] = connection
        return connection

    def totals(self) -> PortTotals:
        """Count the packets of all connections that there are or were."""
        totals = replace(self._past)
        for connection in self._by_ufrag.values():
            totals.add(connection)
        return totals

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

    def take(self, data: bytes, address: Address) -> None:
        """Give a datagram to its connection, or drop it."""
        if not 0 < len(data) <= MAX_DATAGRAM:
            self.counters.misshapen += 1
            return
        if data[0] < _AFTER_STUN and is_stun(data):
            self._take_stun(data, address)
            return
        connection = self._by_address.get(address)
        if connection is None:
            self.counters.strangers += 1
            return
        connection.receive(data, self._clock())

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
        connection.pin(address)
        self._by_address[address] = connection

    def _forget(self, connection: Connection) -> None:
        if self._by_ufrag.pop(connection.ice.ufrag, None) is not None:
            self._past.add(connection)
        if connection.address is not None:
            self._by_address.pop(connection.address, None)
            self._wire.forget(connection.address)
