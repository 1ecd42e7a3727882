"""Ranges of a text, and how they move with it; pure.

Offsets come in two kinds that are never mixed: `Utf8` counts bytes, as pycrdt does, and `Utf16`
counts code units, as browsers do.

What is written right at the edge of a range belongs to it when its holder writes it. When somebody
else does, it belongs to the range as far as it goes on with the range's own first or last line;
whole new lines before the first or after the last don't. Where an edge isn't at the end of a line,
nothing of others belongs there, and nowhere anything of those who may not edit the range. Between
two ranges that touch, it belongs to the first of those that its author holds. A range that was
emptied stays where it is and can be typed in.

A range is *lost* (its span is None) when nobody can say for sure what became of it: when all of it
was deleted together with what is around it, or when the disk brought something else in the place
of its edge. It is never guessed.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, NewType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Utf8 = NewType("Utf8", int)
Utf16 = NewType("Utf16", int)

#: Stands for something in a text that isn't text; no byte of UTF-8 looks like it.
PLACEHOLDER = b"\xff"
_NEWLINE = 0x0A


class Span(NamedTuple):
    """From the first byte on, up to the one after the last."""

    start: Utf8
    end: Utf8


class Splice(NamedTuple):
    """So many bytes go at a place, others come. Of several, each counts in what the last left."""

    at: Utf8
    deleted: int
    inserted: bytes


class Hand(Enum):
    """Who writes, as a range sees it."""

    HOLDER = "holder"  # it is given to them
    EDITOR = "editor"  # may edit all of the file
    AWAY = "away"  # the same, but they bring what they wrote while they were away
    STRANGER = "stranger"  # may not edit here
    DISK = "disk"  # nobody in the room


class Moved(NamedTuple):
    """A range after a splice, and what of the splice was in it, counted from its start."""

    span: Span | None
    local: Splice | None


class Place(NamedTuple):
    """A line from 0 on, and a column in what the browser counts."""

    line: int
    column: Utf16


def splices_of(delta: Iterable[dict[str, Any]]) -> list[Splice]:
    """Read a text event's delta; what isn't text counts as one byte, as in pycrdt."""
    found: list[Splice] = []
    at = 0
    is_open = False
    for step in delta:
        if "retain" in step:
            at += int(step["retain"])
            is_open = False
            continue
        if not is_open:
            found.append(Splice(Utf8(at), 0, b""))
            is_open = True
        last = found[-1]
        if "delete" in step:
            found[-1] = last._replace(deleted=last.deleted + int(step["delete"]))
        else:
            insert = step["insert"]
            data = insert.encode() if isinstance(insert, str) else PLACEHOLDER
            found[-1] = last._replace(inserted=last.inserted + data)
            at += len(data)
    return found


def shift_all(
    spans: Mapping[str, Span],
    splice: Splice,
    text: bytes | bytearray,
    hand_of: Callable[[str], Hand],
) -> dict[str, Moved]:
    """Say where ranges are after a splice of `text`, which is as it was before."""
    found = {}
    is_taken = False
    hands = {name: hand_of(name) for name in spans}
    # At an edge what a holder writes is for their own range, whichever else is there too.
    for name in sorted(spans, key=lambda name: (hands[name] is not Hand.HOLDER, spans[name])):
        moved = shift(spans[name], splice, text, hands[name], is_taken=is_taken)
        is_taken = is_taken or (moved.local is not None and bool(moved.local.inserted))
        found[name] = moved
    return found


def shift(
    span: Span,
    splice: Splice,
    text: bytes | bytearray,
    hand: Hand,
    *,
    is_taken: bool = False,
) -> Moved:
    """Say where one range is; `is_taken` when what comes already belongs to another."""
    start, end = span
    at, deleted, inserted = splice
    stop = at + deleted
    before = _overlap(at, stop, 0, start)
    within = _overlap(at, stop, start, end)
    is_inside = start <= at and stop <= end
    is_all = within > 0 and within == end - start
    if (is_all and not is_inside) or (at < start and stop > end):
        return Moved(None, None)
    new_start, new_end = start - before, end - before - within
    if at < new_start or at > new_end:
        by = len(inserted) if at < new_start else 0
        return Moved(_span(new_start + by, new_end + by), None)
    if new_start < at < new_end:
        local = Splice(Utf8(at - new_start), within, inserted)
        return Moved(_span(new_start, new_end + len(inserted)), local)
    if hand is Hand.DISK and deleted and is_inside and not _is_line_by_line(span, splice, text):
        return Moved(None, None)
    lead, kept = _kept(span, splice, text, hand)
    if (is_taken or hand is Hand.STRANGER) and not deleted:
        lead, kept = (len(inserted), 0) if at == start else (0, 0)
    local = Splice(Utf8(at - new_start), within, inserted[lead : lead + kept])
    moved = _span(new_start + lead, new_end + lead + kept)
    return Moved(moved, local if within or kept else None)


def _kept(span: Span, splice: Splice, text: bytes | bytearray, hand: Hand) -> tuple[int, int]:
    """At an edge: how much of what comes stays before the range, and how much is the range's."""
    start, end = span
    at, deleted, inserted = splice
    length = len(inserted)
    if deleted or hand is Hand.HOLDER:
        if start <= at and at + deleted <= end:
            return 0, length  # a holder's, or in the place of what was in the range
        return (length, 0) if at < start else (0, 0)
    begins, ends = starts_line(text, start), ends_line(text, end)
    if at == end:
        is_line = ends and (begins or start < end)
        return 0, _first_line(inserted) if is_line else 0
    own = length - inserted.rfind(b"\n") - 1 if begins else 0
    return length - own, own


