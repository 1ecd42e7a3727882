"""Edges of ranges at which somebody's text may turn up that was written into what is gone; pure.

Where text beside a range was deleted up to its edge, somebody may just have written into that text,
and not have told yet. It comes to stand at the edge then, and belongs to the range no more than
what it was written into. So that edge is *sealed* for a while: only what the range's holders write
there is the range's. Where they wrote on from a sealed end, the place stays within as a *scar*: if
anything of others turns up there, nobody can say for sure what the range is any more. For those who
were away, and bring what they wrote long ago, every edge is sealed and every scar is fresh.

A lesser scar is where those to whom the rest is hidden wrote on from an edge: whoever didn't know
may have deleted what was at that edge, and be adding lines right beside the range. These come to
stand within it, or at its other edge; but only for some seconds, and only new lines do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .spans import Hand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .spans import Span, Splice

# Who stayed connected has told by then what they wrote before they heard of a deletion.
_SEALED_S = 120.0
# What holders write everybody has heard of by then.
_UNHEARD_S = 30.0
_MOST_SCARS = 1_000


class _Scar(NamedTuple):
    """A place within a range, counted from its start; `for_lines` when only new lines hurt it."""

    at: int
    since: float
    for_lines: bool


class Seals:
    """The sealed edges of a text's ranges, for two minutes by `now` in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._starts: dict[str, float] = {}
        self._ends: dict[str, float] = {}
        self._scars: dict[str, list[_Scar]] = {}

    def forget(self, range_id: str) -> None:
        """Let go of a range."""
        for kept in (self._starts, self._ends, self._scars):
            kept.pop(range_id, None)

    def is_whole(self, range_id: str) -> bool:
        """Whether a range has no scars."""
        return range_id not in self._scars

    def hand_at(self, range_id: str, span: Span, splice: Splice, hand: Hand) -> Hand:
        """Give a stranger's hand for whoever writes at a sealed edge without holding the range."""
        if hand is Hand.AWAY:
            return Hand.STRANGER
        if hand is not Hand.EDITOR:
            return hand
        is_sealed = (splice.at == span.start and self._is_on(self._starts.get(range_id))) or (
            splice.at == span.end and self._is_on(self._ends.get(range_id))
        )
        is_scarred = splice.at in {span.start, span.end} and any(
            scar.at == splice.at - span.start and self._hurts(scar, splice.inserted, hand)
            for scar in self._scars.get(range_id, ())
        )
        return Hand.STRANGER if is_sealed or is_scarred else hand

    def reached(self, spans: Mapping[str, Span], splice: Splice) -> list[str]:
        """Give the ranges whose edges a deletion reaches from outside; `spans` are before it."""
        at, stop = splice.at, splice.at + splice.deleted
        if at == stop:
            return []
        return [
            range_id
            for range_id, (start, end) in spans.items()
            if at < start <= stop or at <= end < stop
        ]

    def mark(self, reached: Iterable[str], spans: Mapping[str, Span], splice: Splice) -> None:
        """Seal, after a splice, both ends of what it left of what it took: there it turns up."""
        now = self._now()
        for range_id in reached:
            span = spans.get(range_id)
            if span is None:
                continue
            for at in {splice.at, splice.at + len(splice.inserted)}:
                if at == span.start:
                    self._starts[range_id] = now
                if at == span.end:
                    self._ends[range_id] = now
                if span.start < at < span.end:
                    self._keep(range_id, _Scar(at - span.start, now, for_lines=False))

    def holds(
        self, range_id: str, local: Splice, length: int, hand: Hand, *, is_part: bool = False
    ) -> bool:
        """Whether a range of `length` is still sure after a splice in it; keeps its scars.

        `is_part` when it is by somebody to whom the rest is hidden.
        """
        stop = local.at + local.deleted
        if hand is Hand.HOLDER and local.inserted:
            if stop == length and self._is_on(self._ends.get(range_id)):
                self._keep(range_id, _Scar(length, self._now(), for_lines=False))
            elif is_part and (not local.at or stop == length):
                at = stop if stop == length else 0
                self._keep(range_id, _Scar(at, self._now(), for_lines=True))
        scars: list[_Scar] = []
        for scar in self._scars.pop(range_id, ()):
            if local.at <= scar.at <= stop:
                if hand is not Hand.HOLDER and self._hurts(scar, local.inserted, hand):
                    return False
                # What comes in its place may stand before or behind it.
                places = [local.at, local.at + len(local.inserted)]
            else:
                by = len(local.inserted) - local.deleted if stop < scar.at else 0
                places = [scar.at + by]
            scars += [scar._replace(at=at) for at in places]
        if scars:
            self._scars[range_id] = list(dict.fromkeys(scars))[-_MOST_SCARS:]
        return True

    def _hurts(self, scar: _Scar, inserted: bytes, hand: Hand) -> bool:
        if not scar.for_lines:
            return bool(inserted) and (hand is Hand.AWAY or self._is_on(scar.since))
        age_s = self._now() - scar.since
        return b"\n" in inserted and (hand is Hand.AWAY or age_s <= _UNHEARD_S)

    def _keep(self, range_id: str, scar: _Scar) -> None:
        self._scars.setdefault(range_id, []).append(scar)

    def _is_on(self, since: float | None) -> bool:
        return since is not None and self._now() - since <= _SEALED_S
