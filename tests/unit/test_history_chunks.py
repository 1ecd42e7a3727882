from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from codesyncx_server.history import chunks


@given(st.lists(st.binary(max_size=300), max_size=60).map(b"\n".join))
def test_the_pieces_joined_are_the_content(content: bytes) -> None:
    pieces = chunks.split_content(content)
    assert b"".join(pieces) == content
    assert all(pieces)


def test_an_edit_changes_only_the_pieces_around_it() -> None:
    rng = random.Random(5)
    lines = [f"line {index} {rng.random()}\n".encode() for index in range(10_000)]
    before = {chunks.key_of(piece) for piece in chunks.split_content(b"".join(lines))}
    lines.insert(5_000, b"a new line\n")
    lines[7_000] = b"another\n"
    after = {chunks.key_of(piece) for piece in chunks.split_content(b"".join(lines))}
    assert len(before) > 100
    assert len(after - before) <= 4


def test_a_long_line_is_a_piece_of_its_own() -> None:
    picture = b"x" * 100_000 + b"\n"
    assert picture in chunks.split_content(b"a\nb\n" + picture + b"c\n")


def test_a_packed_piece_is_given_back() -> None:
    assert chunks.unpack(chunks.pack(b"text" * 100)) == b"text" * 100
