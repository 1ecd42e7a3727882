"""Key frames and picture numbers in the payloads of four codecs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rtp.av1 import apply_dependency_descriptor, describe_av1
from codesyncx_media.rtp.errors import ParseError
from codesyncx_media.rtp.formats import DESCRIBERS, Describe
from codesyncx_media.rtp.h264 import describe_h264
from codesyncx_media.rtp.payload import PayloadInfo
from codesyncx_media.rtp.vp8 import describe_vp8
from codesyncx_media.rtp.vp9 import describe_vp9


def of(describe: Describe, payload: str) -> PayloadInfo:
    data = b"before" + bytes.fromhex(payload) + b"behind"
    return describe(data, 6, len(data) - 6)


def test_vp8_with_everything_in_its_descriptor() -> None:
    info = of(describe_vp8, "90e0 9234 56 60 00aa".replace(" ", ""))
    assert (info.starts_frame, info.starts_keyframe) == (True, True)
    assert (info.picture_id, info.picture_id_bits, info.picture_id_at) == (0x1234, 15, 2)
    assert (info.tl0_index, info.tl0_index_at) == (0x56, 4)
    assert (info.temporal_layer, info.is_switch_point) == (1, True)


def test_vp8_with_a_short_picture_id() -> None:
    info = of(describe_vp8, "90802101")
    assert (info.picture_id, info.picture_id_bits) == (0x21, 7)
    assert (info.starts_frame, info.starts_keyframe) == (True, False)


@pytest.mark.parametrize(
    ("payload", "starts"),
    [
        ("1000", True),  # first partition begins, key frame
        ("1001", False),  # an inter frame
        ("0000", False),  # goes on
        ("1100", False),  # the second partition begins
        ("3000", True),  # a frame no other refers to
    ],
)
def test_vp8_key_frames(payload: str, *, starts: bool) -> None:
    assert of(describe_vp8, payload).starts_keyframe is starts


@pytest.mark.parametrize(
    ("payload", "starts"),
    [
        ("889234aa", True),  # begins, not predicted
        ("c89234aa", False),  # begins, predicted
        ("809234aa", False),  # goes on
        ("a892340001aa", True),  # spatial layer 0
        ("a892340201aa", False),  # spatial layer 1 of the same picture
    ],
)
def test_vp9_key_frames(payload: str, *, starts: bool) -> None:
    info = of(describe_vp9, payload)
    assert info.picture_id == 0x1234
    assert info.starts_keyframe is starts


def test_vp9_layers() -> None:
    info = of(describe_vp9, "a8 9234 50 07 aa".replace(" ", ""))
    assert (info.temporal_layer, info.is_switch_point) == (2, True)
    assert (info.tl0_index, info.tl0_index_at) == (7, 4)
    flexible = of(describe_vp9, "b8 9234 50 aa".replace(" ", ""))
    assert flexible.tl0_index == -1


@pytest.mark.parametrize(
    ("payload", "starts"),
    [
        ("67aa", True),  # parameter set
        ("65aa", True),  # IDR slice
        ("41aa", False),
        ("68aa", False),
        ("78 0002 09f0 0003 67aabb 0002 68aa", True),  # aggregated behind a delimiter
        ("78 0002 41aa", False),
        ("7c85aa", True),  # the first fragment of an IDR slice
        ("7c05aa", False),
        ("7c81aa", False),
    ],
)
def test_h264_key_frames(payload: str, *, starts: bool) -> None:
    assert of(describe_h264, payload.replace(" ", "")).starts_keyframe is starts


@pytest.mark.parametrize(
    ("payload", "starts"), [("18aa", True), ("10aa", False), ("98aa", False), ("08aa", True)]
)
def test_av1_key_frames(payload: str, *, starts: bool) -> None:
    assert of(describe_av1, payload).starts_keyframe is starts


def test_av1_key_frames_by_dependency_descriptor() -> None:
    info = PayloadInfo()
    for descriptor, starts in [
        (b"\x80\x00\x01\x80", True),
        (b"\x80\x00\x01\x00", False),
        (b"\x80\x00\x01", False),
        (b"\x40\x00\x01\x80", False),
    ]:
        apply_dependency_descriptor(info, descriptor, 0, len(descriptor))
        assert info.starts_keyframe is starts
    with pytest.raises(ParseError):
        apply_dependency_descriptor(info, b"\x80\x00", 0, 2)


@pytest.mark.parametrize(
    ("codec", "broken"),
    [
        ("vp8", ""),
        ("vp8", "10"),
        ("vp8", "90e0"),
        ("vp8", "90c08012"),
        ("vp9", ""),
        ("vp9", "a89234"),
        ("h264", ""),
        ("h264", "7c"),
        ("h264", "78000967aa"),
        ("h264", "7800000002"),
        ("av1", ""),
        ("av1", "18"),
    ],
)
def test_what_is_cut_off_is_refused(codec: str, broken: str) -> None:
    data = bytes.fromhex(broken)
    with pytest.raises(ParseError):
        DESCRIBERS[codec](data, 0, len(data))


@given(st.sampled_from(sorted(DESCRIBERS)), st.binary(max_size=40))
def test_any_payload_is_described_or_refused(codec: str, data: bytes) -> None:
    try:
        info = DESCRIBERS[codec](data, 0, len(data))
    except ParseError:
        return
    assert info.picture_id_at < len(data)
    assert info.tl0_index_at < len(data)
    assert info.picture_id < 1 << 15
