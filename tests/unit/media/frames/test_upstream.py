"""Frames that a browser sends: which are taken, and as what."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.errors import InvalidRequestError, TooManyError
from codesyncx_media.frames.upstream import MAX_EARLY_S, MAX_LATE_S, MAX_STREAMS, Timeline, Upstream
from codesyncx_media.frames.wire import Chunk, Codec, write_chunk
from codesyncx_media.rtp.packet import parse_rtp
from codesyncx_media.rtp.rtcp import build_rtcp, parse_rtcp
from codesyncx_media.rtp.rtcp_feedback import PictureLossIndication
from codesyncx_media.rtp.rtcp_reports import SenderReport

VOICE = b"\xfc\xff\xfe"
DELTA = bytes([0x11, 0, 0, 5, 5])
RATE = 48_000


def upstream() -> Upstream:
    """Give one that expects a microphone as 1 and a camera as 2."""
    up = Upstream()
    up.expect(1, Codec.OPUS, is_layered=False)
    up.expect(2, Codec.VP8, is_layered=True)
    return up


def sound(timestamp: int = 0, stream: int = 1) -> bytes:
    return write_chunk(Chunk(stream, Codec.OPUS, timestamp, VOICE))


def picture(layer: int = 0, timestamp: int = 0) -> bytes:
    return write_chunk(Chunk(2, Codec.VP8, timestamp, DELTA, layer=layer))


def test_each_layer_is_a_stream_of_its_own() -> None:
    up = upstream()
    ssrcs = set()
    for layer in range(3):
        taken = up.receive(picture(layer), 0.0)
        assert taken is not None
        ssrcs |= {parse_rtp(packet).ssrc for packet in taken.rtp}
    assert len(ssrcs) == 3
    with pytest.raises(InvalidRequestError):
        up.receive(picture(3), 0.0)


def test_reports_tie_sound_and_pictures_to_one_clock() -> None:
    up = upstream()
    times = []
    for message in (sound(RATE * 7), picture(timestamp=90_000 * 7)):
        taken = up.receive(message, 1.0)
        assert taken is not None
        assert taken.report is not None
        (report,) = parse_rtcp(taken.report)
        assert isinstance(report, SenderReport)
        assert report.ssrc == parse_rtp(taken.rtp[0]).ssrc
        times.append(report.ntp_time & 0xFFFF_FFFF_FFFF)
    assert times[0] == times[1]
    later = up.receive(sound(RATE * 7 + 960), 1.02)
    assert later is not None
    assert later.report is None


def test_a_picture_loss_asks_for_a_key_frame_of_its_layer() -> None:
    up = upstream()
    taken = up.receive(picture(1), 0.0)
    assert taken is not None
    ssrc = parse_rtp(taken.rtp[0]).ssrc
    assert up.keyframes_wanted(build_rtcp([PictureLossIndication(9, ssrc)])) == [(2, 1)]
    assert up.keyframes_wanted(build_rtcp([PictureLossIndication(9, ssrc ^ 1)])) == []
    assert up.keyframes_wanted(b"\x00") == []


def test_what_ended_is_dropped_and_what_never_was_is_refused() -> None:
    up = upstream()
    up.forget(1)
    assert up.receive(sound(), 0.0) is None
    with pytest.raises(InvalidRequestError, match="announced"):
        up.receive(sound(stream=3), 0.0)
    up.expect(1, Codec.OPUS, is_layered=False)
    assert up.receive(sound(), 0.0) is not None


def test_there_are_only_so_many_tracks() -> None:
    up = Upstream()
    for number in range(MAX_STREAMS):
        up.expect(number, Codec.OPUS, is_layered=False)
    with pytest.raises(TooManyError):
        up.expect(MAX_STREAMS, Codec.OPUS, is_layered=False)


def test_more_frames_or_bytes_than_a_call_takes_are_refused() -> None:
    key = b"\x10\x00\x00\x9d\x01\x2a\x40\x01\xf0\x00" + bytes(900_000)
    for message, most in (
        (sound(), 600),
        (write_chunk(Chunk(2, Codec.VP8, 0, key, is_key=True)), 4),
    ):
        up = upstream()
        for _ in range(most):
            up.receive(message, 0.0)
        with pytest.raises(TooManyError):
            up.receive(message, 0.0)


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_nothing_that_is_sent_raises_anything_else(messages: list[bytes]) -> None:
    up = upstream()
    for message in messages:
        with contextlib.suppress(InvalidRequestError, TooManyError):
            up.receive(message, 0.0)


def test_timestamps_of_a_slow_clock_and_of_a_stalled_line_are_taken() -> None:
    line = Timeline(RATE)
    for second in range(20_000):
        line.take(round(second * RATE * 1.0005) & 0xFFFFFFFF, float(second))
    stalled = 20_000
    for second in range(stalled, stalled + 50):
        line.take(round(second * RATE * 1.0005) & 0xFFFFFFFF, stalled + 50.0)


@pytest.mark.parametrize("away_s", [MAX_EARLY_S + 1, -MAX_LATE_S - 1, 3600, -3600])
def test_timestamps_away_from_the_clock_are_refused(away_s: float) -> None:
    line = Timeline(RATE)
    line.take(0, 0.0)
    line.take(RATE, 1.0)
    with pytest.raises(InvalidRequestError):
        line.take(round((2 + away_s) * RATE) & 0xFFFFFFFF, 2.0)
