"""Frames as RTP packets: the forwarding unit finds in them what the encoder made."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.errors import InvalidRequestError
from codesyncx_media.frames.packetizer import (
    EXTENSION_IDS,
    MAX_PAYLOAD,
    PAYLOAD_TYPES,
    Packetizer,
)
from codesyncx_media.frames.wire import Chunk, Codec
from codesyncx_media.rtp.extensions import ExtensionReader
from codesyncx_media.rtp.packet import parse_rtp
from codesyncx_media.rtp.publisher import MAX_RTP_BYTES
from codesyncx_media.rtp.vp8 import describe_vp8

READER = ExtensionReader(EXTENSION_IDS)
DESCRIPTOR = 6


def vp8(size: int, *, is_key: bool = False) -> bytes:
    """Give what looks like a frame of VP8 from outside."""
    head = bytes([0x10, 0, 0]) + b"\x9d\x01\x2a" + bytes(4) if is_key else bytes([0x11, 0, 0])
    return head + bytes(number % 251 for number in range(size - len(head)))


def picture(size: int, *, is_key: bool = False, temporal_layer: int = 0) -> Chunk:
    data = vp8(size, is_key=is_key)
    return Chunk(1, Codec.VP8, 90_000, data, is_key=is_key, temporal_layer=temporal_layer)


pictures = st.builds(
    picture, st.integers(10, 40_000), is_key=st.booleans(), temporal_layer=st.integers(0, 2)
)


@given(pictures)
def test_a_picture_is_cut_into_packets_that_fit(chunk: Chunk) -> None:
    views = [parse_rtp(packet) for packet in Packetizer(5, "1", "h").packets(chunk)]
    assert b"".join(view.payload[DESCRIPTOR:] for view in views) == chunk.data
    assert [bool(view.marker) for view in views] == [False] * (len(views) - 1) + [True]
    infos = [describe_vp8(view.data, view.payload_start, view.payload_end) for view in views]
    assert [info.starts_frame for info in infos] == [True] + [False] * (len(views) - 1)
    assert infos[0].starts_keyframe is chunk.is_key
    assert {info.temporal_layer for info in infos} == {chunk.temporal_layer}
    assert len({(info.picture_id, info.tl0_index) for info in infos}) == 1
    for before, after in pairwise(views):
        assert after.sequence_number == before.sequence_number + 1 & 0xFFFF
    for view in views:
        assert view.payload_type == PAYLOAD_TYPES[Codec.VP8]
        assert (view.ssrc, view.timestamp) == (5, 90_000)
        assert len(view.payload) <= MAX_PAYLOAD + DESCRIPTOR
        assert len(view.data) <= MAX_RTP_BYTES
        names = READER.read(view)
        assert (names.mid, names.rid) == ("1", "h")


def test_pictures_are_numbered_on_and_base_ones_apart() -> None:
    maker = Packetizer(5, "1")
    infos = []
    for temporal in (0, 1, 0, 1, 1):
        view = parse_rtp(maker.packets(picture(100, temporal_layer=temporal))[0])
        infos.append(describe_vp8(view.data, view.payload_start, view.payload_end))
    first = infos[0]
    assert [info.picture_id - first.picture_id for info in infos] == [0, 1, 2, 3, 4]
    assert [info.tl0_index - first.tl0_index for info in infos] == [0, 0, 1, 1, 1]


def test_sound_is_one_packet_with_its_loudness() -> None:
    chunk = Chunk(2, Codec.OPUS, 960, b"\xfc\x01\x02", level=42)
    (packet,) = Packetizer(6, "2").packets(chunk)
    view = parse_rtp(packet)
    assert view.payload == chunk.data
    assert view.payload_type == PAYLOAD_TYPES[Codec.OPUS]
    assert (READER.read(view).audio_level, READER.read(view).mid) == (42, "2")


@pytest.mark.parametrize(
    "chunk",
    [
        Chunk(1, Codec.VP8, 0, b"\x11"),
        Chunk(1, Codec.VP8, 0, vp8(20, is_key=True)),
        Chunk(1, Codec.VP8, 0, vp8(20), is_key=True),
        Chunk(1, Codec.VP8, 0, bytes([0x10, 0, 0]) + b"GIF89a" + bytes(20), is_key=True),
        Chunk(1, Codec.VP8, 0, b"\xff\xff\xff" + bytes(20)),
        Chunk(1, Codec.VP9, 0, bytes(20)),
        Chunk(2, Codec.OPUS, 0, b""),
        Chunk(2, Codec.OPUS, 0, b"\xfd\x00\x00\x00"),
        Chunk(2, Codec.OPUS, 0, b"\xff\x00"),
        Chunk(2, Codec.OPUS, 0, b"\xff"),
    ],
    ids=["short", "key", "no key", "gif", "long partition", "vp9", "empty", "odd", "none", "cut"],
)
def test_what_is_no_frame_of_its_codec_is_refused(chunk: Chunk) -> None:
    with pytest.raises(InvalidRequestError):
        Packetizer(7, "1").packets(chunk)
