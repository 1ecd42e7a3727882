"""Cursors and selections as JupyterLab tells them, in one text and in another that is a part of it.

A state's `cursors` name their ends by what is written there (Yjs' relative positions), so that they
stay where they are while others type. Here they become offsets and back; pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .spans import Utf8

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .spans import Span
    from .text_order import TextOrder

CURSORS = "cursors"
_ROOT = "source"
_MOST = 64


class Selection(NamedTuple):
    """From where to where somebody selects; the caret is at `head`."""

    anchor: Utf8
    head: Utf8
    is_primary: bool


def read(cursors: Any, order: TextOrder) -> list[Selection]:
    """Read what a browser told; leaves out what makes no sense in this text."""
    found = []
    for cursor in cursors[:_MOST] if isinstance(cursors, list) else ():
        if not isinstance(cursor, dict):
            continue
        anchor = _offset(cursor.get("anchor"), order)
        head = _offset(cursor.get("head"), order)
        if anchor is not None and head is not None:
            found.append(Selection(anchor, head, cursor.get("primary") is True))
    return found


def write(selections: Iterable[Selection], order: TextOrder) -> list[dict[str, Any]]:
    """Write them as a browser does."""
    return [
        {
            "anchor": _position(selection.anchor, order),
            "head": _position(selection.head, order),
            "primary": selection.is_primary,
            "empty": selection.anchor == selection.head,
        }
        for selection in selections
    ]


def into_part(selections: Sequence[Selection], span: Span) -> list[Selection]:
    """Give those whose caret is in a part, as they are there.

    Of one that began outside only the caret: nothing else may tell where it began.
    """
    found = []
    for anchor, head, is_primary in selections:
        if span.start <= head <= span.end:
            start = anchor if span.start <= anchor <= span.end else head
            found.append(Selection(Utf8(start - span.start), Utf8(head - span.start), is_primary))
    return found


def out_of_part(selections: Iterable[Selection], span: Span) -> list[Selection]:
    """Give selections in a part as they are in the whole text."""
    return [
        Selection(
            Utf8(min(span.start + anchor, span.end)),
            Utf8(min(span.start + head, span.end)),
            is_primary,
        )
        for anchor, head, is_primary in selections
    ]


def _offset(position: Any, order: TextOrder) -> Utf8 | None:
    if not isinstance(position, dict):
        return None
    item, assoc = position.get("item"), position.get("assoc")
    is_behind = type(assoc) is int and assoc < 0
    if item is None:
        if position.get("tname") != _ROOT:
            return None
        return Utf8(0) if is_behind else order.length
    if not isinstance(item, dict):
        return None
    client, clock = item.get("client"), item.get("clock")
    if type(client) is not int or type(clock) is not int:
        return None
    return order.offset_of((client, clock), is_behind=is_behind)


def _position(offset: Utf8, order: TextOrder) -> dict[str, Any]:
    """Give a relative position; browsers read it as it is, and need each of its keys."""
    found = order.id_at(offset)
    item = None if found is None else {"client": found[0], "clock": found[1]}
    return {"type": None, "tname": _ROOT, "item": item, "assoc": 0}
