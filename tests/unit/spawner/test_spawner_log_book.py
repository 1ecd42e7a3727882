from __future__ import annotations

from codesyncx_spawner.log_book import LogBook
from codesyncx_spawner.output import Piece
from hypothesis import given
from hypothesis import strategies as st


def pieces(first: int, count: int) -> list[Piece]:
    return [Piece(number, str(number), ends_line=True) for number in range(first, first + count)]


@given(
    st.lists(st.tuples(st.integers(0, 3000), st.booleans()), max_size=12),
    st.sampled_from([0, 7]),
)
def test_every_piece_is_in_the_store_or_in_the_book_or_both(
    steps: list[tuple[int, bool]], first: int
) -> None:
    book, stored, printed = LogBook(first), first, first
    for count, saves in steps:
        book.add(pieces(printed, count))
        printed += count
        assert book.next_number == printed
        if saves:
            unsaved = book.unsaved()
            assert [piece.number for piece in unsaved[:1]] == [stored][: len(unsaved)]
            book.mark_saved(len(unsaved))
            stored += len(unsaved)
        for after in {first - 1, stored - 1, printed - 1}:
            found = book.after(after)
            if found is None:
                assert after + 1 < stored
            else:
                expected = pieces(after + 1, min(printed - after - 1, LogBook.MOST))
                assert found == expected


def test_what_has_been_saved_for_long_is_not_held() -> None:
    book = LogBook()
    for turn in range(100):
        book.add(pieces(turn * 1000, 1000))
        while unsaved := book.unsaved():
            book.mark_saved(len(unsaved))
    assert book.after(90_000) is None
    assert book.after(99_000) == pieces(99_001, 999)
