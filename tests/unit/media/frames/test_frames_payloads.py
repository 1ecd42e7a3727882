"""Payloads against aiortc's packetisers, and by hand where it has none."""

from __future__ import annotations

import av
import pytest
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.frames.payloads import JOINERS, join_av1, join_h264, join_vp8, join_vp9
from codesyncx_media.frames.sounds import unwrap_red
from codesyncx_media.rtp.errors import ParseError


@given(st.binary(min_size=1, max_size=5000), st.integers(0, 0x7FFF))
def test_vp8_comes_back_as_it_was(frame: bytes, picture_id: int) -> None:
    assert join_vp8(Vp8Encoder._packetize(frame, picture_id)) == frame


@given(
    st.lists(
        st.tuples(st.sampled_from((0x67, 0x68, 0x65, 0x41)), st.binary(min_size=1, max_size=4000)),
        min_size=1,
        max_size=6,
    )
)
def test_h264_units_come_back_whole_and_in_order(parts: list[tuple[int, bytes]]) -> None:
    # Start codes inside a unit are escaped by every encoder; here they are just left out.
    units = [bytes([head]) + body.replace(b"\x00", b"\x01") for head, body in parts]
    joined = join_h264(H264Encoder._packetize(iter(units)))
    assert list(H264Encoder._split_bitstream(joined)) == units


@pytest.mark.parametrize(
    ("descriptor", "length"),
    [
        ("08", 1),
        ("889234", 3),  # picture id of 15 bits
        ("8812", 2),  # of 7
        ("a892340056", 5),  # layers and an index of the base layer
        ("b8923400", 4),  # layers in flexible mode: no index
        ("d8923403 05 02".replace(" ", ""), 6),  # predicted, flexible: three references
        ("0a 18 0280 01e0 02 10 00".replace(" ", ""), 9),  # structure: one size, two pictures
    ],
)
def test_vp9_descriptors_are_taken_off(descriptor: str, length: int) -> None:
    head = bytes.fromhex(descriptor)
    assert len(head) == length
    assert join_vp9([head + b"picture"]) == b"picture"


def test_av1_units_get_their_sizes() -> None:
    sequence_header, picture = b"\x08abc", b"\x30" + b"p" * 300
    first = b"\x68" + bytes([len(sequence_header)]) + sequence_header + picture[:200]
    # W = 2 has no length before the last element; Y: its last element goes on.
    second = b"\x90" + picture[200:]
    assert join_av1([first, second]) == (
        b"\x0a\x03abc" + b"\x32" + bytes([300 & 0x7F | 0x80, 2]) + b"p" * 300
    )


def test_av1_without_a_count_has_a_length_before_each_unit() -> None:
    assert join_av1([b"\x00\x02\x30a\x02\x30b"]) == b"\x32\x01a\x32\x01b"


@given(st.sampled_from(sorted(JOINERS)), st.lists(st.binary(max_size=40), max_size=5))
def test_hostile_payloads_are_refused_or_joined(codec: str, payloads: list[bytes]) -> None:
    try:
        joined = JOINERS[codec](payloads)
    except ParseError:
        return
    assert len(joined) <= sum(len(payload) + 8 * 40 for payload in payloads)


def test_redundant_sound_is_unwrapped() -> None:
    head = bytes([0x80 | 111]) + ((960 << 10) | 4).to_bytes(3, "big") + bytes([111])
    assert unwrap_red(head + b"past" + b"now") == [(960, b"past"), (0, b"now")]


@given(st.binary(max_size=60))
def test_hostile_redundant_sound_is_refused_or_unwrapped(payload: bytes) -> None:
    try:
        blocks = unwrap_red(payload)
    except ParseError:
        return
    assert sum(len(data) for _, data in blocks) <= len(payload)


@pytest.mark.parametrize(("encoder", "codec"), [("libvpx", "vp8"), ("libx264", "h264")])
def test_what_is_joined_can_be_decoded(encoder: str, codec: str) -> None:
    context = av.CodecContext.create(encoder, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 320, 240, "yuv420p"
    context.framerate = 15
    picture = av.VideoFrame(320, 240, "yuv420p")
    for plane, level in zip(picture.planes, (90, 128, 128), strict=True):
        plane.update(bytes([level]) * plane.buffer_size)
    picture.pts = 0
    data = b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])
    if codec == "vp8":
        payloads = Vp8Encoder._packetize(data, 1)
    else:
        payloads = H264Encoder._packetize(H264Encoder._split_bitstream(data))
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    joined = av.Packet(JOINERS[codec](payloads))
    (decoded, *_) = [*decoder.decode(joined), *decoder.decode(None)]
    assert abs(bytes(decoded.planes[0])[0] - 90) < 4
