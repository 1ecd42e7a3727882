"""Where a range is found again: surely, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codesyncx_server.collab import anchors
from codesyncx_server.collab.spans import Span, span_of_lines

POEM = """Über allen Gipfeln
Ist Ruh,
In allen Wipfeln
Spürest du
Kaum einen Hauch;
Die Vögelein schweigen im Walde.
Warte nur, balde
Ruhest du auch.
"""


def _anchor(first: int, last: int, text: str = POEM) -> Any:
    data = text.encode()
    span = span_of_lines(data, first - 1, last - 1)
    assert span is not None
    return json.loads(json.dumps(anchors.anchor_of(data, span)))


def _found(anchor: Any, text: str) -> str | None:
    data = text.encode()
    span = anchors.span_in(anchor, data)
    return None if span is None else data[slice(*span)].decode()


def test_in_the_same_text_a_range_is_where_it_was() -> None:
    anchor = _anchor(2, 3)
    assert anchors.span_in(anchor, POEM.encode()) == Span(anchor["start"], anchor["end"])
    empty = _anchor(2, 2, "x\n\nx\n")
    assert _found(empty, "x\n\nx\n") == ""


def test_an_anchor_tells_people_lines_and_columns() -> None:
    anchor = _anchor(4, 5, "a\nb\nc\n🌍\né🌍\n")
    facts = [anchor[key] for key in ("start_line", "start_column", "end_line", "end_column")]
    assert facts == [4, 0, 5, 3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Goethe:\n" + POEM, "Spürest du\nKaum einen Hauch;"),
        (POEM.replace("Ist Ruh", "Ist's still"), "Spürest du\nKaum einen Hauch;"),
        (POEM + POEM.replace("Kaum", "Fast"), "Spürest du\nKaum einen Hauch;"),
        # Changed itself, gone, or there twice with the same around.
        (POEM.replace("Kaum", "Fast"), None),
        (POEM.replace("Spürest du\nKaum einen Hauch;\n", ""), None),
        (POEM + "\n" + POEM, None),
        ("", None),
    ],
)
def test_in_another_text_a_range_is_where_its_lines_are(text: str, expected: str | None) -> None:
    assert _found(_anchor(4, 5), text) == expected


def test_lines_that_are_everywhere_are_known_by_what_is_around() -> None:
    text = "".join(f"def f{number}():\n    pass\n\n" for number in range(100))
    anchor = _anchor(152, 152, text)
    data = ("# head\n" + text).encode()
    span = anchors.span_in(anchor, data)
    assert span is not None
    assert data[: span.start].endswith(b"def f50():\n")
    assert _found(anchor, text.replace("f50", "f49")) is None


@pytest.mark.parametrize(
    "anchor", [{}, {"start": 0}, {"start": "x", "end": 1}, {"start": 5, "end": 1}]
)
def test_what_is_no_anchor_is_found_nowhere(anchor: dict[str, Any]) -> None:
    assert anchors.span_in(anchor, POEM.encode()) is None
