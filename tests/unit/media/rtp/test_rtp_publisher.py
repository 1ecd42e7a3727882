"""One publisher's connection: what is taken in, and what it is asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.rtp_streams import (
    OPUS,
    PUBLISHER_IDS,
    VP8,
    Camera,
    Microphone,
    publisher_of_pictures,
    publisher_of_sound,
)

from codesyncx_media.rtp import extensions as ext
from codesyncx_media.rtp.demultiplexer import MAX_SSRCS
from codesyncx_media.rtp.media_packet import PAYLOAD_AT, MediaPacket
from codesyncx_media.rtp.packet import build_rtp, parse_rtp
from codesyncx_media.rtp.publisher import MAX_RTP_BYTES, Publisher
from codesyncx_media.rtp.rtcp import RtcpPacket, parse_rtcp
from codesyncx_media.rtp.rtcp_feedback import Nack, PictureLossIndication
from codesyncx_media.rtp.rtcp_reports import ReceiverReport, SenderReport
from codesyncx_media.rtp.track import TrackOffer
from codesyncx_media.rtp.transport_feedback import TransportFeedback


def taken(publisher: Publisher, data: bytes, now: float = 1.0) -> MediaPacket:
    packet = publisher.receive_rtp(data, now)
    assert packet is not None
    return packet


def answers(publisher: Publisher, now: float) -> list[RtcpPacket]:
    return [packet for datagram in publisher.poll(now) for packet in parse_rtcp(datagram)]


def test_a_packet_is_laid_out_for_subscribers() -> None:
    publisher, track = publisher_of_pictures()
    data = Camera(7).next(keyframe=True)
    packet = taken(publisher, data)
    view = parse_rtp(packet.wire)
    assert packet.stream.track is track
    assert packet.starts_keyframe
    assert (view.payload_type, view.payload_start) == (100, PAYLOAD_AT)
    assert view.payload == parse_rtp(data).payload
    assert packet.wire[packet.picture_id_at : packet.picture_id_at + 2] == b"\x81\x2d"


def test_layers_are_told_apart_by_name_and_then_by_source() -> None:
    publisher, track = publisher_of_pictures(("q", "h", "f"))
    for layer, rid in enumerate("qhf"):
        camera = Camera(100 + layer, rid)
        assert taken(publisher, camera.next()).stream.layer == layer
        camera.rid = ""
        assert taken(publisher, camera.next()).stream.layer == layer
    assert [stream.layer for stream in track.active_streams(1.5)] == [0, 1, 2]
    assert track.active_streams(3.0) == []


def test_a_later_track_is_found_by_extensions_that_the_first_had_no_use_for() -> None:
    publisher = Publisher({ext.MID: PUBLISHER_IDS[ext.MID]}, feedback_ssrc=99)
    publisher.add_track(TrackOffer("voice", "audio", "0", OPUS))
    publisher.agree_on_extensions(PUBLISHER_IDS)
    publisher.add_track(TrackOffer("camera", "video", "1", VP8, ("q", "h", "f")))
    assert taken(publisher, Camera(101, "h").next()).stream.layer == 1


def test_sound_around_sound_passes_as_it_is() -> None:
    publisher, _ = publisher_of_sound()
    microphone = Microphone(8, payload_type=63)
    packet = taken(publisher, microphone.next(level=25))
    assert parse_rtp(packet.wire).payload_type == 108
    assert packet.level == 25


def test_silence_that_is_not_sent_is_no_loss() -> None:
    publisher, track = publisher_of_sound()
    microphone = Microphone(8)
    for second in range(5):
        taken(publisher, microphone.next(silent_packets=50), float(second))
    stream = track.streams[0]
    assert stream is not None
    assert stream.statistics.report(8, 5.0).packets_lost == 0
    assert not [answer for answer in answers(publisher, 5.0) if isinstance(answer, Nack)]


def test_a_lost_packet_is_asked_for_and_taken_from_its_retransmission() -> None:
    publisher, _ = publisher_of_pictures()
    camera = Camera(7)
    taken(publisher, camera.next(keyframe=True), 1.0)
    lost = camera.next()
    taken(publisher, camera.next(), 1.03)
    nacks = [answer for answer in answers(publisher, 1.05) if isinstance(answer, Nack)]
    assert nacks == [Nack(99, 7, [1002])]
    packet = taken(publisher, camera.again(lost, 70, 5), 1.1)
    assert packet.sequence & 0xFFFF == 1002
    assert parse_rtp(packet.wire).payload == parse_rtp(lost).payload
    assert publisher.receive_rtp(camera.again(lost, 70, 6), 1.12) is None
    assert publisher.receive_rtp(lost, 1.13) is None


def test_a_retransmission_cannot_run_ahead_of_its_stream() -> None:
    publisher, _ = publisher_of_pictures()
    camera = Camera(7)
    taken(publisher, camera.next(keyframe=True))
    ahead = camera.next()
    assert publisher.receive_rtp(camera.again(ahead, 70, 1), 1.0) is None
    assert taken(publisher, ahead).sequence & 0xFFFF == 1002


def test_repairs_of_layers_find_their_layer() -> None:
    publisher, _ = publisher_of_pictures(("q", "h"))
    low, high = Camera(100, "q"), Camera(101, "h")
    for camera in (low, high):
        taken(publisher, camera.next())
    lost = high.next()
    taken(publisher, high.next())
    assert taken(publisher, high.again(lost, 201, 1)).stream.layer == 1


def test_a_key_frame_is_asked_for_once_for_all() -> None:
    publisher, _ = publisher_of_pictures()
    camera = Camera(7)
    stream = taken(publisher, camera.next()).stream
    for _ in range(100):
        stream.keyframes.want()
    assert PictureLossIndication(99, 7) in answers(publisher, 1.0)
    assert PictureLossIndication(99, 7) not in answers(publisher, 1.1)


def test_a_camera_that_is_off_is_not_asked() -> None:
    publisher, _ = publisher_of_pictures()
    stream = taken(publisher, Camera(7).next()).stream
    stream.keyframes.want()
    assert PictureLossIndication(99, 7) not in answers(publisher, 60.0)


def test_feedback_for_congestion_control_is_sent() -> None:
    publisher, _ = publisher_of_pictures()
    camera = Camera(7)
    for number in range(10):
        taken(publisher, camera.next(), 1 + number / 30)
    (feedback,) = [a for a in answers(publisher, 1.4) if isinstance(a, TransportFeedback)]
    assert (feedback.sender_ssrc, feedback.media_ssrc) == (99, 7)
    assert len(feedback.arrivals) == 10


def test_reports_carry_the_clock_on() -> None:
    publisher, track = publisher_of_pictures()
    taken(publisher, Camera(7).next())
    publisher.receive_rtcp(SenderReport(7, 5 << 32, 1234).build(), 1.0)
    stream = track.streams[0]
    assert stream is not None
    assert stream.clock.is_known
    (report,) = [a for a in answers(publisher, 2.0) if isinstance(a, ReceiverReport)]
    assert report.reports[0].last_sender_report == 5 << 16
    assert report.reports[0].delay_since_last_sender_report == 65536


def test_a_track_that_ended_takes_nothing_more() -> None:
    publisher, track = publisher_of_pictures()
    camera = Camera(7)
    taken(publisher, camera.next())
    publisher.remove_track(track)
    assert publisher.receive_rtp(camera.next(), 1.0) is None
    assert publisher.counters.unroutable == 1


def test_made_up_sources_are_no_memory_leak() -> None:
    publisher, _ = publisher_of_pictures()
    made_up = sum(
        publisher.receive_rtp(Camera(ssrc).next(), 1.0) is not None for ssrc in range(999)
    )
    assert made_up == MAX_SSRCS


def test_an_unknown_layer_or_format_goes_nowhere() -> None:
    publisher, _ = publisher_of_pictures(("q", "h"))
    assert publisher.receive_rtp(Camera(1, "z").next(), 1.0) is None
    assert publisher.receive_rtp(Camera(1).next(), 1.0) is None
    stranger = build_rtp(payload_type=13, sequence_number=1, timestamp=1, ssrc=5, payload=b"x")
    assert publisher.receive_rtp(stranger, 1.0) is None
    assert publisher.counters.unroutable == 3


def test_a_packet_that_could_not_be_forwarded_is_not_taken() -> None:
    publisher, _ = publisher_of_pictures()
    camera = Camera(7, size=MAX_RTP_BYTES)
    assert publisher.receive_rtp(camera.next(keyframe=True), 1.0) is None
    assert publisher.counters.malformed == 1


def test_without_ids_the_only_track_of_a_format_is_meant() -> None:
    publisher, _ = publisher_of_pictures()
    data = Camera(7).next(keyframe=True)
    bare = build_rtp(
        payload_type=96, sequence_number=1, timestamp=1, ssrc=7, payload=parse_rtp(data).payload
    )
    assert taken(publisher, bare).stream.ssrc == 7


def test_padding_alone_fills_its_number() -> None:
    publisher, _ = publisher_of_pictures()
    camera = Camera(7)
    taken(publisher, camera.next(keyframe=True))
    padding = build_rtp(
        payload_type=96, sequence_number=1002, timestamp=1, ssrc=7, payload=b"", padding=255
    )
    assert len(taken(publisher, padding).wire) == PAYLOAD_AT
    camera.sequence += 1
    taken(publisher, camera.next())
    assert not [answer for answer in answers(publisher, 2.0) if isinstance(answer, Nack)]


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_whatever_comes_nothing_is_raised(datagrams: list[bytes]) -> None:
    publisher, _ = publisher_of_pictures(("q", "h", "f"))
    camera = Camera(7, "q")
    taken(publisher, camera.next(keyframe=True))
    head = camera.next()
    for tail in datagrams:
        for data in (
            tail,
            head[:12] + tail,
            head[: -len(tail) - 1] + tail,
            bytes([0x90, 96]) + tail,
        ):
            publisher.receive_rtp(data, 1.0)
            publisher.receive_rtcp(data, 1.0)
            publisher.receive_rtcp(b"\x81\xc8\x00\x06" + data, 1.0)
    publisher.poll(1.1)


def test_ids_of_extensions_are_the_publishers_own() -> None:
    assert len(set(PUBLISHER_IDS.values())) == len(PUBLISHER_IDS)
