"""How a range of a text is written down, and found again in a text that may be another; pure.

An anchor holds where the range was, the hash of the whole text it was in, the hash of its own text,
and some of what stood around. In the same text it is where it was. In another text it is where its
own lines are, if they are there unchanged: with the same around them, or just once. Else nobody
could say for sure, and it isn't found.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from .spans import Span, Utf8, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_AROUND_BYTES = 200
# Less than that may stand anywhere by chance.
_MIN_TELLING_BYTES = 24


def anchor_of(text: bytes | bytearray, span: Span, text_hash: str | None = None) -> dict[str, Any]:
    """Write down where `span` is in `text`, whose hash the caller may know."""
    start, end = span
    first, last = place_of(text, start), place_of(text, end)
    return {
        "start": start,
        "end": end,
        "length": len(text),
        "text_hash": text_hash or hash_of(text),
        "own_hash": hash_of(text[start:end]),
        "before": _before(text, start),
        "after": _after(text, end),
        "start_line": first.line + 1,
        "start_column": first.column,
        "end_line": last.line + 1,
        "end_column": last.column,
    }


def is_of(anchor: Mapping[str, Any], text: bytes | bytearray) -> bool:
    """Whether `anchor` was taken in a text that is the same as `text`."""
    return anchor.get("length") == len(text) and anchor.get("text_hash") == hash_of(text)


def span_in(anchor: Mapping[str, Any], text: bytes | bytearray) -> Span | None:
    """Find the range in `text`; None when it can't be told surely where it is."""
    try:
        start, end = int(anchor["start"]), int(anchor["end"])
        before, after = str(anchor["before"]).encode(), str(anchor["after"]).encode()
    except (KeyError, TypeError, ValueError):
        return None
    if is_of(anchor, text) and 0 <= start <= end <= len(text):
        return Span(Utf8(start), Utf8(end))
    found = [
        span
        for span in _likely(text, end - start)
        if hash_of(text[span.start : span.end]) == anchor.get("own_hash")
    ]
    framed = [
        span
        for span in found
        if _stands_after(text, span.start, before) and _stands_before(text, span.end, after)
    ]
    if len(framed) == 1 and end - start + len(before) + len(after) >= _MIN_TELLING_BYTES:
        return framed[0]
    if len(found) == 1 and end - start >= _MIN_TELLING_BYTES:
        return found[0]
    return None


def _likely(text: bytes | bytearray, length: int) -> Iterator[Span]:
    """Give what has that length and begins and ends with a line."""
    at = 0
    while at + length <= len(text):
        end = at + length
        if end == len(text) or text[end : end + 1] == b"\n":
            yield Span(Utf8(at), Utf8(end))
        found = text.find(b"\n", at)
        if found < 0:
            return
        at = found + 1


def _before(text: bytes | bytearray, start: int) -> str:
    """Give whole lines before the range, as many as fit."""
    around = text[max(0, start - _AROUND_BYTES) : start]
    if start > _AROUND_BYTES:
        around = around[around.find(b"\n") + 1 :]
    return bytes(around).decode(errors="ignore")


def _after(text: bytes | bytearray, end: int) -> str:
    around = text[end : end + _AROUND_BYTES]
    if end + _AROUND_BYTES < len(text):
        around = around[: around.rfind(b"\n") + 1 or None]
    return bytes(around).decode(errors="ignore")


def _stands_after(text: bytes | bytearray, at: int, before: bytes) -> bool:
    return text[max(0, at - len(before)) : at] == before and (bool(before) or at == 0)


def _stands_before(text: bytes | bytearray, at: int, after: bytes) -> bool:
    return text[at : at + len(after)] == after and (bool(after) or at == len(text))


def hash_of(data: bytes | bytearray) -> str:
    """Hash a text."""
    return hashlib.sha256(data).hexdigest()
