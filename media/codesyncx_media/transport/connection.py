"""One connection to a browser: where it is, whether it is alive, and its media in the clear."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from .ice import IceLiteAgent, new_credentials
from .private_aiortc import Certificate, Dtls

if TYPE_CHECKING:
    from ..rtp.lane import LaneKinds
    from ..sdp import IceCredentials
    from ..sdp.description import RemoteTransport
    from .datagrams import DatagramSocket
    from .ice import Address, Check
    from .outbox import Outbox
    from .private_aiortc import SrtpKeys
    from .way import Way

_log = logging.getLogger(__name__)

CONSENT_S = 30.0
"""RFC 7675, section 5.1: how long after its last check a client may be sent to."""
HANDSHAKE_S = 20.0

_DTLS_FIRST_BYTES = range(20, 64)
_FIRST_RTP, _AFTER_RTP = 128, 192
_FIRST_RTCP, _AFTER_RTCP = 192, 224
"""RFC 5761, section 4: the second byte of RTCP where both share a port."""
_SHORTEST_RTP = 12
_SHORTEST_RTCP = 8


class ConnectionState(StrEnum):
    """How far a connection has come."""

    NEW = "new"
    CONNECTED = "connected"
    CLOSED = "closed"


class Receiver(Protocol):
    """Who takes what a connection receives; times are seconds of the worker's clock."""

    def receive_rtp(self, packet: bytes, now: float) -> None:
        """Take a decrypted RTP packet."""

    def receive_rtcp(self, packet: bytes, now: float) -> None:
        """Take a decrypted RTCP packet."""

    def connection_changed(self, state: ConnectionState) -> None:
        """Hear that a connection is ready or over."""


@dataclass(slots=True)
class ConnectionCounters:
    """What came and went on one connection."""

    received: int = 0
    reports_sent: int = 0
    not_authentic: int = 0
    too_long: int = 0


class Connection:
    """One bundled connection. The port calls `take_check` and `receive`, its owner the rest."""

    def __init__(
        self, certificate: Certificate, receiver: Receiver, wire: DatagramSocket, *, now: float
    ) -> None:
        self.counters = ConnectionCounters()
        self.state = ConnectionState.NEW
        self._address: Address | None = None
        self._wire = wire
        self._outbox = wire.outbox
        self._way = wire.new_way()
        self._keys: SrtpKeys | None = None
        self._unprotect = wire.decryption.unprotect
        self._receive_rtp = receiver.receive_rtp
        self._agent = IceLiteAgent(new_credentials())
        self._receiver = receiver
        self._dtls = Dtls(certificate, self._send)
        self._dtls.on_state(self._dtls_changed)
        self._began_at = now
        self._checked_at: float | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @property
    def ice(self) -> IceCredentials:
        """The credentials that checks of this connection know."""
        return self._agent.local

    @property
    def address(self) -> Address | None:
        """Where the client is reached, once a check has shown it."""
        return self._address

    @property
    def sent(self) -> int:
        """How many packets were sent, media and reports."""
        return self._way.sent + self.counters.reports_sent

    @property
    def outbox(self) -> Outbox:
        """Where its packets wait to be sent, with those of others."""
        return self._outbox

    @property
    def way(self) -> Way:
        """How its packets are sent."""
        return self._way

    @property
    def lanes(self) -> LaneKinds:
        """What kinds of lanes its outbox takes packets of."""
        return self._wire.lanes

    def pin(self, address: Address) -> None:
        """Reach the client at an address from now on."""
        if self._address is not None:
            self._wire.forget(self._address)
        self._address = address
        self._way.lead_to(self._wire.target(address))

    def start(self, remote: RemoteTransport) -> None:
        """Take the client's side; later calls, for later descriptions, change nothing."""
        if self._handshake is None and self.state is not ConnectionState.CLOSED:
            self._agent.expect(remote.ice)
            shake = self._dtls.handshake(remote.fingerprints)
            self._handshake = asyncio.get_running_loop().create_task(shake)
            self._handshake.add_done_callback(_note_failure)

    def take_check(self, check: Check, address: Address, now: float) -> bool:
        """Answer a connectivity check; whether the client is reached at `address` from now on."""
        verdict = self._agent.judge(check, address)
        if verdict is None or self.state is ConnectionState.CLOSED:
            self.counters.not_authentic += 1
            return False
        self._wire.send(verdict.answer, address)
        if not verdict.is_valid:
            return False
        self._checked_at = now
        return self._address is None or (verdict.is_nominated and address != self._address)

    def receive(self, datagram: bytes, now: float) -> None:
        """Take a datagram from the client's address."""
        first = datagram[0]
        if not _FIRST_RTP <= first < _AFTER_RTP:
            if first in _DTLS_FIRST_BYTES:
                self._dtls.receive(datagram)
            return
        size = len(datagram)
        is_rtcp = size >= _SHORTEST_RTCP and _FIRST_RTCP <= datagram[1] < _AFTER_RTCP
        if not is_rtcp and size < _SHORTEST_RTP:
            return
        keys = self._keys
        packet = None if keys is None else self._unprotect(keys, datagram, is_rtcp)
        if packet is None:
            self.counters.not_authentic += 1
            return
        self.counters.received += 1
        if is_rtcp:
            self._receiver.receive_rtcp(packet, now)
        else:
            self._receive_rtp(packet, now)

    def send_rtp(self, packet: bytes | bytearray) -> bool:
        """Send an RTP packet with the next batch, as it is now; whether it will go."""
        return self._outbox.put(packet, self._way)

    def send_rtcp(self, packet: bytes) -> bool:
        """Send a compound RTCP packet; whether it went."""
        if self._address is None:
            return False
        secret = self._dtls.protect_rtcp(packet)
        if secret is None:
            self.counters.too_long += 1
            return False
        self.counters.reports_sent += 1
        self._wire.send(secret, self._address)
        return True

    def is_over(self, now: float) -> bool:
        """Whether the client has gone without a word, or never came."""
        if self.state is ConnectionState.NEW and now - self._began_at > HANDSHAKE_S:
            return True
        return self._checked_at is not None and now - self._checked_at > CONSENT_S

    def close(self) -> None:
        """End the connection, telling the client when it can be told."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())
            self._closing.add_done_callback(_note_failure)
            self._change(ConnectionState.CLOSED)

    async def closed(self) -> None:
        """Wait until a connection that is closed has said goodbye."""
        if self._closing is not None:
            await self._closing

    async def _close(self) -> None:
        if self._handshake is not None:
            self._handshake.cancel()
        await self._dtls.close()

    def _send(self, datagram: bytes) -> None:
        if self._address is not None:
            self._wire.send(datagram, self._address)

    def _dtls_changed(self, state: str) -> None:
        if state == "connected":
            self._keys = self._dtls.receiving_keys
            self._way.encrypt_with(self._dtls.sending_keys)
            self._change(ConnectionState.CONNECTED)
        elif state in ("failed", "closed"):
            self.close()

    def _change(self, state: ConnectionState) -> None:
        if state is not self.state and self.state is not ConnectionState.CLOSED:
            self.state = state
            if state is ConnectionState.CLOSED:
                self._keys = None
                self._way.encrypt_with(None)
            self._receiver.connection_changed(state)


def _note_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("A connection ended with an error", exc_info=task.exception())
