"""Ordinary packets, read in one go, come to what all others' way would have come to."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import rtp_streams
from support.rtp_streams import H264, PUBLISHER_IDS, VP8, Camera, Microphone

from codesyncx_media.rtp import extensions as ext
from codesyncx_media.rtp.ordinary import OrdinaryReader
from codesyncx_media.rtp.packet import build_rtp
from codesyncx_media.rtp.publisher import Publisher
from codesyncx_media.rtp.track import TrackOffer

if TYPE_CHECKING:
    from codesyncx_media.rtp.media_packet import MediaPacket

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "150"))
pytestmark = pytest.mark.fuzz
IDS = {**PUBLISHER_IDS, ext.VIDEO_ORIENTATION: 5}
SOUND, PICTURES, H264_PICTURES = 8, 7, 9


class TakesNothing(OrdinaryReader):
    """Leaves every packet to the way that all others take."""

    __slots__ = ()

    def take(self, _data: bytes, _now: float) -> MediaPacket | None:
        return None


def a_publisher(monkeypatch: pytest.MonkeyPatch, *, is_reference: bool) -> Publisher:
    with monkeypatch.context() as patch:
        if is_reference:
            patch.setattr("codesyncx_media.rtp.publisher.OrdinaryReader", TakesNothing)
        publisher = Publisher(IDS, feedback_ssrc=99)
    ssrcs: dict[str, Any] = {"ssrcs": {PICTURES: 0}, "repair_ssrcs": {PICTURES + 10: 0}}
    publisher.add_track(TrackOffer("voice", "audio", "0", rtp_streams.OPUS))
    publisher.add_track(TrackOffer("camera", "video", "1", VP8, **ssrcs))
    publisher.add_track(TrackOffer("screen", "video", "2", H264, ssrcs={H264_PICTURES: 0}))
    return publisher


ELEMENTS = st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=5), max_size=4).map(
    ext.write_elements
)
DESCRIPTORS = st.one_of(
    st.tuples(st.sampled_from([0x80, 0x90]), st.integers(0, 255), st.binary(max_size=12)).map(
        lambda parts: bytes(parts[:2]) + parts[2]
    ),
    st.binary(max_size=12),
)
STEPS = st.one_of(
    st.tuples(st.just("sound"), st.integers(0, 255)),
    st.tuples(st.just("picture"), st.booleans(), st.integers(0, 3)),
    st.tuples(st.just("picture"), st.just(value=False), st.just(0)),
    st.tuples(st.just("lost"), st.integers(1, 3)),
    st.tuples(st.just("again"), st.integers(0, 5)),
    st.tuples(
        st.just("odd"),
        st.sampled_from([SOUND, PICTURES, H264_PICTURES, 5]),
        st.sampled_from([96, 97, 102, 111, 63]),
        st.integers(-2, 2) | st.integers(0, 0xFFFF),
        ELEMENTS | st.just(b"") | st.binary(max_size=16).map(lambda b: b"\xbe\xde\x00\x01" + b),
        DESCRIPTORS,
        st.sampled_from([0, 0, 0, 3]),
    ),
    st.tuples(st.just("broken"), st.integers(0, 60), st.integers(0, 255)),
    st.tuples(st.just("poll")),
)


class Feed:
    """Makes each step's packet, the same for both publishers."""

    def __init__(self) -> None:
        self.camera, self.microphone = Camera(PICTURES), Microphone(SOUND)
        self.sent: list[bytes] = []

    def packet(self, step: tuple[Any, ...]) -> bytes:
        kind, *told = step
        if kind == "sound":
            made = self.microphone.next(told[0])
        elif kind == "odd":
            made = self._odd(*told)
        elif kind == "again" and self.sent:
            made = self.sent[-1 - told[0] % len(self.sent)]
        else:
            if kind == "lost":
                self.camera.sequence += told[0]
                self.camera.transport_sequence += told[0]
            is_key, layer = told if kind == "picture" else (False, 0)
            made = self.camera.next(keyframe=is_key, layer=layer)
            if kind == "broken":
                at = told[0] % len(made)
                made = made[:at] + bytes([told[1]]) + made[at + 1 :]
        self.sent.append(made)
        return made

    def _odd(
        self, ssrc: int, form: int, step: int, block: bytes, payload: bytes, padding: int
    ) -> bytes:
        source = self.microphone if ssrc == SOUND else self.camera
        source.sequence += 1
        return build_rtp(
            payload_type=form,
            sequence_number=source.sequence + step & 0xFFFF,
            timestamp=source.timestamp,
            ssrc=ssrc,
            payload=payload,
            extension=block if len(block) % 4 == 0 else b"",
            padding=padding,
        )


def told(packet: MediaPacket | None) -> Any:
    if packet is None:
        return None
    stream = packet.stream
    values = [getattr(packet, each.name) for each in fields(packet) if each.name != "stream"]
    return stream.ssrc, stream.layer, values


def state(publisher: Publisher, now: float) -> list[Any]:
    counters = publisher.counters
    return [
        (counters.malformed, counters.unroutable),
        *(
            (
                stream.rate.bitrate_bps(now),
                stream.base_rate.bitrate_bps(now),
                stream.statistics.jitter_s,
                stream.statistics.received,
                stream.last_arrival,
                None if stream.cache is None else len(stream.cache),
            )
            for stream in publisher._streams.streams()
        ),
    ]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(STEPS, min_size=1, max_size=40), st.integers(0, 0xFFFF))
def test_both_ways_take_in_the_same(
    monkeypatch: pytest.MonkeyPatch, steps: list[tuple[Any, ...]], first: int
) -> None:
    ordinary = a_publisher(monkeypatch, is_reference=False)
    reference = a_publisher(monkeypatch, is_reference=True)
    feed = Feed()
    feed.camera.sequence = feed.camera.transport_sequence = first
    begin: list[tuple[Any, ...]] = [("sound", 30), ("picture", True, 0), ("picture", False, 0)]
    for number, step in enumerate([*begin, *steps, ("poll",)]):
        now = 1 + number * 0.017
        if step == ("poll",):
            assert ordinary.poll(now) == reference.poll(now)
        else:
            packet = feed.packet(step)
            assert told(ordinary.receive_rtp(packet, now)) == told(
                reference.receive_rtp(packet, now)
            )
        assert state(ordinary, now) == state(reference, now)
    assert ordinary.lost() == reference.lost()


def test_most_packets_of_a_call_are_ordinary() -> None:
    publisher = Publisher(PUBLISHER_IDS, feedback_ssrc=99)
    publisher.add_track(TrackOffer("voice", "audio", "0", rtp_streams.OPUS))
    publisher.add_track(TrackOffer("camera", "video", "1", VP8))
    camera, microphone = Camera(PICTURES), Microphone(SOUND)
    publisher.receive_rtp(camera.next(keyframe=True), 1.0)
    publisher.receive_rtp(microphone.next(), 1.0)
    for number in range(50):
        for packet in (camera.next(layer=number % 2), microphone.next()):
            assert publisher._ordinary.take(packet, 1 + number / 50) is not None
