"""All that we lean on aiortc for beneath its public names: DTLS and the SRTP keys it agrees on.

aiortc is pinned to one version, and `tests/unit/media/test_private_aiortc.py` fails when a name
used here has changed. Its ICE agent isn't used: it keeps a port for each connection and closes a
connection on a single empty datagram from anybody.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pylibsrtp
from aiortc import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)
from pylibsrtp import _binding

from ..sdp import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_log = logging.getLogger(__name__)

MAX_TRAILER: int = pylibsrtp.SRTP_MAX_TRAILER_LEN
"""How much longer a packet may get by being encrypted."""
MAX_DATAGRAM = 1500
MAX_WAITING_DATAGRAMS = 64
"""Handshake datagrams that wait to be read. DTLS sends again what is dropped."""


class Certificate:
    """The certificate of one worker, made when it starts."""

    def __init__(self) -> None:
        self._certificate = RTCCertificate.generateCertificate()

    @property
    def fingerprint(self) -> Fingerprint:
        """Its SHA-256 fingerprint, for session descriptions."""
        found = next(f for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        return Fingerprint(found.algorithm, found.value)


class SrtpKeys:
    """The keys that one direction of a connection is encrypted with."""

    __slots__ = ("address", "handle", "session")

    def __init__(self, session: pylibsrtp.Session) -> None:
        self.session = session  # owns what the handle points to
        self.handle = session._srtp[0]
        self.address = int(_binding.ffi.cast("uintptr_t", self.handle))
        """Where the keys are in memory, for code in C; they stay there as long as this object."""


def address_of_protect() -> int:
    """Give the address of libsrtp's `srtp_protect`, for code in C."""
    return _address_of("srtp_protect")


def addresses_of_unprotect() -> tuple[int, int]:
    """Give the addresses of libsrtp's `srtp_unprotect` and `srtp_unprotect_rtcp`."""
    return _address_of("srtp_unprotect"), _address_of("srtp_unprotect_rtcp")


def _address_of(name: str) -> int:
    return int(_binding.ffi.cast("uintptr_t", _binding.ffi.addressof(_binding.lib, name)))


class Cells:
    """Memory in cells of a size, in which RTP packets are encrypted where they lie.

    The hot path calls `encrypt` itself, with the keys' handle, one of `places`, and `length` to
    tell the packet's length and be told the encrypted one's; it gives 0 when that went well.
    """

    __slots__ = ("_memory", "encrypt", "length", "places")

    def __init__(self, memory: bytearray, size: int) -> None:
        self._memory = _binding.ffi.from_buffer(memory)
        self.places = [self._memory + at for at in range(0, len(memory), size)]
        self.length = _binding.ffi.new("int *")
        self.encrypt = _binding.lib.srtp_protect

    def protect(self, keys: SrtpKeys, cell: int, length: int) -> int:
        """Encrypt the packet in a cell, which has room for `MAX_TRAILER` more; 0 when it is none.

        Gives its length from then on.
        """
        self.length[0] = length
        if self.encrypt(keys.handle, self.places[cell], self.length):
            return 0
        encrypted: int = self.length[0]
        return encrypted


class Decryption:
    """Decrypts what comes, in memory of its own."""

    __slots__ = ("_data", "_length", "_memory", "_unprotect", "_unprotect_rtcp")

    def __init__(self) -> None:
        memory = bytearray(MAX_DATAGRAM)
        self._memory = memoryview(memory)
        self._data = _binding.ffi.from_buffer(memory)
        self._length = _binding.ffi.new("int *")
        self._unprotect = _binding.lib.srtp_unprotect
        self._unprotect_rtcp = _binding.lib.srtp_unprotect_rtcp

    def unprotect(
        self,
        keys: SrtpKeys,
        datagram: bytes,
        is_rtcp: bool,  # noqa: FBT001 (by place: once a packet, and it has a twin in C)
    ) -> bytes | None:
        """Decrypt a packet; None when it isn't the client's or a copy."""
        size = len(datagram)
        if size > MAX_DATAGRAM:
            return None
        memory, length = self._memory, self._length
        memory[:size] = datagram
        length[0] = size
        unprotect = self._unprotect_rtcp if is_rtcp else self._unprotect
        if unprotect(keys.handle, self._data, length):
            return None
        return bytes(memory[: length[0]])


class _Pipe:
    """What `RTCDtlsTransport` takes for its ICE transport: datagrams in, datagrams out."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send_datagram = send
        self._received: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_WAITING_DATAGRAMS)
        self._is_closed = False

    def receive(self, datagram: bytes) -> None:
        if not self._received.full():
            self._received.put_nowait(datagram)

    def close(self) -> None:
        self._is_closed = True
        if self._received.full():
            self._received.get_nowait()
        self._received.put_nowait(None)

    async def _recv(self) -> bytes:
        datagram = None if self._is_closed else await self._received.get()
        if datagram is None:
            raise ConnectionError
        return datagram

    async def _send(self, datagram: bytes) -> None:
        if not self._is_closed:
            self._send_datagram(datagram)


class Dtls:
    """The DTLS association and SRTP keys of one connection, as the server of the handshake."""

    def __init__(self, certificate: Certificate, send: Callable[[bytes], None]) -> None:
        self._pipe = _Pipe(send)
        pipe: Any = self._pipe
        self._transport = RTCDtlsTransport(pipe, [certificate._certificate])
        self._transport._set_role("server")

    @property
    def is_connected(self) -> bool:
        """Whether media can be protected."""
        return self._transport.state == "connected"

    def on_state(self, changed: Callable[[str], None]) -> None:
        """Have `connected`, `failed` and `closed` told."""
        self._transport.on("statechange", lambda: changed(self._transport.state))

    def receive(self, datagram: bytes) -> None:
        """Take in a DTLS datagram."""
        self._pipe.receive(datagram)

    async def handshake(self, fingerprints: Sequence[Fingerprint]) -> None:
        """Shake hands with who holds the certificate of one of the fingerprints."""
        theirs = [RTCDtlsFingerprint(each.algorithm, each.value) for each in fingerprints]
        await self._transport.start(RTCDtlsParameters(theirs))
        if self._transport._task is not None:
            self._transport._task.add_done_callback(_note_failure)

    async def close(self) -> None:
        """Say goodbye and take nothing more."""
        await self._transport.stop()
        self._pipe.close()

    @property
    def receiving_keys(self) -> SrtpKeys | None:
        """The keys to decrypt with; None before the handshake."""
        return self._keys(self._transport._rx_srtp)

    @property
    def sending_keys(self) -> SrtpKeys | None:
        """The keys to encrypt RTP with; None before the handshake."""
        return self._keys(self._transport._tx_srtp)

    def _keys(self, session: pylibsrtp.Session | None) -> SrtpKeys | None:
        return SrtpKeys(session) if session is not None and self.is_connected else None

    def protect_rtcp(self, packet: bytes) -> bytes | None:
        """Encrypt a packet of reports; None when it is too long or there are no keys yet."""
        session = self._transport._tx_srtp
        if session is None or not self.is_connected:
            return None
        try:
            secret: bytes = session.protect_rtcp(packet)
        except (pylibsrtp.Error, ValueError):
            return None
        return secret


def _note_failure(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.warning("A DTLS association ended with an error", exc_info=task.exception())
