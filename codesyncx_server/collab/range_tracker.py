"""The ranges of one open text, in step with it."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, NamedTuple, Protocol

from . import spans
from .seals import Seals
from .spans import Hand, Span, Splice, Utf8
from .text_watch import TextWatch
from .textdiff import edits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pycrdt import Text

    from .spans import Moved

logger = logging.getLogger(__name__)


class Change(NamedTuple):
    """What one transaction did: to each range its own splices, and which ranges it lost."""

    local: Mapping[str, list[Splice]]
    lost: tuple[str, ...]


class Listener(Protocol):
    """Hears of every change of the text, once all ranges have moved."""

    def __call__(self, change: Change) -> None: ...


class RangeTracker:
    """Follows a document's text; `hand_of(range_id)` says who writes now, as that range sees it.

    Without a clock `now`, in seconds, edges that were sealed stay so.
    """

    def __init__(
        self,
        text: Text,
        hand_of: Callable[[str], Hand],
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._text = text
        self._hand_of = hand_of
        self._seals = Seals(now)
        self._held: frozenset[str] = frozenset()
        self._spans: dict[str, Span] = {}
        self._listeners: list[Listener] = []
        self._mirror = bytearray(str(text).encode())
        self._watch = TextWatch(text, self._on_text)

    def close(self) -> None:
        """Let go of the text."""
        self._watch.close()
        self._listeners.clear()

    @property
    def text(self) -> bytes:
        """The whole text, as the ranges count it."""
        return bytes(self._mirror)

    @property
    def buffer(self) -> bytearray:
        """The same without a copy; only to look at, and only until the next change."""
        return self._mirror

    @property
    def spans(self) -> Mapping[str, Span]:
        """Where each range is."""
        return self._spans

    @property
    def is_sound(self) -> bool:
        """Whether the ranges count as the document does; what isn't text may come between."""
        return len(self._mirror) == len(self._text)

    def add(self, range_id: str, span: Span) -> None:
        """Follow a range from now on."""
        if not 0 <= span.start <= span.end <= len(self._mirror):
            raise ValueError("a range outside of its text")
        self._spans[range_id] = span

    def remove(self, range_id: str) -> None:
        """Follow it no more."""
        self._spans.pop(range_id, None)
        self._seals.forget(range_id)

    def foretell(self, splices: list[Splice] | None) -> None:
        """Take what the next change does, of which somebody is certain; None to take it back."""
        self._watch.foretell(splices)

    def text_of(self, range_id: str) -> bytes:
        """Give what is in a range; KeyError when there is none of that name."""
        start, end = self._spans[range_id]
        return bytes(self._mirror[start:end])

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear of changes; returns the call that ends it. It may not change the document."""
        self._listeners.append(listener)

        def stop() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    @contextlib.contextmanager
    def held(self, *range_ids: str) -> Iterator[None]:
        """Have what is written within be by somebody who holds these ranges."""
        before, self._held = self._held, frozenset(range_ids)
        try:
            yield
        finally:
            self._held = before

    def _hand(self, range_id: str) -> Hand:
        if self._held:
            return Hand.HOLDER if range_id in self._held else Hand.STRANGER
        return self._hand_of(range_id)

    def _on_text(self, splices: list[Splice]) -> None:
        local: dict[str, list[Splice]] = {}
        lost: list[str] = []
        for splice in splices:
            if self._move_plainly(splice, local):
                continue
            reached = self._seals.reached(self._spans, splice)
            for part, is_refined in self._parts(splice):
                self._move(part, local, lost, is_refined=is_refined)
            if reached:
                self._seals.mark(reached, self._spans, splice)
        if len(self._mirror) != self._watch.length():
            logger.error("A text holds what is no text; its ranges are closed")
            self._mirror = bytearray(self._watch.read().encode())
            lost += self._spans
            self._spans.clear()
        change = Change(local, tuple(dict.fromkeys(lost)))
        for listener in list(self._listeners):
            listener(change)

    def _parts(self, splice: Splice) -> list[tuple[Splice, bool]]:
        """Take a replacement of much more than a range apart, to see what it does to the range."""
        is_rough = (
            splice.deleted
            and splice.inserted
            and any(spans.covers_part(span, splice) for span in self._spans.values())
        )
        if not is_rough or spans.PLACEHOLDER in splice.inserted:
            return [(splice, False)]
        stop = splice.at + splice.deleted
        old = bytes(self._mirror[splice.at : stop])
        if spans.PLACEHOLDER in old:
            return [(splice, False)]
        shifted = 0
        parts = []
        for edit in reversed(edits(old.decode(), splice.inserted.decode())):
            data = edit.insert.encode()
            at = Utf8(splice.at + edit.start + shifted)
            parts.append((Splice(at, edit.delete_len, data), True))
            shifted += len(data) - edit.delete_len
        return parts

    def _move_plainly(self, splice: Splice, local: dict[str, list[Splice]]) -> bool:
        """Move the ranges if each is clear of the splice, or has text of its own to both its sides.

        That is what most typing does; it doesn't matter then who writes, nor what.
        """
        at, deleted, inserted = splice
        stop, by = at + deleted, len(inserted) - deleted
        moved: dict[str, Span] = {}
        within = []
        for range_id, (start, end) in self._spans.items():
            if start > stop:
                moved[range_id] = Span(start + by, end + by)  # type: ignore[arg-type] # it costs
            elif end >= at:
                if not (start < at and stop < end and self._seals.is_whole(range_id)):
                    return False
                moved[range_id] = Span(start, Utf8(end + by))
                within.append((range_id, Splice(Utf8(at - start), deleted, inserted)))
        self._spans.update(moved)
        for range_id, own in within:
            local.setdefault(range_id, []).append(own)
        spans.apply(self._mirror, splice)
        return True

    def _move(
        self, splice: Splice, local: dict[str, list[Splice]], lost: list[str], *, is_refined: bool
    ) -> None:
        hand_of = _by_disk if is_refined else self._hand
        stop, by = splice.at + splice.deleted, len(splice.inserted) - splice.deleted
        near = {}
        for range_id, span in self._spans.items():
            if span.start > stop:
                self._spans[range_id] = Span(Utf8(span.start + by), Utf8(span.end + by))
            elif span.end >= splice.at:
                near[range_id] = span
        hands = {range_id: hand_of(range_id) for range_id in near}

        def hand_at(range_id: str) -> Hand:
            return self._seals.hand_at(range_id, near[range_id], splice, hands[range_id])

        found = spans.shift_all(near, splice, self._mirror, hand_at)
        for range_id, moved in found.items():
            length = near[range_id].end - near[range_id].start
            if moved.span is None or not self._is_sure(range_id, moved, length, hands[range_id]):
                self.remove(range_id)
                local.pop(range_id, None)
                lost.append(range_id)
                continue
            self._spans[range_id] = moved.span
            if moved.local is not None:
                local.setdefault(range_id, []).append(moved.local)
        spans.apply(self._mirror, splice)

    def _is_sure(self, range_id: str, moved: Moved, length: int, hand: Hand) -> bool:
        return moved.local is None or self._seals.holds(
            range_id, moved.local, length, hand, is_part=range_id in self._held
        )


def _by_disk(_range_id: str) -> Hand:
    return Hand.DISK
