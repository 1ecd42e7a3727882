"""Who is sent what, and from when on."""

from __future__ import annotations

import pytest
from support.hot_paths import PythonPath
from support.rtp_streams import Camera

from codesyncx_media.forwarding import Forwarding
from codesyncx_media.rtp.rtcp import parse_rtcp
from codesyncx_media.rtp.rtcp_feedback import PictureLossIndication
from codesyncx_media.sdp import OutgoingStream, PublishedMedia, SubscribedMedia
from codesyncx_media.sdp.description import Codec
from codesyncx_media.transport import Connection, ConnectionState, UdpPort
from codesyncx_media.transport.private_aiortc import Certificate, Decryption

CAMERA = PublishedMedia(
    mid="1",
    kind="video",
    codec="vp8",
    codecs=(Codec(96, "vp8", 90000),),
    subscriber_payload_types={96: 96},
    extensions=(),
    rids=(),
    ssrcs=(7,),
    repairs={},
)
SEEN = SubscribedMedia(
    OutgoingStream("picture", "ada", "video", 1000), "0", frozenset({"vp8"}), has_repair=False
)


class Wire:
    """A socket with the hot path in Python, which keeps what it sends."""

    address = ("192.0.2.9", 9)

    def __init__(self) -> None:
        self.hot = PythonPath()
        self.path = "python"
        self.outbox = self.hot.outbox
        self.lanes = self.hot.kinds
        self.decryption = Decryption()

    def new_way(self) -> object:
        return self.hot.ways[0]


class Browser:
    """A publisher that counts how often it is asked for a key frame."""

    def __init__(self) -> None:
        self.wishes = 0

    def send_rtcp(self, packet: bytes) -> bool:
        wishes = [each for each in parse_rtcp(packet) if isinstance(each, PictureLossIndication)]
        self.wishes += len(wishes)
        return True

    def receive_rtp(self, _packet: bytes, _now: float) -> None:
        raise AssertionError("nobody sends here")

    receive_rtcp = receive_rtp

    def connection_changed(self, _state: ConnectionState) -> None:
        pass


def connect(wire: Wire, browser: Browser) -> Connection:
    port = UdpPort(Certificate(), lambda: 100.0)
    port.attach(wire)  # type: ignore[arg-type]
    return port.connect(browser)


@pytest.mark.asyncio
async def test_a_picture_begins_when_the_way_to_its_viewer_is_there() -> None:
    wire, publisher, camera = Wire(), Browser(), Camera(7)
    connection = connect(wire, Browser())
    forwarding = Forwarding(lambda _member, _track: True)
    forwarding.publish("ada", publisher, [("picture", CAMERA)])
    forwarding.receive_rtp("ada", camera.next(), 1.0)
    forwarding.subscribe("ben", connection, [SEEN])
    forwarding.receive_rtp("ada", camera.next(keyframe=True), 1.1)
    forwarding.poll(1.1)
    assert (publisher.wishes, connection.sent) == (0, 0), "before the handshake nothing arrives"

    connection.state = ConnectionState.CONNECTED
    forwarding.subscriber_ready("ben")
    forwarding.poll(1.2)
    assert publisher.wishes == 1
    forwarding.receive_rtp("ada", camera.next(), 1.3)
    assert connection.sent == 0, "without a key frame it can't be decoded"
    for keyframe in (True, False, False):
        forwarding.receive_rtp("ada", camera.next(keyframe=keyframe), 1.4)
    assert connection.sent == 3
    assert len(wire.hot.take_sent()[0]) == 3


@pytest.mark.asyncio
async def test_whoever_may_receive_it_no_more_gets_no_packet_of_it() -> None:
    wire, publisher, camera = Wire(), Browser(), Camera(7)
    connection = connect(wire, Browser())
    connection.state = ConnectionState.CONNECTED
    allowed = {"ben"}
    forwarding = Forwarding(lambda member, _track: member in allowed)
    forwarding.publish("ada", publisher, [("picture", CAMERA)])
    forwarding.subscribe("ben", connection, [SEEN])
    forwarding.receive_rtp("ada", camera.next(keyframe=True), 1.0)
    assert connection.sent == 1
    allowed.clear()
    forwarding.rights_changed()
    forwarding.receive_rtp("ada", camera.next(keyframe=True), 1.1)
    assert connection.sent == 1
    allowed.add("ben")
    forwarding.rights_changed()
    forwarding.receive_rtp("ada", camera.next(keyframe=True), 1.2)
    assert connection.sent == 2
    connection.way.encrypt_with(None)
    forwarding.receive_rtp("ada", camera.next(), 1.3)
    assert connection.sent == 2, "a connection that has ended gets nothing"
