from __future__ import annotations

from codesyncx_spawner.output import MAX_PIECE, Output, Piece, told_by
from hypothesis import given
from hypothesis import strategies as st

PLENTY = 10**9


def printed(pieces: list[Piece]) -> str:
    return "".join(piece.text + "\n" * piece.ends_line for piece in pieces if not piece.is_notice)


def test_lines_come_out_as_they_end() -> None:
    output = Output(PLENTY)
    assert output.add(b"one\ntw") == [Piece(0, "one", ends_line=True)]
    assert output.add(b"o\r\n\nthree") == [
        Piece(1, "two", ends_line=True),
        Piece(2, "", ends_line=True),
    ]
    assert output.end() == [Piece(3, "three", ends_line=False)]


def test_a_line_that_is_still_open_can_be_shown() -> None:
    output = Output(PLENTY)
    assert output.add(b"Name? ") == []
    assert output.flush() == [Piece(0, "Name? ", ends_line=False)]
    assert output.flush() == []
    assert output.add(b"Ada\n") == [Piece(1, "Ada", ends_line=True)]


def test_output_without_line_ends_comes_in_pieces() -> None:
    output = Output(PLENTY)
    pieces = output.add(b"x" * (3 * MAX_PIECE + 5))
    assert [len(piece.text) for piece in pieces] == [MAX_PIECE] * 3
    assert not any(piece.ends_line for piece in pieces)
    assert [len(piece.text) for piece in output.end()] == [5]


def test_a_character_that_comes_in_two_parts_is_whole() -> None:
    output = Output(PLENTY)
    first, second = "ö\n".encode()[:1], "ö\n".encode()[1:]
    assert output.add(first) == []
    assert output.add(second) == [Piece(0, "ö", ends_line=True)]


@given(st.lists(st.binary(max_size=3 * MAX_PIECE), max_size=6))
def test_whatever_is_printed_is_shown_once_and_in_order(chunks: list[bytes]) -> None:
    output = Output(PLENTY)
    pieces = [piece for chunk in chunks for piece in output.add(chunk)] + output.end()
    expected = b"".join(chunks).decode(errors="replace")
    assert printed(pieces).replace("\r\n", "\n").replace("\r", "") == expected.replace(
        "\r\n", "\n"
    ).replace("\r", "")
    assert [piece.number for piece in pieces] == list(range(len(pieces)))
    assert all(len(piece.text) <= MAX_PIECE for piece in pieces)


@given(st.lists(st.binary(max_size=400), max_size=40), st.integers(1, 2000))
def test_never_more_than_the_limit_is_kept_and_the_cut_is_told_once(
    chunks: list[bytes], limit: int
) -> None:
    output = Output(limit)
    pieces = [piece for chunk in chunks for piece in output.add(chunk)] + output.end()
    notices = [piece.text for piece in pieces if piece.is_notice]
    # U+FFFD stands for one byte and takes three.
    assert len(printed(pieces)) <= limit
    assert len(notices) == output.is_cut
    assert not output.is_cut or pieces[-1].is_notice


def test_empty_lines_count_too() -> None:
    output = Output(10_000)
    pieces = [piece for _ in range(1000) for piece in output.add(b"\n" * 100)]
    assert len(pieces) < 1000
    assert pieces[-1].text == "The output is cut here: it is more than 10 kB."


def test_a_notice_has_a_line_of_its_own() -> None:
    output = Output(PLENTY)
    output.add(b"half")
    assert output.notice("Stopped.") == [
        Piece(0, "half", ends_line=False),
        Piece(1, "Stopped.", ends_line=True, is_notice=True),
    ]


@given(
    st.text(st.sampled_from("ab\n\rö\0")).map(str.encode),
    st.integers(0),
    st.integers(0),
    st.integers(1, 1000),
)
def test_what_is_told_already_is_left_out_when_all_of_it_comes_again(
    data: bytes, place: int, again: int, limit: int
) -> None:
    whole = Output(limit)
    pieces = whole.add(data) + whole.end()
    first = Output(limit)
    kept = first.add(data[: place % (len(data) + 1)]) + first.flush()
    second = Output(limit, len(kept), told_by(kept))
    cut = again % (len(data) + 1)
    rest = second.add(data[:cut]) + second.add(data[cut:]) + second.end()
    # A line end whose first half was shown as what is still open keeps it.
    assert printed(kept + rest).replace("\r", "") == printed(pieces).replace("\r", "")
    assert [piece.number for piece in kept + rest] == list(range(len(kept + rest)))
    notices = [piece.text for piece in kept + rest if piece.is_notice]
    assert notices == [piece.text for piece in pieces if piece.is_notice]
