"""A client of the media port without a browser: checks, a handshake and packets of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aioice import stun
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport

from codesyncx_media.sdp import Fingerprint, IceCredentials
from codesyncx_media.sdp.description import RemoteTransport, Setup

if TYPE_CHECKING:
    from codesyncx_media.transport import Connection, UdpPort


class MediaClient(asyncio.DatagramProtocol):
    """One end of a connection; `received` has the packets in the clear."""

    role = "controlling"

    def __init__(self, port: UdpPort, connection: Connection) -> None:
        self.server = port.address
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self._connection = connection
        self._port = port
        self._datagrams: asyncio.Queue[bytes] = asyncio.Queue()
        self._answered = asyncio.Event()
        self._certificate = RTCCertificate.generateCertificate()
        pipe: Any = self
        self.dtls = RTCDtlsTransport(pipe, [self._certificate])
        self.dtls._set_role("client")
        receive: Any = self._receive_media
        self.dtls._handle_rtp_data = receive  # type: ignore[method-assign]
        self.dtls._handle_rtcp_data = receive  # type: ignore[method-assign]
        self.socket: Any = None

    @property
    def remote(self) -> RemoteTransport:
        """What the client's description says of it."""
        (print_,) = (f for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        return RemoteTransport(
            IceCredentials("clnt", "0123456789abcdefghijkl"),
            (Fingerprint(print_.algorithm, print_.value),),
            Setup.ACTIVE,
        )

    async def connect(self) -> None:
        """Check the connection, then shake hands."""
        loop = asyncio.get_running_loop()
        self.socket, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        await self.check()
        theirs = self._port.fingerprint
        fingerprint = RTCDtlsFingerprint(theirs.algorithm, theirs.value)
        await self.dtls.start(RTCDtlsParameters([fingerprint]))

    async def check(self) -> None:
        """Make a connectivity check and wait for its answer."""
        message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        message.attributes["USERNAME"] = f"{self._connection.ice.ufrag}:clnt"
        message.attributes["ICE-CONTROLLING"] = 1
        message.add_message_integrity(self._connection.ice.pwd.encode())
        self._answered.clear()
        self.socket.sendto(bytes(message), self.server)
        await asyncio.wait_for(self._answered.wait(), 10)

    async def send(self, packet: bytes) -> None:
        """Send a packet, encrypted."""
        await self.dtls._send_rtp(packet)

    async def close(self) -> None:
        """Leave with a goodbye."""
        await self.dtls.stop()
        self.socket.close()

    def datagram_received(self, data: bytes, _addr: Any) -> None:
        if data[0] <= 1:
            self._answered.set()
        else:
            self._datagrams.put_nowait(data)

    async def _receive_media(self, data: bytes, arrival_time_ms: int = 0) -> None:  # noqa: ARG002
        self.received.put_nowait(data)

    async def _recv(self) -> bytes:
        return await self._datagrams.get()

    async def _send(self, data: bytes) -> None:
        self.socket.sendto(data, self.server)
