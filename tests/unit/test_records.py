from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_server.collab.records import (
    FRAME_SIZE,
    HEADER_SIZE,
    Header,
    Record,
    RecordType,
    Saved,
    decode_header,
    decode_saved,
    encode_header,
    encode_record,
    encode_saved,
    parse_records,
)

records = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40)), max_size=12)
LINEAGE = "0123456789abcdef" * 2


@given(records)
def test_records_read_back_as_written(written: list[tuple[int, bytes]]) -> None:
    data = b"".join(encode_record(*record) for record in written)
    assert parse_records(data) == type(parse_records(b""))(
        [Record(*record) for record in written], len(data), is_damaged=False
    )


@given(records, st.data())
def test_a_cut_log_keeps_every_whole_record(
    written: list[tuple[int, bytes]], choice: st.DataObject
) -> None:
    encoded = [encode_record(*record) for record in written]
    data = b"".join(encoded)
    cut = choice.draw(st.integers(0, len(data)))
    parsed = parse_records(data[:cut])
    assert parsed.good_length <= cut
    assert parsed.is_damaged == (parsed.good_length != cut)
    assert data[: parsed.good_length] == b"".join(encoded[: len(parsed.records)])
    if len(parsed.records) < len(encoded):
        assert parsed.good_length + len(encoded[len(parsed.records)]) > cut


@given(records.filter(bool), st.data())
def test_a_flipped_bit_never_passes(
    written: list[tuple[int, bytes]], choice: st.DataObject
) -> None:
    data = bytearray(b"".join(encode_record(*record) for record in written))
    place = choice.draw(st.integers(0, len(data) - 1))
    data[place] ^= 1 << choice.draw(st.integers(0, 7))
    parsed = parse_records(bytes(data))
    assert parsed.is_damaged
    assert parsed.good_length <= place
    assert parsed.records == [Record(*record) for record in written[: len(parsed.records)]]


def test_zeros_are_no_records() -> None:
    whole = encode_record(RecordType.UPDATE, b"abc")
    parsed = parse_records(whole + bytes(FRAME_SIZE * 10))
    assert parsed.good_length == len(whole)
    assert parsed.is_damaged


def test_the_header_reads_back_and_is_checked() -> None:
    header = encode_header(LINEAGE)
    assert len(header) == HEADER_SIZE
    assert decode_header(header + b"more") == Header(1, LINEAGE)
    assert decode_header(encode_header(LINEAGE, version=9)) == Header(9, LINEAGE)
    assert decode_header(header[:-1]) is None
    for place in range(HEADER_SIZE):
        flipped = bytearray(header)
        flipped[place] ^= 1
        assert decode_header(bytes(flipped)) is None


def test_save_markers_read_back() -> None:
    saved = Saved("ab" * 32, 12)
    assert decode_saved(encode_saved(saved)) == saved
    with pytest.raises(ValueError, match="save marker"):
        decode_saved(b"short")
