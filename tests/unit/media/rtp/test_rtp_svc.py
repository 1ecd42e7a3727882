"""One stream with spatial layers inside (SVC), for subscribers with much room and with little."""

from __future__ import annotations

import itertools

import pytest
from support.rtp_streams import AV1, VP9, LayeredCamera, publisher_of_pictures

from codesyncx_media.rtp.bandwidth import KnownBandwidth
from codesyncx_media.rtp.extensions import (
    DEPENDENCY_DESCRIPTOR,
    SUBSCRIBER_IDS,
    TRANSPORT_SEQUENCE,
    elements,
)
from codesyncx_media.rtp.forwarder import Forwarder
from codesyncx_media.rtp.packet import RtpView, parse_rtp
from codesyncx_media.rtp.rtcp import build_rtcp, parse_rtcp
from codesyncx_media.rtp.rtcp_feedback import Nack, PictureLossIndication
from codesyncx_media.rtp.subscriber import Subscriber
from codesyncx_media.rtp.vp9 import describe_vp9

LITTLE, MUCH = 60_000, 5_000_000
PICTURES_PER_S = 30


class Call:
    """A camera with layers inside, which sends key frames when it is asked, and two who look."""

    def __init__(self, codec: str, *, takes_descriptors: bool = True) -> None:
        self.forwarder = Forwarder()
        formats = AV1 if codec == "av1" else VP9
        self.publisher, self.track = publisher_of_pictures(formats=formats)
        self.camera = LayeredCamera(10, codec)
        self.paths = [KnownBandwidth(MUCH), KnownBandwidth(MUCH)]
        self.subscribers = [Subscriber(n, bandwidth=path) for n, path in enumerate(self.paths)]
        for one in self.subscribers:
            self.forwarder.subscribe(
                one, self.track, 555, repair_ssrc=556, takes_descriptors=takes_descriptors
            )
        self.arrived: list[list[RtpView]] = [[], []]
        self.keyframes = 0
        self.now = 100.0

    def run(self, seconds: float) -> None:
        """Let the camera send."""
        for one in self.arrived:
            one.clear()
        for _ in range(round(seconds * PICTURES_PER_S)):
            self.now += 1 / PICTURES_PER_S
            asked = [p for datagram in self.publisher.poll(self.now) for p in parse_rtcp(datagram)]
            keyframe = any(isinstance(packet, PictureLossIndication) for packet in asked)
            self.keyframes += keyframe
            for data in self.camera.next(keyframe=keyframe):
                for handle, out in self.forwarder.receive(self.publisher, data, self.now):
                    assert isinstance(handle, int)
                    self.arrived[handle].append(parse_rtp(bytes(out)))
            for one in self.subscribers:
                one.poll(self.now)


def layers(packets: list[RtpView]) -> set[int]:
    """Give the spatial layers that packets are of; each has its number for a body."""
    return {packet.data[packet.payload_end - 1] for packet in packets}


def check_numbers(packets: list[RtpView]) -> None:
    """Nothing seems to be missing, and each picture ends with a marker."""
    first = packets[0].sequence_number
    numbers = [packet.sequence_number - first & 0xFFFF for packet in packets]
    assert numbers == list(range(len(packets)))
    for packet, following in itertools.pairwise(packets):
        assert bool(packet.marker) is (packet.timestamp != following.timestamp)


@pytest.mark.parametrize("codec", ["vp9", "av1"])
def test_each_gets_the_layers_that_their_path_takes(codec: str) -> None:
    call = Call(codec)
    call.run(3)
    for packets in call.arrived:
        assert layers(packets) == {0, 1, 2}
        check_numbers(packets)
    call.paths[0].estimate_bps = LITTLE
    call.run(1)
    before = call.keyframes
    call.run(3)
    assert layers(call.arrived[0]) == {0}
    assert layers(call.arrived[1]) == {0, 1, 2}
    assert len({packet.timestamp for packet in call.arrived[0]}) == 3 * PICTURES_PER_S
    assert call.keyframes == before
    for packets in call.arrived:
        check_numbers(packets)


@pytest.mark.parametrize("codec", ["vp9", "av1"])
def test_a_larger_layer_begins_with_a_key_frame(codec: str) -> None:
    call = Call(codec)
    call.run(2)
    call.paths[0].estimate_bps = LITTLE
    call.run(4)
    call.paths[0].estimate_bps = MUCH
    before = call.keyframes
    call.run(6)
    packets = call.arrived[0]
    assert layers(packets[:3]) == {0}
    assert layers(packets[-30:]) == {0, 1, 2}
    assert call.keyframes == before + 1
    check_numbers(packets)
    first = next(at for at, packet in enumerate(packets) if layers([packet]) == {1})
    assert {packet.timestamp for packet in packets[first - 1 : first + 2]} == {
        packets[first].timestamp
    }


def test_pictures_without_their_upper_layers_are_numbered_as_they_were() -> None:
    call = Call("vp9")
    call.run(2)
    call.paths[0].estimate_bps = LITTLE
    call.run(1)
    call.run(1)
    ids = [
        describe_vp9(packet.data, packet.payload_start, packet.payload_end).picture_id
        for packet in call.arrived[0]
    ]
    assert ids == list(range(ids[0], ids[0] + len(ids)))


@pytest.mark.parametrize("codec", ["vp9", "av1"])
def test_what_is_sent_again_ends_its_picture_too(codec: str) -> None:
    call = Call(codec)
    call.run(2)
    call.paths[0].estimate_bps = LITTLE
    call.run(1)
    call.run(1)
    lost = call.arrived[0][-5]
    nack = build_rtcp([Nack(1, 555, [lost.sequence_number])])
    (again,) = call.subscribers[0].receive_rtcp(nack, call.now)
    view = parse_rtp(bytes(again))
    assert (view.ssrc, view.timestamp, bool(view.marker)) == (556, lost.timestamp, True)
    assert (
        view.data[view.payload_start + 2 : view.payload_end]
        == (lost.data[lost.payload_start : lost.payload_end])
    )
    assert descriptor_of(view) == descriptor_of(lost)


def descriptor_of(view: RtpView) -> bytes:
    found = {number: view.data[start:end] for number, start, end in elements(view)}
    assert len(found[SUBSCRIBER_IDS[TRANSPORT_SEQUENCE]]) == 2
    return found.get(SUBSCRIBER_IDS[DEPENDENCY_DESCRIPTOR], b"")


def test_dependency_descriptors_come_through_long_or_short() -> None:
    call = Call("av1")
    call.run(1)
    described = [descriptor_of(packet) for packet in call.arrived[0]]
    assert {len(each) for each in described} == {3, 26}
    assert described[1][0] & 0x3F == 1


def test_who_didnt_agree_on_descriptors_gets_none_not_even_again() -> None:
    call = Call("av1", takes_descriptors=False)
    call.run(2)
    call.paths[0].estimate_bps = LITTLE
    call.run(1)
    packets = call.arrived[0]
    assert {descriptor_of(packet) for packet in packets} == {b""}
    check_numbers(packets)
    nack = build_rtcp([Nack(1, 555, [packets[-5].sequence_number])])
    (again,) = call.subscribers[0].receive_rtcp(nack, call.now)
    assert descriptor_of(parse_rtp(bytes(again))) == b""
