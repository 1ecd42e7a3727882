"""A client's end of a media connection, as light as it gets: ICE, DTLS, SRTP, and counting."""

from __future__ import annotations

import asyncio
import contextlib
import select
import struct
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aioice import stun
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from benchmarks.calls.sockets import Batch, open_socket

from codesyncx_media.rtp.extensions import SUBSCRIBER_IDS, TRANSPORT_SEQUENCE
from codesyncx_media.rtp.transport_feedback import TransportFeedback

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.calls.descriptions import Remote

TURN_S = 0.002
CHECK_EVERY_S = 2.0
FEEDBACK_EVERY_S = 0.1
SAMPLE = 64
"""Every which packet is decrypted to see when it was sent."""
STAMP = struct.Struct(">8sQ")
STAMP_MARK = b"codesync"
REPAIRS = frozenset({97, 99, 103, 46})
UFRAG, PASSWORD = "load", "0123456789abcdefghijkl"
_header = struct.Struct(">BBHII").unpack_from
_extension = struct.Struct(">HHBH").unpack_from
_TICKS_PER_S = 4000
_EXTENDED = 0xBEDE
_TRANSPORT_HEADER = SUBSCRIBER_IDS[TRANSPORT_SEQUENCE] << 4 | 1
_CERTIFICATE = RTCCertificate.generateCertificate()


def fingerprint() -> str:
    """Give the line of the certificate that all clients have."""
    (found,) = (f for f in _CERTIFICATE.getFingerprints() if f.algorithm == "sha-256")
    return f"{found.algorithm} {found.value}"


@dataclass(slots=True)
class Stream:
    """What came under one SSRC since the last `reset`."""

    count: int = 0
    first: int = -1
    highest: int = -1

    def receive(self, sequence: int) -> None:
        """Note a packet."""
        self.count += 1
        if self.first < 0:
            self.first = self.highest = sequence
            return
        step = (sequence - self.highest) & 0xFFFF
        if step < 0x8000:
            self.highest += step

    @property
    def expected(self) -> int:
        """How many were sent, by their numbers."""
        return self.highest - self.first + 1 if self.first >= 0 else 0


@dataclass
class Tally:
    """What came on a connection since the last `reset`."""

    streams: dict[int, Stream] = field(default_factory=dict)
    latencies_ns: list[int] = field(default_factory=list)
    repairs: int = 0
    bytes: int = 0
    longest_pause_ns: int = 0
    _last_ns: int = 0

    def note(self, arrival_ns: int) -> None:
        """Note when a packet of media came."""
        if self._last_ns:
            self.longest_pause_ns = max(self.longest_pause_ns, arrival_ns - self._last_ns)
        self._last_ns = arrival_ns

    @property
    def longest_pause_s(self) -> float:
        """How long nothing came, at most."""
        return self.longest_pause_ns / 1e9


