"""Damaged packets, descriptions and messages: read or refused, and nothing else ever happens.

`make unit` tries a few hundred of each, `make fuzz` goes on for ten minutes. What goes in is made
from what browsers send, damaged in a few places: bytes alone seldom get past the first field.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.rtp_streams import (
    AV1,
    VP9,
    Camera,
    LayeredCamera,
    Microphone,
    publisher_of_pictures,
    publisher_of_sound,
)

from codesyncx_media.rtp.bandwidth import KnownBandwidth
from codesyncx_media.rtp.forwarder import Forwarder
from codesyncx_media.rtp.packet import parse_rtp
from codesyncx_media.rtp.rtcp import RtcpPacket, build_rtcp
from codesyncx_media.rtp.rtcp_feedback import (
    FullIntraRequest,
    Nack,
    PictureLossIndication,
    ReceiverEstimatedBitrate,
)
from codesyncx_media.rtp.rtcp_reports import (
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceDescription,
)
from codesyncx_media.rtp.subscriber import Subscriber
from codesyncx_media.rtp.transport_feedback import TransportFeedback
from codesyncx_media.sdp import Fingerprint, IceCredentials, LocalTransport, PublisherSession
from codesyncx_media.signalling.messages import CLIENT_MESSAGES, decode
from codesyncx_media.transport.outbox import MAX_PACKET
from codesyncx_server.errors import CodeSyncXError

pytestmark = pytest.mark.fuzz

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "80"))
fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
OFFERS = sorted((Path(__file__).parent / "sdp" / "offers").glob("*.sdp"))
MOST_REPEATED = 100
U16, U32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Change, cut out, double or put in a few bytes."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        how = draw(st.sampled_from(["flip", "set", "cut", "end", "double", "insert"]))
        if not data or how == "insert":
            data[at:at] = draw(st.binary(max_size=8))
        elif how == "flip":
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif how == "set":
            data[at] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xBE, 0xDE, 0xFF]))
        elif how == "cut":
            del data[at : at + draw(st.integers(1, 16))]
        elif how == "end":
            del data[at:]
        else:
            data += data[at : at + 64]
    return bytes(data)


@st.composite
def media_packets(draw: st.DrawFn) -> list[bytes]:
    """Give what a publisher of three layers and sound sends, some of it damaged."""
    cameras = [Camera(7 + layer, rid) for layer, rid in enumerate("qhf")]
    microphone = Microphone(9)
    packets: list[bytes] = []
    for number in range(draw(st.integers(1, 24))):
        camera = cameras[draw(st.integers(0, 2))]
        which = draw(st.sampled_from(["picture", "picture", "sound", "again"]))
        if which == "picture":
            packet = camera.next(keyframe=number == 0 or draw(st.booleans()))
        elif which == "sound" or not packets:
            packet = microphone.next(draw(st.integers(0, 127)))
        else:
            packet = camera.again(camera.next(), 70, number)
        packets.append(draw(damaged(packet)) if draw(st.booleans()) else packet)
    return packets


@fuzzed
@given(media_packets(), st.lists(st.floats(0, 0.5), min_size=24, max_size=24))
def test_whatever_a_publisher_sends_subscribers_get_whole_packets(
    packets: list[bytes], pauses: list[float]
) -> None:
    forwarder = Forwarder()
    pictures, picture = publisher_of_pictures(("q", "h", "f"))
    sounds, sound = publisher_of_sound()
    subscriber = Subscriber()
    for number, track in enumerate((picture, sound)):
        forwarder.subscribe(subscriber, track, 1000 + 10 * number, repair_ssrc=1001 + 10 * number)
    now = 1.0
    for packet, pause in zip(packets, pauses, strict=False):
        now += pause
        for publisher in (pictures, sounds):
            for _, out in forwarder.receive(publisher, packet, now):
                view = parse_rtp(bytes(out))
                assert view.ssrc in {1000, 1010}
                assert len(out) <= MAX_PACKET
            publisher.poll(now)
        reports, probes = subscriber.poll(now)
        for probe in probes:
            parse_rtp(bytes(probe))
        assert all(len(report) <= MAX_PACKET for report in reports)


@fuzzed
@given(st.sampled_from(["vp9", "av1"]), st.integers(50_000, 2_000_000), st.data())
def test_whatever_layers_a_publisher_sends_subscribers_get_whole_packets(
    codec: str, estimate_bps: int, data: st.DataObject
) -> None:
    forwarder, camera = Forwarder(), LayeredCamera(7, codec)
    publisher, track = publisher_of_pictures(formats=AV1 if codec == "av1" else VP9)
    path = KnownBandwidth(estimate_bps)
    subscriber = Subscriber(bandwidth=path)
    forwarder.subscribe(subscriber, track, 1000, repair_ssrc=1001)
    now = 1.0
    for number in range(data.draw(st.integers(1, 12))):
        now += data.draw(st.sampled_from([0.03, 0.2, 0.3]))
        for packet in camera.next(keyframe=number == 0 or data.draw(st.booleans())):
            is_damaged = data.draw(st.sampled_from([False, False, True]))
            sent = data.draw(damaged(packet)) if is_damaged else packet
            for _, out in forwarder.receive(publisher, sent, now):
                assert parse_rtp(bytes(out)).ssrc == 1000
                assert len(out) <= MAX_PACKET
        publisher.poll(now)
        subscriber.poll(now)
        lost = build_rtcp([Nack(1, 1000, data.draw(st.lists(U16, max_size=5)))])
        for out in subscriber.receive_rtcp(lost, now):
            parse_rtp(bytes(out))


SSRCS = st.sampled_from([1000, 1001, 7, 8, 0]) | U32


def report_blocks() -> st.SearchStrategy[list[ReportBlock]]:
    block = st.builds(
        ReportBlock,
        SSRCS,
        st.integers(0, 255),
        st.integers(0, 0x7FFFFF),
        U32,
        U32,
        U32,
        U32,
    )
    return st.lists(block, max_size=4)


def reports() -> st.SearchStrategy[RtcpPacket]:
    packet: st.SearchStrategy[RtcpPacket] = st.one_of(
        st.builds(Nack, U32, SSRCS, st.lists(U16, max_size=40)),
        st.builds(PictureLossIndication, U32, SSRCS),
        st.builds(
            FullIntraRequest,
            U32,
            st.lists(st.tuples(SSRCS, st.integers(0, 255)), max_size=5),
        ),
        st.builds(
            ReceiverEstimatedBitrate, U32, st.integers(0, 1 << 40), st.lists(SSRCS, max_size=5)
        ),
        st.builds(
            TransportFeedback,
            U32,
            SSRCS,
            U16,
            st.integers(0, 255),
            st.lists(st.none() | st.integers(0, 1 << 20), min_size=1, max_size=60),
        ),
        st.builds(ReceiverReport, U32, report_blocks()),
        st.builds(
            SenderReport, SSRCS, st.integers(0, (1 << 64) - 1), U32, U32, U32, report_blocks()
        ),
        st.builds(SourceDescription, st.dictionaries(SSRCS, st.binary(max_size=20), max_size=3)),
    )
    return packet


@fuzzed
@given(st.data())
def test_whatever_reports_say_answers_are_few(data: st.DataObject) -> None:
    forwarder = Forwarder()
    publisher, track = publisher_of_pictures()
    subscriber = Subscriber()
    forwarder.subscribe(subscriber, track, 1000, repair_ssrc=1001)
    camera = Camera(7)
    now = 1.0
    for number in range(40):
        forwarder.receive(publisher, camera.next(keyframe=number == 0), now + number / 30)
    for _ in range(data.draw(st.integers(1, 6))):
        now += data.draw(st.floats(0, 3))
        compound = build_rtcp(data.draw(st.lists(reports(), min_size=1, max_size=4)))
        datagram = data.draw(damaged(compound))
        repeated = subscriber.receive_rtcp(datagram, now)
        assert len(repeated) <= MOST_REPEATED
        publisher.receive_rtcp(datagram, now)
        asked = publisher.poll(now)
        assert sum(map(len, asked)) < 20_000
        subscriber.poll(now)


LOCAL = LocalTransport(
    IceCredentials("serv", "0123456789abcdefghijkl"),
    Fingerprint("sha-256", ":".join(["AB"] * 32)),
    [("192.0.2.1", 40000)],
)


@fuzzed
@given(st.data())
def test_whatever_is_offered_is_answered_or_refused(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(OFFERS)).read_bytes().split(b"\r\n")
    others = data.draw(st.sampled_from(OFFERS)).read_bytes().split(b"\r\n")
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(lines) - 1))
        how = data.draw(st.sampled_from(["drop", "double", "swap", "damage", "borrow"]))
        if how == "drop" and len(lines) > 1:
            del lines[at]
        elif how == "double":
            lines.insert(at, lines[at])
        elif how == "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        elif how == "borrow":
            lines.insert(at, data.draw(st.sampled_from(others)))
        else:
            lines[at] = data.draw(damaged(lines[at]))
    text = b"\r\n".join(lines).decode(errors="replace")
    session = PublisherSession(LOCAL, 1)
    for _ in range(2):
        with suppress(CodeSyncXError):
            assert session.answer(text).text.startswith("v=0\r\n")


MESSAGES = [
    {"type": kind, **{name: "x" for name in schema["required"] if name != "type"}}
    for kind, schema in CLIENT_MESSAGES.items()
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@fuzzed
@given(st.data())
def test_whatever_is_said_is_a_message_or_refused(data: st.DataObject) -> None:
    message = dict(data.draw(st.sampled_from(MESSAGES)))
    for name in data.draw(st.lists(st.sampled_from([*message, "id", "more"]), max_size=4)):
        message[name] = data.draw(VALUES)
    raw = data.draw(damaged(json.dumps(message).encode()))
    with suppress(CodeSyncXError):
        assert decode(raw.decode(errors="replace")).type in CLIENT_MESSAGES
