"""One stream without gaps out of several, for one subscriber."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rtp_streams import (
    FRAME_TICKS,
    Camera,
    Microphone,
    publisher_of_pictures,
    publisher_of_sound,
)

from codesyncx_media.rtp.epochs import Epochs, patched
from codesyncx_media.rtp.packet import RtpView, parse_rtp
from codesyncx_media.rtp.rtcp_reports import SenderReport
from codesyncx_media.rtp.send_history import SendHistory
from codesyncx_media.rtp.sender_clock import NTP_SECOND
from codesyncx_media.rtp.subscription import Subscription
from codesyncx_media.rtp.vp8 import describe_vp8

if TYPE_CHECKING:
    from codesyncx_media.rtp.media_packet import MediaPacket
    from codesyncx_media.rtp.publisher import Publisher
    from codesyncx_media.rtp.track import Track

FRAME_S = 1 / 30


class Scene:
    """A simulcast publisher and one subscription."""

    def __init__(self) -> None:
        self.publisher, self.track = publisher_of_pictures(("q", "h", "f"))
        self.cameras = [
            Camera(100 + layer, rid, sequence=9000 * layer + 65500, timestamp=layer << 30)
            for layer, rid in enumerate("qhf")
        ]
        self.subscription = subscription_to(self.track, repair_ssrc=556)
        self.now = 1.0

    def packet(self, layer: int, *, keyframe: bool = False, temporal: int = 0) -> MediaPacket:
        data = self.cameras[layer].next(keyframe=keyframe, layer=temporal)
        return taken(self.publisher, data, self.now)

    def send(self, layer: int, *, keyframe: bool = False, temporal: int = 0) -> RtpView | None:
        out = self.subscription.forward(
            self.packet(layer, keyframe=keyframe, temporal=temporal), self.now
        )
        return parse_rtp(bytes(out)) if out is not None else None

    def aim(self, layer: int) -> None:
        self.subscription.target = self.track.streams[layer]


def taken(publisher: Publisher, data: bytes, now: float = 1.0) -> MediaPacket:
    packet = publisher.receive_rtp(data, now)
    assert packet is not None
    return packet


def subscription_to(track: Track, repair_ssrc: int | None = None) -> Subscription:
    return Subscription(track, 555, SendHistory(), repair_ssrc=repair_ssrc, first_sequence=32767)


def picture(view: RtpView) -> tuple[int, int]:
    info = describe_vp8(view.data, view.payload_start, view.payload_end)
    return info.picture_id, info.tl0_index


def test_a_subscriber_begins_with_a_key_frame() -> None:
    scene = Scene()
    assert scene.send(0) is None
    first = scene.send(0, keyframe=True)
    assert first is not None
    assert (first.ssrc, first.sequence_number, first.payload_type) == (555, 32767, 100)
    second = scene.send(0)
    assert second is not None
    assert second.sequence_number == 32768
    assert second.timestamp - first.timestamp == FRAME_TICKS


def test_a_change_of_layers_waits_for_a_key_frame_and_leaves_no_gap() -> None:
    scene = Scene()
    scene.send(0, keyframe=True)
    scene.packet(1)
    scene.aim(1)
    before = scene.send(0)
    assert before is not None
    assert scene.send(1) is None
    scene.now += FRAME_S
    after = scene.send(1, keyframe=True)
    assert after is not None
    assert scene.send(0) is None
    assert after.sequence_number == before.sequence_number + 1
    assert after.timestamp - before.timestamp == pytest.approx(FRAME_TICKS, abs=1)
    assert picture(after) == (picture(before)[0] + 1, picture(before)[1] + 1)


def test_a_change_of_layers_keeps_time_by_the_publishers_clock() -> None:
    scene = Scene()
    low, high = scene.cameras[:2]
    scene.send(0, keyframe=True)
    scene.packet(1)
    for camera in (low, high):
        report = SenderReport(camera.ssrc, 7000 * NTP_SECOND, camera.timestamp)
        scene.publisher.receive_rtcp(report.build(), scene.now)
    scene.aim(1)
    last = scene.send(0)
    scene.now += 0.3  # the key frame is large and comes late
    first = scene.send(1, keyframe=True)
    second = scene.send(1)
    assert last is not None
    assert first is not None
    assert second is not None
    assert first.timestamp - last.timestamp == 1  # both show the same moment
    assert second.timestamp - first.timestamp == FRAME_TICKS


def test_a_change_of_sources_goes_by_their_arrival() -> None:
    scenes, epochs, views = (Scene(), Scene()), Epochs(first_sequence=5), []
    for scene, at in zip(scenes, (1.0, 1.5), strict=True):
        scene.now = at
        packet = scene.packet(0, keyframe=True)
        report = SenderReport(100, round(at * 1000) << 32, packet.timestamp)
        scene.publisher.receive_rtcp(report.build(), at)
        views.append(parse_rtp(bytes(patched(epochs.begin(packet, at), packet, 77, 0))))
    before, after = views
    assert after.sequence_number - before.sequence_number == 1
    assert (after.timestamp - before.timestamp) & 0xFFFFFFFF == 45000
    assert picture(after)[0] - picture(before)[0] == 1


def test_frames_left_out_are_not_missed() -> None:
    scene = Scene()
    scene.send(0, keyframe=True)
    scene.subscription.max_temporal_layer = 0
    sent = [scene.send(0, temporal=temporal) for temporal in [2, 1, 2, 0, 2, 1, 2, 0]]
    views = [view for view in sent if view is not None]
    assert [view.sequence_number for view in views] == [32768, 32769]
    assert picture(views[1])[0] - picture(views[0])[0] == 1
    assert picture(views[1])[1] - picture(views[0])[1] == 1
    assert views[1].timestamp - views[0].timestamp == 4 * FRAME_TICKS


def test_late_packets_take_the_place_that_was_kept_for_them() -> None:
    scene = Scene()
    scene.send(0, keyframe=True)
    late = scene.cameras[0].next()
    scene.subscription.max_temporal_layer = 0
    scene.send(0, temporal=1)
    after = scene.send(0)
    out = scene.subscription.forward(taken(scene.publisher, late), scene.now)
    assert after is not None
    assert out is not None
    assert parse_rtp(bytes(out)).sequence_number == 32768
    assert after.sequence_number == 32769


def test_a_packet_from_before_the_beginning_is_not_sent() -> None:
    scene = Scene()
    scene.send(0)
    late = scene.cameras[0].next()
    scene.send(0, keyframe=True)
    assert scene.publisher.receive_rtp(late, scene.now) is None
    assert scene.subscription.repeat([32766], 0.1, scene.now) == []


def test_a_speaker_comes_back_without_a_gap_and_on_time() -> None:
    publisher, track = publisher_of_sound()
    microphone = Microphone(8)
    subscription = subscription_to(track)
    views = []
    for number in range(30):
        packet = taken(publisher, microphone.next())
        if number == 10:
            subscription.pause()
        if not 10 <= number < 20:
            out = subscription.forward(packet, 1 + number * 0.02)
            assert out is not None
            views.append(parse_rtp(bytes(out)))
    assert [view.sequence_number - 32767 for view in views] == list(range(20))
    assert views[10].timestamp - views[9].timestamp == 11 * 960


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),  # the layer aimed at
            st.integers(0, 2),  # the temporal layer
            st.integers(0, 9),  # 0: a key frame; 1: lost on its way to us
            st.booleans(),  # every temporal layer wanted
        ),
        max_size=80,
    )
)
def test_numbers_only_ever_step_by_what_was_lost(
    steps: list[tuple[int, int, int, bool]],
) -> None:
    scene = Scene()
    first = scene.send(0, keyframe=True)
    assert first is not None
    scene.packet(1)
    scene.packet(2)
    views, lost = [first], 0
    for layer, temporal, fate, is_full in steps:
        scene.now += FRAME_S
        scene.aim(layer)
        scene.subscription.max_temporal_layer = 8 if is_full else 0
        for source in range(3):
            keyframe = fate == 0
            if fate == 1:
                scene.cameras[source].next()
                lost += source == 0
                continue
            view = scene.send(source, keyframe=keyframe, temporal=0 if keyframe else temporal)
            if view is not None:
                views.append(view)
    pairs = list(itertools.pairwise(views))
    gaps = [(b.sequence_number - a.sequence_number) & 0xFFFF for a, b in pairs]
    assert all(1 <= gap <= 1 + lost for gap in gaps)
    assert sum(gap - 1 for gap in gaps) <= lost
    assert all(0 < (b.timestamp - a.timestamp) & 0xFFFFFFFF < 0x80000000 for a, b in pairs)
    pictures = [(picture(b)[0] - picture(a)[0]) & 0x7FFF for a, b in pairs]
    assert all(1 <= step <= 1 + lost for step in pictures)


def test_a_packet_is_sent_again_as_it_was() -> None:
    scene = Scene()
    scene.packet(1)
    sent = [scene.send(0, keyframe=True)]
    sent += [scene.send(0) for _ in range(3)]
    scene.aim(1)
    sent += [scene.send(1, keyframe=True), scene.send(1)]
    for number, view in enumerate(sent):
        assert view is not None
        (out,) = scene.subscription.repeat([view.sequence_number], 0.1, 2.0)
        again = parse_rtp(bytes(out))
        assert (again.ssrc, again.payload_type) == (556, 101)
        assert again.timestamp == view.timestamp
        assert again.payload == view.sequence_number.to_bytes(2, "big") + view.payload
        assert number < 6


def test_a_packet_is_sent_again_once_a_round_trip() -> None:
    scene = Scene()
    scene.send(0, keyframe=True)
    assert scene.subscription.repeat([32767, 32767], 0.1, 2.0) != []
    assert scene.subscription.repeat([32767], 0.1, 2.05) == []
    assert len(scene.subscription.repeat([32767], 0.1, 2.11)) == 1


def test_what_was_never_sent_is_not_sent_again() -> None:
    scene = Scene()
    scene.send(0, keyframe=True)
    assert scene.subscription.repeat([32766, 32768, 5], 0.1, 2.0) == []
    assert subscription_to(scene.track).repeat([1], 0.1, 2.0) == []


def test_a_storm_of_requests_is_answered_in_part() -> None:
    scene = Scene()
    scene.send(0, keyframe=True)
    sent = [scene.send(0) for _ in range(400)]
    numbers = [view.sequence_number for view in sent if view is not None]
    answered = sum(
        len(scene.subscription.repeat(numbers, 0.01, 2 + tenth / 10)) for tenth in range(10)
    )
    assert 100 <= answered <= 300


@given(st.lists(st.integers(0, 0xFFFF), max_size=30))
def test_any_numbers_may_be_asked_for(numbers: list[int]) -> None:
    scene = Scene()
    scene.send(0, keyframe=True)
    for _ in range(5):
        scene.send(0)
    assert len(scene.subscription.repeat(numbers, 0.1, 2.0)) <= 6


def test_padding_repeats_pictures_and_fills_with_nothing() -> None:
    scene = Scene()
    scene.cameras[0].size = 1000
    scene.send(0, keyframe=True)
    scene.send(0)
    padding = scene.subscription.padding(4000, 2.0)
    assert sum(map(len, padding)) >= 4000
    views = [parse_rtp(bytes(out)) for out in padding]
    assert {view.ssrc for view in views} == {556}
    assert [view.sequence_number for view in views] == list(
        range(views[0].sequence_number, views[0].sequence_number + len(views))
    )
    assert len([view for view in views if view.payload]) == 2


def test_reports_keep_sound_and_pictures_together() -> None:
    scene = Scene()
    first = scene.send(0, keyframe=True)
    assert first is not None
    assert scene.subscription.sender_report(scene.now) is None
    camera = scene.cameras[0]
    report = SenderReport(camera.ssrc, 7000 * NTP_SECOND, camera.timestamp)
    scene.publisher.receive_rtcp(report.build(), scene.now)
    told = scene.subscription.sender_report(scene.now + 2)
    assert told is not None
    assert told.ntp_time == 7002 * NTP_SECOND
    assert told.rtp_time == first.timestamp + 180000
    assert (told.ssrc, told.packet_count) == (555, 1)
