"""RTP headers: what is written is read again, and nothing else breaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rtp.errors import ParseError
from codesyncx_media.rtp.packet import build_rtp, is_rtcp, parse_rtp

sixteen = st.integers(0, 0xFFFF)
thirty_two = st.integers(0, 0xFFFFFFFF)


@given(
    payload_type=st.integers(0, 127),
    sequence_number=sixteen,
    timestamp=thirty_two,
    ssrc=thirty_two,
    payload=st.binary(max_size=50),
    marker=st.booleans(),
    extension=st.sampled_from([b"", bytes.fromhex("bede000110aa0000")]),
    padding=st.integers(0, 255),
)
def test_what_is_written_is_read_again(
    *,
    payload_type: int,
    sequence_number: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    marker: bool,
    extension: bytes,
    padding: int,
) -> None:
    view = parse_rtp(
        build_rtp(
            payload_type=payload_type,
            sequence_number=sequence_number,
            timestamp=timestamp,
            ssrc=ssrc,
            payload=payload,
            marker=marker,
            extension=extension,
            padding=padding,
        )
    )
    assert (view.payload_type, view.sequence_number) == (payload_type, sequence_number)
    assert (view.timestamp, view.ssrc) == (timestamp, ssrc)
    assert bool(view.marker) is marker
    assert view.payload == payload


def test_contributing_sources_are_no_payload() -> None:
    data = bytes.fromhex("82600001000000020000000311111111222222220102")
    assert parse_rtp(data).payload == b"\x01\x02"


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "80",
        "8060000100000002000000",
        "406000010000000200000003",  # version 1
        "8f6000010000000200000003",  # 15 sources announced
        "906000010000000200000003",  # an extension announced
        "906000010000000200000003bede",
        "906000010000000200000003bede0002aaaaaaaa",  # an extension of 8 bytes announced
        "a0600001000000020000000300",  # padding of nothing
        "a06000010000000200000003000e",  # more padding than packet
    ],
)
def test_what_is_cut_off_is_refused(broken: str) -> None:
    with pytest.raises(ParseError):
        parse_rtp(bytes.fromhex(broken))


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda tail: b"\x90" + tail))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        view = parse_rtp(data)
    except ParseError:
        return
    assert 12 <= view.payload_start <= view.payload_end <= len(data)


def test_reports_are_told_from_media() -> None:
    assert is_rtcp(bytes([0x80, 200]))
    assert not is_rtcp(bytes([0x80, 96]))
    assert not is_rtcp(bytes([0x80, 0x80 | 111]))
    assert not is_rtcp(b"\x80")
