"""Key frames and picture numbers in the payloads of four codecs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rtp.av1 import describe_av1
from codesyncx_media.rtp.dependency_descriptor import DescriptorReader
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


def descriptor(
    template: int, structure: str = "", *, begins: bool = True, ends: bool = True
) -> bytes:
    """Write a descriptor; the structure is in bits, behind the flag that says that it is there."""
    first = begins << 7 | ends << 6 | template
    bits = f"10000{structure}" if structure else ""
    return bytes([first, 0, 1]) + int(bits.ljust(-(-len(bits) // 8) * 8, "0") or "0", 2).to_bytes(
        -(-len(bits) // 8), "big"
    )


# Offset 60, nine decode targets, then three spatial layers of three temporal ones each.
L3T3 = f"{60:06b}{8:05b}" + "01 01 10 01 01 10 01 01 11".replace(" ", "")


def read(reader: DescriptorReader, data: bytes) -> PayloadInfo:
    info = PayloadInfo()
    reader.apply(info, b"before" + data + b"behind", 6, 6 + len(data))
    return info


def test_av1_key_frames_by_dependency_descriptor() -> None:
    reader = DescriptorReader()
    assert read(reader, descriptor(60, L3T3)).starts_keyframe
    assert not read(reader, descriptor(60)).starts_keyframe
    assert not read(reader, descriptor(60, L3T3, begins=False)).starts_keyframe
    with pytest.raises(ParseError):
        read(reader, b"\x80\x00")


def test_av1_layers_by_the_templates_of_the_last_key_frame() -> None:
    reader = DescriptorReader()
    assert read(reader, descriptor(3)).spatial_layer == 0  # of what isn't known yet
    read(reader, descriptor(60, L3T3))
    layers = [read(reader, descriptor((60 + number) % 64)) for number in range(10)]
    assert [(info.spatial_layer, info.temporal_layer) for info in layers] == [
        *((spatial, temporal) for spatial in range(3) for temporal in range(3)),
        (0, 0),  # no such template
    ]
    assert [info.starts_frame for info in layers[:4]] == [True, True, True, False]
    assert read(reader, descriptor(60, ends=False)).ends_layer is False
    assert layers[0].ends_layer is True


@pytest.mark.parametrize(
    "structure",
    ["111", f"{0:06b}{0:05b}01", f"{0:06b}{0:05b}" + "00" * 80, f"{0:06b}{0:05b}" + "10" * 5],
    ids=["cut off", "without an end", "too many templates", "too many layers"],
)
def test_an_av1_structure_that_cannot_be_is_refused(structure: str) -> None:
    with pytest.raises(ParseError):
        read(DescriptorReader(), descriptor(0, structure))


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_descriptors_are_read_or_refused(descriptors: list[bytes]) -> None:
    reader = DescriptorReader()
    for data in descriptors:
        try:
            info = read(reader, data)
        except ParseError:
            continue
        assert 0 <= info.spatial_layer <= 3
        assert 0 <= info.temporal_layer <= 7


def test_vp9_spatial_layers() -> None:
    # Picture id, layers, flexible mode: of the second layer, its last packet.
    info = of(describe_vp9, "b4 9234 02 aa".replace(" ", ""))
    assert (info.spatial_layer, info.ends_layer, info.starts_frame) == (1, True, False)
    assert (info.picture_id, info.tl0_index) == (0x1234, -1)


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