class Wire:
    """One connection. `on_rtcp` gets a publisher's feedback, decrypted."""

    role = "controlling"

    def __init__(self, host: str, on_rtcp: Callable[[bytes], None] | None = None) -> None:
        self.socket = open_socket(host)
        self.tally = Tally()
        self.first_packet_at = 0.0
        self._on_rtcp = on_rtcp
        self._remote: Remote | None = None
        self._answered = asyncio.Event()
        self._datagrams: asyncio.Queue[bytes] = asyncio.Queue()
        pipe: Any = self
        self._dtls = RTCDtlsTransport(pipe, [_CERTIFICATE])
        self._checked_at = 0.0
        self._fed_back_at = 0.0
        self._feedbacks = 0
        self._arrivals: dict[int, int] = {}
        self._next_number: int | None = None
        self.wants_feedback = False
        self.media_ssrc = 0

    @property
    def profile(self) -> str:
        """Which SRTP profile was agreed on."""
        found = getattr(self._dtls, "_srtp_profile", None)
        return str(found or self._dtls.ssl.get_selected_srtp_profile().decode())

    async def connect(self, remote: Remote, *, pause_s: float = 0) -> None:
        """Check the server's address, then shake hands.

        A server that isn't ready for the handshake when it answers a check drops its first
        datagram, which is sent again a second later: `pause_s` gives it time.
        """
        self._remote = remote
        self.socket.connect(remote.address)
        while not self._answered.is_set():
            self._check(time.monotonic())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._answered.wait(), 0.05)
        await asyncio.sleep(pause_s)
        self._dtls._set_role("client" if remote.is_passive else "server")
        await self._dtls.start(RTCDtlsParameters([RTCDtlsFingerprint(*remote.fingerprint)]))
        if self._dtls.state != "connected":
            raise RuntimeError(f"the DTLS handshake {self._dtls.state}")

    def send_rtp(self, packet: bytes) -> None:
        """Encrypt and send; a full buffer loses it as a network does."""
        with contextlib.suppress(BlockingIOError):
            self.socket.send(self._dtls._tx_srtp.protect(packet))

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send reports."""
        with contextlib.suppress(BlockingIOError):
            self.socket.send(self._dtls._tx_srtp.protect_rtcp(packet))

    def reset(self) -> Tally:
        """Begin to count anew; gives what was counted."""
        counted, self.tally = self.tally, Tally()
        return counted

    def receive(self, batch: Batch) -> None:
        """Take in all that is there."""
        memory, tally = batch.memory, self.tally
        for at, length, arrival_ns in batch.receive(self.socket.fileno()):
            flags, second, sequence, _, ssrc = _header(memory, at)
            if flags & 0xC0 != 0x80:
                self._receive_other(bytes(memory[at : at + length]))
                continue
            if 192 <= second < 224:
                if self._on_rtcp is not None:
                    self._receive_rtcp(bytes(memory[at : at + length]))
                continue
            if flags & 0x10 and self.wants_feedback:
                profile, _, element, number = _extension(memory, at + 12)
                if profile == _EXTENDED and element == _TRANSPORT_HEADER:
                    self._arrivals[number] = arrival_ns
            if second & 0x7F in REPAIRS:
                tally.repairs += 1
                continue
            stream = tally.streams.get(ssrc)
            if stream is None:
                stream = tally.streams[ssrc] = Stream()
                self.media_ssrc = ssrc
                self.first_packet_at = self.first_packet_at or time.monotonic()
            stream.receive(sequence)
            tally.bytes += length
            tally.note(arrival_ns)
            if stream.count % SAMPLE == 1:
                self._sample(bytes(memory[at : at + length]), arrival_ns)

    def poll(self, now: float) -> None:
        """Send the checks and feedback that are due."""
        if self._remote is None or self._dtls.state != "connected":
            return
        if now - self._checked_at > CHECK_EVERY_S:
            self._check(now)
        if self._arrivals and now - self._fed_back_at > FEEDBACK_EVERY_S:
            self._fed_back_at = now
            self._feed_back()

    def _feed_back(self) -> None:
        arrivals, self._arrivals = self._arrivals, {}
        base = next(iter(arrivals)) if self._next_number is None else self._next_number
        last = max((number - base) & 0xFFFF for number in arrivals)
        ticks = [
            None if ns is None else ns * _TICKS_PER_S // 1_000_000_000
            for ns in (arrivals.get(base + step & 0xFFFF) for step in range(last + 1))
        ]
        self._next_number = base + last + 1 & 0xFFFF
        self._feedbacks += 1
        feedback = TransportFeedback(1, self.media_ssrc, base, self._feedbacks & 0xFF, ticks)
        self.send_rtcp(feedback.build())

    def _sample(self, packet: bytes, arrival_ns: int) -> None:
        try:
            plain = self._dtls._rx_srtp.unprotect(packet)
        except (AttributeError, ValueError):
            return  # the last step of the handshake isn't done yet
        mark, sent_ns = STAMP.unpack_from(plain, len(plain) - STAMP.size)
        if mark == STAMP_MARK:
            self.tally.latencies_ns.append(arrival_ns - sent_ns)

    def _receive_rtcp(self, packet: bytes) -> None:
        if self._dtls._rx_srtp is not None and self._on_rtcp is not None:
            self._on_rtcp(self._dtls._rx_srtp.unprotect_rtcp(packet))

    def _receive_other(self, data: bytes) -> None:
        if data[0] > 1:
            self._datagrams.put_nowait(data)
            return
        message = stun.parse_message(data)
        if message.message_class is stun.Class.RESPONSE:
            self._answered.set()
        elif message.message_class is stun.Class.REQUEST and self._remote is not None:
            answer = stun.Message(
                stun.Method.BINDING,
                stun.Class.RESPONSE,
                message.transaction_id,
                {"XOR-MAPPED-ADDRESS": self._remote.address},
            )
            answer.add_message_integrity(PASSWORD.encode())
            answer.add_fingerprint()
            self.socket.send(bytes(answer))

    def _check(self, now: float) -> None:
        if self._remote is None:
            return
        self._checked_at = now
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes.update(
            {
                "USERNAME": f"{self._remote.ufrag}:{UFRAG}",
                "PRIORITY": 1845494271,
                "ICE-CONTROLLING": 1,
                "USE-CANDIDATE": None,
            }
        )
        message.add_message_integrity(self._remote.password.encode())
        message.add_fingerprint()
        with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
            self.socket.send(bytes(message))

    async def close(self) -> None:
        """Leave with a goodbye."""
        await self._dtls.stop()
        self.socket.close()

    # What `RTCDtlsTransport` takes for its ICE transport.

    async def _recv(self) -> bytes:
        return await self._datagrams.get()

    async def _send(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            self.socket.send(data)


class Pump:
    """Sends what is due and takes in what came, on all connections, every few milliseconds.

    `late_s` has how much later than planned turns began: what the load itself loses.
    """

    def __init__(self) -> None:
        self.late_s: list[float] = []
        self.sources: list[Callable[[float], None]] = []
        self._wires: dict[int, Wire] = {}
        self._epoll = select.epoll()
        self._batch = Batch()
        self._task: asyncio.Task[None] | None = None

    def add(self, wire: Wire) -> Wire:
        """Serve a connection."""
        self._wires[wire.socket.fileno()] = wire
        self._epoll.register(wire.socket.fileno(), select.EPOLLIN)
        return wire

    def start(self) -> None:
        """Begin; a running loop is needed."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Stop, and end all connections."""
        for wire in self._wires.values():
            await wire.close()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._epoll.close()

    async def _run(self) -> None:
        polled_at = 0.0
        while True:
            planned = time.monotonic() + TURN_S
            await asyncio.sleep(TURN_S)
            now = time.monotonic()
            self.late_s.append(now - planned)
            for send in self.sources:
                send(now)
            for fd, _ in self._epoll.poll(0):
                self._wires[fd].receive(self._batch)
            if now - polled_at > 0.02:
                polled_at = now
                for wire in self._wires.values():
                    wire.poll(now)
