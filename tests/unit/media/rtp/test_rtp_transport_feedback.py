"""Transport-wide feedback on the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rtp.errors import ParseError
from codesyncx_media.rtp.rtcp import parse_rtcp
from codesyncx_media.rtp.transport_feedback import TransportFeedback, parse_transport_cc

steps = st.one_of(
    st.none(),
    st.integers(0, 255),
    st.integers(-0x8000, 0x7FFF),
    st.just(4),
)


@st.composite
def feedbacks(draw: st.DrawFn) -> TransportFeedback:
    clock = draw(st.integers(0, 0x7FFFFF)) * 256 + draw(st.integers(0, 255))
    arrivals: list[int | None] = []
    for step in draw(st.lists(steps, max_size=300)):
        if step is None:
            arrivals.append(None)
            continue
        clock = clock + step if any(entry is not None for entry in arrivals) else clock
        arrivals.append(max(0, clock))
        clock = max(0, clock)
    return TransportFeedback(
        draw(st.integers(0, 0xFFFFFFFF)),
        draw(st.integers(0, 0xFFFFFFFF)),
        draw(st.integers(0, 0xFFFF)),
        draw(st.integers(0, 255)),
        arrivals,
    )


@given(feedbacks())
def test_feedback_is_read_as_written(feedback: TransportFeedback) -> None:
    if feedback.arrivals and max(filter(None, feedback.arrivals), default=0) < 0x7FFFFF * 256:
        assert parse_rtcp(feedback.build()) == [feedback]


def test_a_long_row_costs_little() -> None:
    feedback = TransportFeedback(1, 2, 3, 4, [*range(256, 1256, 4), *[None] * 5000, 2256])
    data = feedback.build()
    assert len(data) < 20 + 250 + 20
    assert parse_rtcp(data) == [feedback]


def test_all_three_kinds_of_chunks_are_understood() -> None:
    # a run of 2, a vector of 14 one-bit symbols, a vector of 7 two-bit symbols
    chunks = bytes.fromhex("2002 a000 d000".replace(" ", ""))
    head = bytes.fromhex("0000000100000002 0010 0017 00000100".replace(" ", ""))
    read = parse_transport_cc(head + chunks + bytes([1, 2, 3, 4]))
    assert len(read.arrivals) == 0x17
    assert [arrival for arrival in read.arrivals if arrival is not None] == [257, 259, 262, 266]
    assert [place for place, arrival in enumerate(read.arrivals) if arrival] == [0, 1, 2, 16]


@pytest.mark.parametrize(
    "tail",
    [
        "",  # no symbols
        "2002",  # no arrival times
        "200201",  # one of two
        "400201",  # half of a long one
        "6001",  # a symbol that is reserved
    ],
)
def test_feedback_that_is_cut_off_is_refused(tail: str) -> None:
    head = bytes.fromhex("0000000100000002 0010 0002 00000100".replace(" ", ""))
    with pytest.raises(ParseError):
        parse_transport_cc(head + bytes.fromhex(tail))


def test_a_few_bytes_cannot_claim_65535_packets() -> None:
    head = bytes.fromhex("0000000100000002 0010 ffff 00000100".replace(" ", ""))
    with pytest.raises(ParseError):
        parse_transport_cc(head + bytes.fromhex("1fff" * 9))
