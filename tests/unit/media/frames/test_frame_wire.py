"""Frames on a WebSocket: what one side writes the other reads, and nothing else is a frame."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.errors import InvalidRequestError
from codesyncx_media.frames.wire import (
    HEADER_BYTES,
    MAX_PICTURE,
    MAX_SOUND,
    Chunk,
    Codec,
    read_chunk,
    write_chunk,
)

chunks = st.builds(
    Chunk,
    stream=st.integers(0, 255),
    codec=st.sampled_from(Codec),
    timestamp=st.integers(0, 2**32 - 1),
    data=st.binary(min_size=1, max_size=50),
    is_key=st.booleans(),
    layer=st.integers(0, 3),
    temporal_layer=st.integers(0, 3),
    level=st.integers(0, 127),
    rotation=st.sampled_from([0, 90, 180, 270]),
)


@given(chunks)
def test_what_is_written_is_read(chunk: Chunk) -> None:
    assert read_chunk(write_chunk(chunk)) == chunk


@given(st.binary(max_size=40))
def test_bytes_are_a_frame_or_refused(message: bytes) -> None:
    with contextlib.suppress(InvalidRequestError):
        assert write_chunk(read_chunk(message)) == message


def test_a_frame_looks_as_the_docs_say() -> None:
    chunk = Chunk(7, Codec.VP8, 0x01020304, b"\xaa", is_key=True, layer=1, rotation=90)
    assert write_chunk(chunk) == bytes([7, 0x23, 2, 127, 1, 2, 3, 4, 0xAA])
    voice = Chunk(9, Codec.OPUS, 960, b"\xaa", level=30)
    assert write_chunk(voice) == bytes([9, 0, 1, 30, 0, 0, 3, 0xC0, 0xAA])


@pytest.mark.parametrize(
    "message",
    [
        b"",
        bytes(HEADER_BYTES),
        bytes([1, 0, 0, 127, 0, 0, 0, 0, 1]),
        bytes([1, 0, 6, 127, 0, 0, 0, 0, 1]),
        bytes([1, 0x80, 2, 127, 0, 0, 0, 0, 1]),
        bytes([1, 0, 1, 128, 0, 0, 0, 0, 1]),
        bytes([1, 0, 1, 0, 0, 0, 0, 0]) + bytes(MAX_SOUND + 1),
        bytes([1, 0, 2, 0, 0, 0, 0, 0]) + bytes(MAX_PICTURE + 1),
    ],
    ids=["empty", "no data", "codec 0", "codec 6", "flag", "level", "long sound", "long picture"],
)
def test_what_no_encoder_makes_is_refused(message: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        read_chunk(message)
