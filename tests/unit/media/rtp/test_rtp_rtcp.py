"""RTCP: compound packets there and back, strangers skipped, garbage refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rtp.errors import ParseError
from codesyncx_media.rtp.rtcp import RtcpPacket, build_rtcp, parse_rtcp
from codesyncx_media.rtp.rtcp_feedback import (
    FullIntraRequest,
    Nack,
    PictureLossIndication,
    ReceiverEstimatedBitrate,
)
from codesyncx_media.rtp.rtcp_reports import (
    Bye,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceDescription,
)
from codesyncx_media.rtp.transport_feedback import TransportFeedback

u8, u16, u32 = st.integers(0, 255), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
u64 = st.integers(0, (1 << 64) - 1)
blocks = st.lists(
    st.builds(ReportBlock, u32, u8, st.integers(-0x800000, 0x7FFFFF), u32, u32, u32, u32),
    max_size=31,
)
ssrcs = st.lists(u32, max_size=31)
packets = st.one_of(
    st.builds(SenderReport, u32, u64, u32, u32, u32, blocks),
    st.builds(ReceiverReport, u32, blocks),
    st.builds(SourceDescription, st.dictionaries(u32, st.binary(max_size=255), max_size=5)),
    st.builds(Bye, ssrcs),
    st.builds(PictureLossIndication, u32, u32),
    st.builds(FullIntraRequest, u32, st.lists(st.tuples(u32, u8), max_size=5)),
    st.builds(ReceiverEstimatedBitrate, u32, st.integers(0, 0x3FFFF), ssrcs),
)


@given(st.lists(packets, max_size=5))
def test_a_compound_packet_is_read_as_written(compound: list[RtcpPacket]) -> None:
    assert parse_rtcp(build_rtcp(compound)) == compound


@given(u32, u32, st.lists(u16, unique=True, max_size=100))
def test_a_nack_asks_for_the_same_packets(sender: int, media: int, missing: list[int]) -> None:
    (read,) = parse_rtcp(Nack(sender, media, missing).build())
    assert isinstance(read, Nack)
    assert (read.sender_ssrc, read.media_ssrc) == (sender, media)
    assert set(read.missing) == set(missing)


def test_neighbours_share_an_entry_across_the_turn_of_the_counter() -> None:
    nack = Nack(1, 2, [65534, 65535, 0, 14])
    assert len(nack.build()) == 16
    assert parse_rtcp(nack.build()) == [nack]


def test_a_large_bitrate_loses_only_its_last_bits() -> None:
    (read,) = parse_rtcp(ReceiverEstimatedBitrate(1, 123_456_789, [7]).build())
    assert isinstance(read, ReceiverEstimatedBitrate)
    assert 0 <= 123_456_789 - read.bitrate_bps < 123_456_789 / 100_000


def test_feedback_on_the_transport_is_no_nack() -> None:
    feedback = TransportFeedback(1, 2, 3, 4, [400, None, 401])
    assert parse_rtcp(feedback.build()) == [feedback]


def test_strangers_are_skipped() -> None:
    extended_report = bytes.fromhex("80cf000200000001 04000000".replace(" ", ""))
    application = bytes.fromhex("80cc000200000001 41424344".replace(" ", ""))
    unknown_feedback = bytes.fromhex("83cd00020000000100000002")
    pictures = bytes.fromhex("8fce00030000000100000002 41424344".replace(" ", ""))
    loss = PictureLossIndication(5, 6)
    data = extended_report + application + unknown_feedback + pictures + loss.build()
    assert parse_rtcp(data) == [loss]


def test_padding_at_the_end_is_no_report() -> None:
    data = bytearray(Bye([7]).build() + bytes([0, 0, 0, 4]))
    data[0] |= 0x20
    data[3] += 1
    assert parse_rtcp(bytes(data)) == [Bye([7])]


@pytest.mark.parametrize(
    "broken",
    [
        "80",
        "80c80001",  # longer than it is
        "00c80000",  # version 0
        "80c80000",  # a report without a reporter
        "81c9000100000001",  # a block announced
        "81ca000200000001 010561",  # a name longer than the packet
        "81ca000200000001 01026162",  # a name without its end
        "82cb000100000001",  # two sources announced
        "81cd000100000001",  # nobody is meant
        "a0cb000100000000",  # padding of nothing
        "a0cb000100000008",  # padding of everything
        "8fce00030000000100000002 52454d42",  # no rate
        "8fcd00020000000100000002",  # feedback without a base
    ],
)
def test_what_is_cut_off_is_refused(broken: str) -> None:
    with pytest.raises(ParseError):
        parse_rtcp(bytes.fromhex(broken.replace(" ", "")))


@given(st.integers(0, 31), st.integers(199, 208), st.binary(max_size=120))
def test_any_body_is_read_or_refused(count: int, kind: int, body: bytes) -> None:
    body += bytes(-len(body) % 4)
    head = bytes([0x80 | count, kind]) + (len(body) // 4).to_bytes(2, "big")
    try:
        parse_rtcp(head + body)
    except ParseError:
        return


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse_rtcp(data)
    except ParseError:
        return
