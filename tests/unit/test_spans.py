"""Where ranges of a text are after it changed: a table of edges, and random texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_server.collab import spans
from codesyncx_server.collab.spans import Hand, Moved, Span, Splice, Utf8

HOLDER, EDITOR, _AWAY, STRANGER, DISK = Hand


def _marked(text: str) -> tuple[bytes, Span]:
    """Read a text whose range stands between brackets."""
    before, _, rest = text.partition("[")
    within, _, after = rest.partition("]")
    start = len(before.encode())
    whole = (before + within + after).encode()
    return whole, Span(Utf8(start), Utf8(start + len(within.encode())))


def _show(text: bytes, span: Span | None) -> str:
    if span is None:
        return "lost"
    start, end = span
    return f"{text[:start].decode()}[{text[start:end].decode()}]{text[end:].decode()}"


def _after(marked: str, at: int, deleted: int, inserted: str, hand: Hand) -> tuple[str, Moved]:
    text, span = _marked(marked)
    splice = Splice(Utf8(at), deleted, inserted.encode())
    moved = spans.shift(span, splice, text, hand)
    changed = bytearray(text)
    spans.apply(changed, splice)
    return _show(bytes(changed), moved.span), moved


@pytest.mark.parametrize(
    ("marked", "at", "deleted", "inserted", "hand", "expected"),
    [
        # Within and outside, anybody.
        ("a\n[bc]\nd", 3, 0, "X\nY", DISK, "a\n[bX\nYc]\nd"),
        ("a\n[bc]\nd", 1, 0, "X", HOLDER, "aX\n[bc]\nd"),
        ("a\n[bc]\nd", 5, 0, "X", HOLDER, "a\n[bc]\nXd"),
        ("é\n[ü€]\nd", 3, 2, "", EDITOR, "é\n[€]\nd"),
        # A holder's typing at the edges is theirs.
        ("a\n[bc]\nd", 2, 0, "X\n", HOLDER, "a\n[X\nbc]\nd"),
        ("a\n[bc]\nd", 4, 0, "\nX", HOLDER, "a\n[bc\nX]\nd"),
        ("a[]b", 1, 0, "X\nY", HOLDER, "a[X\nY]b"),
        # Of others' typing there, what goes on with the first or last line.
        ("a\n[bc]\nd", 2, 0, "X", EDITOR, "a\n[Xbc]\nd"),
        ("a\n[bc]\nd", 2, 0, "X\n", EDITOR, "a\nX\n[bc]\nd"),
        ("a\n[bc]\nd", 2, 0, "X\nY", EDITOR, "a\nX\n[Ybc]\nd"),
        ("a\n[bc]\nd", 4, 0, "X", EDITOR, "a\n[bcX]\nd"),
        ("a\n[bc]\nd", 4, 0, "\nX", EDITOR, "a\n[bc]\nX\nd"),
        ("a\n[bc]\nd", 4, 0, "X\nY", DISK, "a\n[bcX]\nY\nd"),
        ("a\n[]\nd", 2, 0, "X\nY", EDITOR, "a\n[X]\nY\nd"),
        # Nothing where the edge is in the middle of a line.
        ("a[bc]d", 1, 0, "X", EDITOR, "aX[bc]d"),
        ("a[bc]d", 3, 0, "X", EDITOR, "a[bc]Xd"),
        ("a[]\n", 1, 0, "X", EDITOR, "a[]X\n"),
        ("a\n[bc]\nd", 2, 0, "X", STRANGER, "a\nX[bc]\nd"),
        ("a\n[bc]\nd", 4, 0, "X", STRANGER, "a\n[bc]X\nd"),
        ("a\n[]\nd", 2, 0, "X\n", STRANGER, "a\nX\n[]\nd"),
        # What takes the place of a part of the range is the range's.
        ("a\n[bc]\nd", 3, 1, "X\nY", EDITOR, "a\n[bX\nY]\nd"),
        ("a\n[bc]\nd", 2, 2, "X\nY", EDITOR, "a\n[X\nY]\nd"),
        ("a\n[bc]\nd", 2, 2, "", EDITOR, "a\n[]\nd"),
        ("a\n[bc]\nd", 2, 2, "", HOLDER, "a\n[]\nd"),
        ("a\n[bc]\nd", 3, 1, "X", DISK, "a\n[bX]\nd"),
        # What takes the place of something else besides isn't.
        ("a\n[bc]\nd", 1, 2, "X", EDITOR, "aX[c]\nd"),
        ("a\n[bc]\nd", 3, 2, "X", EDITOR, "a\n[b]Xd"),
        # Nobody could say.
        ("a\n[bc]\nd", 1, 4, "X", EDITOR, "lost"),
        ("a\n[bc]\nd", 1, 3, "", EDITOR, "lost"),
        ("a\n[bc]\nd", 2, 3, "", HOLDER, "lost"),
        ("a\n[]\nd", 1, 2, "", EDITOR, "lost"),
        ("a\n[bc]\nd", 3, 1, "X\nY", DISK, "lost"),
        ("a\n[bc]\nd", 2, 2, "xy", DISK, "lost"),
        ("a\n[bc]\nd", 2, 2, "", DISK, "lost"),
    ],
)
def test_a_range_follows_its_text(
    marked: str, at: int, deleted: int, inserted: str, hand: Hand, expected: str
) -> None:
    assert _after(marked, at, deleted, inserted, hand)[0] == expected


def test_between_two_ranges_that_touch_typing_belongs_to_its_holders() -> None:
    both = {"a": Span(Utf8(0), Utf8(2)), "b": Span(Utf8(2), Utf8(4))}
    splice = Splice(Utf8(2), 0, b"X")

    def moved(holds: str) -> dict[str, Span | None]:
        found = spans.shift_all(
            both, splice, b"1234", lambda name: HOLDER if name in holds else EDITOR
        )
        return {name: each.span for name, each in found.items()}

    assert moved("a") == {"a": (0, 3), "b": (3, 5)}
    assert moved("b") == {"a": (0, 2), "b": (2, 5)}
    assert moved("ab") == {"a": (0, 3), "b": (3, 5)}
    assert moved("") == {"a": (0, 2), "b": (3, 5)}


@given(
    st.text("aé€🌍\n", max_size=20),
    st.text("aé€🌍\n", max_size=20),
    st.text("aé€🌍\n", max_size=20),
    st.sampled_from(Hand),
    st.data(),
)
def test_what_a_range_is_told_makes_its_text(
    before: str, within: str, after: str, hand: Hand, data: st.DataObject
) -> None:
    text = bytearray((before + within + after).encode())
    start = len(before.encode())
    span = Span(Utf8(start), Utf8(start + len(within.encode())))
    at, stop = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))
    inserted = data.draw(st.text("xy\n", max_size=4)).encode()
    splice = Splice(Utf8(at), stop - at, inserted)
    local = bytearray(within.encode())
    moved = spans.shift(span, splice, text, hand)
    spans.apply(text, splice)
    if moved.span is None:
        return
    if moved.local is not None:
        spans.apply(local, moved.local)
    assert text[slice(*moved.span)] == local


def test_a_delta_is_read_as_splices() -> None:
    delta = [
        {"retain": 2},
        {"insert": "é"},
        {"delete": 3},
        {"retain": 1, "attributes": {"b": True}},
        {"insert": {"image": "x"}},
    ]
    assert spans.splices_of(delta) == [(2, 3, "é".encode()), (5, 0, spans.PLACEHOLDER)]


def test_lines_are_found_without_their_last_line_break() -> None:
    text = "é\nbc\n\nd".encode()
    lines = [spans.span_of_lines(text, line, line) for line in range(5)]
    assert lines == [(0, 2), (3, 5), (6, 6), (7, 8), None]
    assert spans.span_of_lines(text, 1, 3) == (3, 8)
    assert spans.span_of_lines(text, 1, 4) is None
    assert spans.span_of_lines(text, 2, 1) is None
    assert spans.span_of_lines(b"", 0, 0) == (0, 0)


def test_a_place_counts_as_the_browser_does() -> None:
    text = "a\né🌍b".encode()
    assert spans.place_of(text, Utf8(len(text) - 1)) == (1, 3)
