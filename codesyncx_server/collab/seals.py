"""Edges of ranges at which somebody's text may turn up that was written into what is gone; pure.

Where text beside a range was deleted up to its edge, somebody may just have written into that text,
and not have told yet. It comes to stand at the edge then, and belongs to the range no more than
what it was written into. So that edge is *sealed* for a while: only what the range's holders write
there is the range's. Where they wrote on from a sealed end, the place stays within as a *scar*: if
anything of others turns up there, nobody can say for sure what the range is any more. For those who
were away, and bring what they wrote long ago, every edge is sealed and every scar is fresh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .spans import Hand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .spans import Span, Splice

# Who stayed connected has told by then what they wrote before they heard of a deletion.
_SEALED_S = 120.0


class Seals:
    """The sealed edges of a text's ranges, for two minutes by `now` in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._starts: dict[str, float] = {}
        self._ends: dict[str, float] = {}
        self._scars: dict[str, list[tuple[int, float]]] = {}

    def forget(self, range_id: str) -> None:
        """Let go of a range."""
        for kept in (self._starts, self._ends, self._scars):
            kept.pop(range_id, None)

    def hand_at(self, range_id: str, span: Span, splice: Splice, hand: Hand) -> Hand:
        """Give a stranger's hand for whoever writes at a sealed edge without holding the range."""
        if hand is Hand.AWAY:
            return Hand.STRANGER
        if hand is not Hand.EDITOR:
            return hand
        is_sealed = (splice.at == span.start and self._is_on(self._starts.get(range_id))) or (
            splice.at == span.end and self._is_on(self._ends.get(range_id))
        )
        return Hand.STRANGER if is_sealed else hand

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
                    self._scars.setdefault(range_id, []).append((at - span.start, now))

    def holds(self, range_id: str, local: Splice, length: int, hand: Hand) -> bool:
        """Whether a range of `length` is still sure after a splice in it; keeps its scars."""
        stop = local.at + local.deleted
        if hand is Hand.HOLDER and stop == length and self._is_on(self._ends.get(range_id)):
            self._scars.setdefault(range_id, []).append((length, self._ends[range_id]))
        scars = []
        for at, since in self._scars.pop(range_id, ()):
            if local.at <= at <= stop:
                is_fresh = hand is Hand.AWAY or self._is_on(since)
                if local.inserted and hand is not Hand.HOLDER and is_fresh:
                    return False
                # What comes in its place may stand before or behind it.
                scars += [(local.at, since), (local.at + len(local.inserted), since)]
            else:
                by = len(local.inserted) - local.deleted if stop < at else 0
                scars.append((at + by, since))
        if scars:
            self._scars[range_id] = list(dict.fromkeys(scars))
        return True

    def _is_on(self, since: float | None) -> bool:
        return since is not None and self._now() - since <= _SEALED_S
