"""Which edits of a text somebody may make who may not edit all of it; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import RefusedError
from . import spans
from .spans import Hand, Span, Splice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .rights import Rights

READ_ONLY = "You may read this document but not edit it."
NOT_YOURS = "You may edit your own lines of this document, not others."
LOCKED = "These lines are locked for you."
NOWHERE = "It can't be told any more which lines of this document are locked for you."


def check_splices(
    splices: list[Splice],
    text: bytes | bytearray,
    ranges: Mapping[str, Span],
    rights: Rights,
) -> None:
    """Check what an update does to `text`, in which `ranges` are; RefusedError says what's wrong.

    The ranges count as they are once the update has found its place among the edits of others. An
    edit that its author made within their range is therefore refused in one case only: when
    somebody else wrote right at that edge of the range in the meantime, so that it would end up on
    the other side of it.
    """
    if rights.may_edit:
        _check_locked(splices, text, ranges, rights.locked)
    elif len(splices) != 1 or not _is_in_one(splices[0], ranges, rights.open):
        _check_open(splices, text, {name: ranges[name] for name in rights.open & ranges.keys()})


def _is_in_one(splice: Splice, ranges: Mapping[str, Span], names: frozenset[str]) -> bool:
    at, stop = splice.at, splice.at + splice.deleted
    for name, (start, end) in ranges.items():
        if start <= at and stop <= end and name in names:
            return True
    return False


def _check_open(splices: list[Splice], text: bytes | bytearray, own: dict[str, Span]) -> None:
    for number, splice in enumerate(splices, 1):
        stop = splice.at + splice.deleted
        if not any(start <= splice.at and stop <= end for start, end in own.values()):
            raise RefusedError(NOT_YOURS if own else READ_ONLY)
        if number < len(splices):
            own = _shifted(own, splice, text, Hand.HOLDER)


def _check_locked(
    splices: list[Splice],
    before: bytes | bytearray,
    ranges: Mapping[str, Span],
    locked: frozenset[str],
) -> None:
    """Locked lines stay as they are, and lines of their own: nothing may be put on them either."""
    if not locked <= ranges.keys():
        raise RefusedError(NOWHERE)
    own = {name: ranges[name] for name in locked}
    begins = {name for name, span in own.items() if spans.starts_line(before, span.start)}
    ends = {name for name, span in own.items() if spans.ends_line(before, span.end)}
    text = bytearray(before)
    for splice in splices:
        stop = splice.at + splice.deleted
        for start, end in own.values():
            is_cut = splice.at < end and stop > start
            is_split = bool(splice.inserted) and start < splice.at < end
            if is_cut or is_split:
                raise RefusedError(LOCKED)
        own = _shifted(own, splice, text, Hand.STRANGER)
        spans.apply(text, splice)
    for name, span in own.items():
        kept = spans.starts_line(text, span.start) or name not in begins
        if not kept or (name in ends and not spans.ends_line(text, span.end)):
            raise RefusedError(LOCKED)


def _shifted(
    own: Mapping[str, Span], splice: Splice, text: bytes | bytearray, hand: Hand
) -> dict[str, Span]:
    moved = spans.shift_all(own, splice, text, lambda _: hand)
    return {name: each.span for name, each in moved.items() if each.span is not None}
