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

from ..sdp import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_log = logging.getLogger(__name__)

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

    def unprotect(self, datagram: bytes, *, is_rtcp: bool) -> bytes | None:
        """Decrypt a packet; None when it isn't the client's, is a copy, or too early."""
        session = self._transport._rx_srtp
        if session is None or not self.is_connected:
            return None
        try:
            plain: bytes = (
                session.unprotect_rtcp(datagram) if is_rtcp else session.unprotect(datagram)
            )
        except (pylibsrtp.Error, ValueError):
            return None
        return plain

    def protect(self, packet: bytes, *, is_rtcp: bool) -> bytes | None:
        """Encrypt a packet; None when it is too long or there are no keys yet."""
        session = self._transport._tx_srtp
        if session is None or not self.is_connected:
            return None
        try:
            secret: bytes = session.protect_rtcp(packet) if is_rtcp else session.protect(packet)
        except (pylibsrtp.Error, ValueError):
            return None
        return secret


def _note_failure(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.warning("A DTLS association ended with an error", exc_info=task.exception())