def _is_line_by_line(span: Span, splice: Splice, text: bytes | bytearray) -> bool:
    """Whether a change of a part of the range leaves its lines as they are, one by one."""
    at, deleted, inserted = splice
    if deleted == span.end - span.start:
        return False
    gone = bytes(text[at : at + deleted])
    return not inserted or gone.count(b"\n") == inserted.count(b"\n")


def _first_line(inserted: bytes) -> int:
    found = inserted.find(b"\n")
    return len(inserted) if found < 0 else found


def starts_line(text: bytes | bytearray, at: int) -> bool:
    """Whether a line begins at `at`."""
    return at == 0 or text[at - 1] == _NEWLINE


def ends_line(text: bytes | bytearray, at: int) -> bool:
    """Whether a line ends at `at`."""
    return at == len(text) or text[at] == _NEWLINE


def apply(text: bytearray, splice: Splice) -> None:
    """Make the splice in `text`."""
    text[splice.at : splice.at + splice.deleted] = splice.inserted


def covers_part(span: Span, splice: Splice) -> bool:
    """Whether a splice takes away some of the range together with what is around it."""
    stop = splice.at + splice.deleted
    within = _overlap(splice.at, stop, span.start, span.end)
    return within > 0 and not (span.start <= splice.at and stop <= span.end)


def span_of_lines(text: bytes | bytearray, first: int, last: int) -> Span | None:
    """Give the range of lines `first` to `last` (from 0 on) without the last one's line break."""
    if not 0 <= first <= last:
        return None
    start = _line_start(text, first)
    final = start if last == first else _line_start(text, last)
    if start is None or final is None:
        return None
    end = text.find(b"\n", final)
    return _span(start, len(text) if end < 0 else end)


def place_of(text: bytes | bytearray, at: Utf8) -> Place:
    """Say in which line and column an offset is."""
    line_start = text.rfind(b"\n", 0, at) + 1
    return Place(text.count(b"\n", 0, at), utf16_length(bytes(text[line_start:at])))


def utf16_length(data: bytes) -> Utf16:
    """Count UTF-8 bytes in the browser's units."""
    return Utf16(len(data.decode(errors="replace").encode("utf-16-le")) // 2)


def _line_start(text: bytes | bytearray, line: int) -> int | None:
    at = 0
    for _ in range(line):
        at = text.find(b"\n", at) + 1
        if not at:
            return None
    return at


def _overlap(start: int, stop: int, other_start: int, other_stop: int) -> int:
    return max(0, min(stop, other_stop) - max(start, other_start))


def _span(start: int, end: int) -> Span:
    return Span(Utf8(start), Utf8(end))
