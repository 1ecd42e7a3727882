"""Header extensions: any publisher's numbers in, one block out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rtp import extensions as ext
from codesyncx_media.rtp.errors import ParseError
from codesyncx_media.rtp.packet import RtpView, build_rtp, parse_rtp

IDS = {
    ext.MID: 4,
    ext.RID: 10,
    ext.REPAIRED_RID: 11,
    ext.AUDIO_LEVEL: 1,
    ext.ABS_SEND_TIME: 2,
    ext.TRANSPORT_SEQUENCE: 3,
    ext.VIDEO_ORIENTATION: 13,
    ext.DEPENDENCY_DESCRIPTOR: 12,
}


def packet_with(block: bytes) -> RtpView:
    return parse_rtp(
        build_rtp(
            payload_type=96,
            sequence_number=1,
            timestamp=2,
            ssrc=3,
            payload=b"payload",
            extension=block,
        )
    )


def read(values: dict[int, bytes]) -> ext.Extensions:
    return ext.ExtensionReader(IDS).read(packet_with(ext.write_elements(values)))


@pytest.mark.parametrize("other", [b"\x01", bytes(40)], ids=["one-byte", "two-byte"])
def test_all_extensions_are_read_in_both_forms(other: bytes) -> None:
    found = read(
        {
            4: b"0",
            10: b"h",
            11: b"q",
            1: bytes([0x80 | 23]),
            2: b"\x01\x02\x03",
            3: b"\x12\x34",
            13: b"\x01",
            9: other,
        }
    )
    assert (found.mid, found.rid, found.repaired_rid) == ("0", "h", "q")
    assert (found.audio_level, found.is_voice) == (23, True)
    assert found.abs_send_time == 0x010203
    assert found.transport_sequence == 0x1234
    assert found.orientation == 1


def test_the_dependency_descriptor_is_found_in_place() -> None:
    block = ext.write_elements({12: bytes(range(20)), 1: b"\x7f"})
    view = packet_with(block)
    found = ext.ExtensionReader(IDS).read(view)
    assert found.dependency_descriptor is not None
    start, end = found.dependency_descriptor
    assert view.data[start:end] == bytes(range(20))


def test_padding_between_elements_is_skipped_and_fifteen_ends_them() -> None:
    block = bytes.fromhex("bede0003 00 00 107f f000 10aa 000000 00".replace(" ", ""))
    assert list(ext.elements(packet_with(block))) == [(1, 19, 20)]


def test_an_element_zero_with_a_length_ends_the_block() -> None:
    block = bytes.fromhex("bede0002 01aabb 107f000000".replace(" ", ""))
    assert list(ext.elements(packet_with(block))) == []


def test_a_name_that_is_not_ascii_names_nothing() -> None:
    assert read({4: b"\xff\xfe"}).mid is None


def test_a_value_that_is_too_short_says_nothing() -> None:
    found = read({3: b"\x01", 2: b"\x01\x02"})
    assert (found.transport_sequence, found.abs_send_time) == (None, None)


def test_an_element_that_is_cut_off_is_refused() -> None:
    for block in ["bede00013faabbcc", "1000000103ffaabb"]:
        with pytest.raises(ParseError):
            ext.ExtensionReader(IDS).read(packet_with(bytes.fromhex(block)))


@given(st.sampled_from([0xBEDE, 0x1000, 0x100F, 0x1234]), st.binary(max_size=64))
def test_any_block_is_read_or_refused(profile: int, body: bytes) -> None:
    body += bytes(-len(body) % 4)
    block = profile.to_bytes(2, "big") + (len(body) // 4).to_bytes(2, "big") + body
    view = packet_with(block)
    try:
        ext.ExtensionReader(IDS).read(view)
        places = list(ext.elements(view))
    except ParseError:
        return
    assert len(places) <= len(body)
    assert all(start <= end <= view.extension_end for _, start, end in places)


@given(st.dictionaries(st.integers(1, 255), st.binary(max_size=255), min_size=1, max_size=6))
def test_elements_are_read_as_written(values: dict[int, bytes]) -> None:
    view = packet_with(ext.write_elements(values))
    assert {n: view.data[a:b] for n, a, b in ext.elements(view)} == values


@given(
    level=st.none() | st.integers(0, 127), is_voice=st.booleans(), orientation=st.integers(0, 15)
)
def test_the_block_for_subscribers_says_the_same(
    *, level: int | None, is_voice: bool, orientation: int
) -> None:
    said = ext.Extensions(audio_level=level, is_voice=is_voice, orientation=orientation)
    block = ext.subscriber_block(said)
    assert len(block) == ext.BLOCK_BYTES == 12
    assert block[:4] == ext.BLOCK_PREFIX.to_bytes(4, "big")
    heard = ext.ExtensionReader(ext.SUBSCRIBER_IDS).read(packet_with(block))
    assert heard.audio_level == (127 if level is None else level)
    assert (heard.is_voice, heard.orientation) == (is_voice, orientation)
    assert heard.transport_sequence == 0
