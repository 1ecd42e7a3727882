"""A call without sockets: publishers, subscribers and what goes between them."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from support.rtp_streams import (
    OPUS,
    PUBLISHER_IDS,
    Camera,
    Microphone,
    publisher_of_pictures,
    publisher_of_sound,
)

from codesyncx_media.rtp.bandwidth import KnownBandwidth
from codesyncx_media.rtp.forwarder import Forwarder
from codesyncx_media.rtp.packet import parse_rtp
from codesyncx_media.rtp.publisher import Publisher
from codesyncx_media.rtp.rtcp import parse_rtcp
from codesyncx_media.rtp.rtcp_feedback import (
    FullIntraRequest,
    Nack,
    PictureLossIndication,
    ReceiverEstimatedBitrate,
)
from codesyncx_media.rtp.rtcp_reports import ReceiverReport, ReportBlock, SenderReport
from codesyncx_media.rtp.subscriber import Subscriber
from codesyncx_media.rtp.track import Track, TrackOffer
from codesyncx_media.rtp.transport_feedback import TransportFeedback

PACKETS_PER_S = 90


class Call:
    """One camera in three layers, and subscribers with handles 0, 1, ..."""

    def __init__(self, subscribers: int = 2, start: float = 100.0) -> None:
        self.forwarder = Forwarder()
        self.publisher, self.track = publisher_of_pictures(("q", "h", "f"))
        self.cameras = [
            Camera(10 + layer, rid, size=size)
            for layer, (rid, size) in enumerate([("q", 200), ("h", 500), ("f", 1200)])
        ]
        self.subscribers = [Subscriber(handle) for handle in range(subscribers)]
        for one in self.subscribers:
            self.forwarder.subscribe(one, self.track, 555, repair_ssrc=556)
        self.now = start
        self.arrived: list[list[bytes]] = [[] for _ in self.subscribers]
        self.delivers = [True] * subscribers
        self.pending: list[list[tuple[int, int]]] = [[] for _ in self.subscribers]

    def packet(self) -> None:
        """Let all layers send a packet, asked for key frames as a browser is."""
        self.now += 1 / PACKETS_PER_S
        wanted = {
            packet.media_ssrc
            for datagram in self.publisher.poll(self.now)
            for packet in parse_rtcp(datagram)
            if isinstance(packet, PictureLossIndication)
        }
        for camera in self.cameras:
            data = camera.next(keyframe=camera.ssrc in wanted)
            for handle, out in self.forwarder.receive(self.publisher, data, self.now):
                self.deliver(handle, out)
        for one in self.subscribers:
            for out in one.poll(self.now)[1]:
                self.deliver(one.handle, out)

    def deliver(self, handle: object, out: bytearray) -> None:
        assert isinstance(handle, int)
        if self.delivers[handle]:
            self.arrived[handle].append(bytes(out))
            number = int.from_bytes(out[17:19], "big")
            self.pending[handle].append((number, int(self.now * 4000) + 80))

    def run(self, seconds: float) -> None:
        for number in range(round(seconds * PACKETS_PER_S)):
            self.packet()
            if number % 9 == 8:
                for handle, one in enumerate(self.subscribers):
                    self.answer(handle, one)

    def answer(self, handle: int, subscriber: Subscriber) -> None:
        """Tell what arrived, as a browser does."""
        pending = self.pending[handle]
        if pending:
            base = pending[0][0]
            arrivals: list[int | None] = [None] * ((pending[-1][0] - base & 0xFFFF) + 1)
            for number, arrival in pending:
                arrivals[number - base & 0xFFFF] = arrival
            pending.clear()
            subscriber.receive_rtcp(TransportFeedback(9, 555, base, 0, arrivals).build(), self.now)

    def layer(self, handle: int) -> int | None:
        subscription = self.subscribers[handle].subscriptions[0]
        return subscription.current.layer if subscription.current is not None else None


def test_pictures_arrive_within_a_few_frames_of_joining() -> None:
    call = Call()
    call.run(0.2)
    for arrived in call.arrived:
        view = parse_rtp(arrived[0])
        assert (view.ssrc, view.payload_type) == (555, 100)
        assert len(arrived) >= 3


def test_a_good_path_gets_the_large_layer_and_a_small_window_does_not() -> None:
    call = Call()
    (small,) = call.subscribers[1].subscriptions
    small.max_layer = 0
    call.run(20)
    assert call.layer(0) == 2
    assert call.layer(1) == 0


def test_a_way_that_is_known_needs_no_measuring() -> None:
    call = Call(1)
    call.subscribers[0].bandwidth = KnownBandwidth()
    call.delivers[0] = False  # and so nothing is fed back
    call.run(2)
    assert call.layer(0) == 2


def test_a_window_that_grows_gets_larger_layers_by_probing() -> None:
    call = Call(1)
    (subscription,) = call.subscribers[0].subscriptions
    subscription.max_layer = 0
    call.run(5)
    assert call.layer(0) == 0
    assert call.subscribers[0].bandwidth.estimate_bps < 500_000
    before = len(call.arrived[0])
    subscription.max_layer = 2
    call.run(15)
    assert call.layer(0) == 2
    probes = [view for view in map(parse_rtp, call.arrived[0][before:]) if view.ssrc == 556]
    assert 0 < len(probes) < 500


def test_what_arrives_is_one_stream_through_all_changes() -> None:
    call = Call(1)
    call.run(20)
    numbers = [view.sequence_number for view in map(parse_rtp, call.arrived[0]) if view.ssrc == 555]
    assert len(numbers) > 1500
    assert {(b - a) & 0xFFFF for a, b in itertools.pairwise(numbers)} == {1}


def test_a_receivers_limit_lowers_the_layer_and_sound_goes_on() -> None:
    call = Call(1)
    call.run(20)
    limit = ReceiverEstimatedBitrate(9, 200_000, [555])
    call.subscribers[0].receive_rtcp(limit.build(), call.now)
    call.run(2)
    assert call.layer(0) == 0


def test_sound_comes_before_pictures() -> None:
    call = Call(1)
    call.run(20)
    sound, track = publisher_of_sound()
    call.forwarder.subscribe(call.subscribers[0], track, 888)
    limit = ReceiverEstimatedBitrate(9, 430_000, [555])
    call.subscribers[0].receive_rtcp(limit.build(), call.now)
    call.run(5)
    assert call.layer(0) == 1
    microphone = Microphone(8)
    for number in range(PACKETS_PER_S * 5):
        call.packet()
        for handle, out in call.forwarder.receive(sound, microphone.next(), call.now):
            call.deliver(handle, out)
        if number % 9 == 8:
            call.answer(0, call.subscribers[0])
    heard = [view for view in map(parse_rtp, call.arrived[0]) if view.ssrc == 888]
    assert len(heard) == PACKETS_PER_S * 5
    assert call.layer(0) == 0


def test_sound_and_pictures_are_numbered_together_for_congestion_control() -> None:
    call = Call(1)
    sound, track = publisher_of_sound()
    call.forwarder.subscribe(call.subscribers[0], track, 888)
    call.run(0.2)
    for _, out in call.forwarder.receive(sound, Microphone(8).next(), call.now):
        call.deliver(0, out)
    call.run(0.2)
    numbers = [int.from_bytes(out[17:19], "big") for out in call.arrived[0]]
    assert numbers == list(range(len(numbers)))


def test_a_lost_packet_is_sent_again_from_the_cache() -> None:
    call = Call(1)
    call.run(1)
    lost = next(view for view in map(parse_rtp, call.arrived[0]) if view.ssrc == 555)
    nack = Nack(9, 555, [lost.sequence_number])
    (again,) = call.subscribers[0].receive_rtcp(nack.build(), call.now)
    view = parse_rtp(bytes(again))
    assert (view.ssrc, view.payload_type) == (556, 101)
    assert view.payload[2:] == lost.payload
    assert call.subscribers[0].receive_rtcp(Nack(9, 1, [5]).build(), call.now) == []


def test_hundreds_of_wishes_for_a_key_frame_are_one_request() -> None:
    call = Call(30)
    call.run(1)
    asked = 0
    for _ in range(30):
        call.now += 0.01
        for one in call.subscribers:
            one.receive_rtcp(PictureLossIndication(9, 555).build(), call.now)
            one.receive_rtcp(FullIntraRequest(9, [(555, 1)]).build(), call.now)
        for datagram in call.publisher.poll(call.now):
            asked += sum(
                isinstance(packet, PictureLossIndication) for packet in parse_rtcp(datagram)
            )
    assert asked <= 1


def test_the_round_trip_is_measured_from_reports() -> None:
    call = Call(1)
    for camera in call.cameras:
        report = SenderReport(camera.ssrc, 7 << 32, camera.timestamp)
        call.publisher.receive_rtcp(report.build(), call.now)
    call.run(0.5)
    for camera in call.cameras:
        report = SenderReport(camera.ssrc, 8 << 32, camera.timestamp)
        call.publisher.receive_rtcp(report.build(), call.now)
    call.now += 1.0
    (datagram,), _ = call.subscribers[0].poll(call.now)
    (sent, _) = parse_rtcp(datagram)
    assert isinstance(sent, SenderReport)
    assert sent.ssrc == 555
    block = ReportBlock(
        555,
        last_sender_report=sent.ntp_time >> 16 & 0xFFFFFFFF,
        delay_since_last_sender_report=65536,
    )
    before = call.subscribers[0].round_trip_s
    call.subscribers[0].receive_rtcp(ReceiverReport(9, [block]).build(), call.now + 1.5)
    assert before < call.subscribers[0].round_trip_s <= 0.5


def test_the_first_report_comes_soon_and_the_next_in_their_turn() -> None:
    call = Call(1)
    call.run(0.1)
    for camera in call.cameras:
        report = SenderReport(camera.ssrc, 7 << 32, camera.timestamp)
        call.publisher.receive_rtcp(report.build(), call.now)
    (one,) = call.subscribers
    (datagram,), _ = one.poll(call.now + 0.1)
    assert isinstance(parse_rtcp(datagram)[0], SenderReport)
    assert one.poll(call.now + 0.2)[0] == []
    (datagram,), _ = one.poll(call.now + 1.1)
    assert isinstance(parse_rtcp(datagram)[0], SenderReport)


def test_who_stopped_subscribing_gets_nothing() -> None:
    call = Call()
    call.run(0.5)
    (subscription,) = call.subscribers[1].subscriptions
    call.forwarder.unsubscribe(call.subscribers[1], subscription)
    before = len(call.arrived[1])
    call.run(0.5)
    assert len(call.arrived[1]) == before
    assert len(call.forwarder.end_track(call.track)) == 1
    call.arrived[0].clear()
    call.run(0.1)
    assert [view for view in map(parse_rtp, call.arrived[0]) if view.ssrc == 555] == []


class Crowd:
    """People with microphones, all heard by one."""

    def __init__(self, people: int, heard: int) -> None:
        self.forwarder = Forwarder(heard)
        self.listener = Subscriber("listener")
        self.publishers: list[Publisher] = []
        self.tracks: list[Track] = []
        self.microphones = [Microphone(100 + person) for person in range(people)]
        for person in range(people):
            publisher = Publisher(PUBLISHER_IDS, feedback_ssrc=99)
            track = publisher.add_track(TrackOffer(f"voice-{person}", "audio", "0", OPUS))
            self.forwarder.subscribe(self.listener, track, 1000 + person)
            self.publishers.append(publisher)
            self.tracks.append(track)
        self.now = 50.0
        self.heard: list[bytes] = []

    def go(self, seconds: float, loud: set[int]) -> set[int]:
        """Give whose sound came."""
        came = set()
        for _ in range(round(seconds / 0.02)):
            self.now += 0.02
            for person, microphone in enumerate(self.microphones):
                data = microphone.next(level=20 if person in loud else 100)
                sent = self.forwarder.receive(self.publishers[person], data, self.now)
                self.heard += [bytes(out) for _, out in sent]
                came |= {person for _ in sent}
        return came


def test_only_those_who_speak_are_forwarded_in_a_crowd() -> None:
    crowd = Crowd(people=30, heard=5)
    crowd.go(3, set())
    crowd.go(0.5, {20, 21})
    came = crowd.go(1, {20, 21})
    assert {20, 21} <= came
    assert len(came) == 5
    assert crowd.forwarder.active_speaker(crowd.now) in {crowd.tracks[20], crowd.tracks[21]}


def test_somebody_who_is_heard_again_has_lost_no_packets() -> None:
    crowd = Crowd(people=3, heard=1)
    for turn in range(6):
        crowd.go(4, {turn % 3})
    for person in range(3):
        views = [view for view in map(parse_rtp, crowd.heard) if view.ssrc == 1000 + person]
        numbers = [view.sequence_number for view in views]
        assert len(numbers) > 100
        assert {(b - a) & 0xFFFF for a, b in itertools.pairwise(numbers)} == {1}


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_whatever_a_subscriber_sends_nothing_is_raised(datagrams: list[bytes]) -> None:
    call = Call(1)
    call.run(0.2)
    for tail in datagrams:
        padded = tail + bytes(-len(tail) % 4)
        words = (len(padded) // 4 + 2).to_bytes(2, "big")
        for kind in (b"\x81\xcd", b"\x8f\xcd", b"\x81\xce", b"\x84\xce", b"\x8f\xce", b"\x81\xc9"):
            data = kind + words + bytes(7) + b"\x02\x2b"[-1:] + padded
            call.subscribers[0].receive_rtcp(data, call.now)
        call.subscribers[0].receive_rtcp(tail, call.now)
    call.run(0.1)
