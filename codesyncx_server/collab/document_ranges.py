"""The ranges of one open document: where they are, and how they are kept for the next time."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_ydoc import YNotebook
from pycrdt import Map, Text

from ..errors import AccessUnavailableError, InvalidRequestError
from . import anchors, spans
from .range_tracker import Change, RangeTracker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jupyter_ydoc.ybasedoc import YBaseDoc

    from ..access.service import AccessService
    from ..access.snapshot import RangeRecord
    from .spans import Hand, Span, Splice

logger = logging.getLogger(__name__)

LINES, CELLS = "lines", "cells"
OPEN, LOST = "open", "lost"
# An anchor that is older is made up for by the document's log, as long as that has all since.
_SAVE_AFTER_S = 10.0
_MAX_CELLS = 1_000
_CELL_IDS = "cell_ids"
_KINDS = {("text", "file"): LINES, ("json", "notebook"): CELLS}


def kind_of(file_format: str, file_type: str) -> str | None:
    """Say what a range of a document of such a room is; None where only the whole is shared."""
    return _KINDS.get((file_format, file_type))


def room_of(kind: Any, path: str) -> tuple[str, str]:
    """Give format and type of the room in which ranges of that kind are followed."""
    expected = CELLS if path.endswith(".ipynb") else LINES
    if kind != expected:
        raise InvalidRequestError("Of notebooks cells can be shared, of other files lines.")
    return next(room for room, each in _KINDS.items() if each == kind)


class DocumentRanges:
    """Follows the ranges of `document`; `tell_lost` hears of each that is lost.

    `kind` says what a range of it is: lines, cells, or nothing.
    """

    def __init__(
        self,
        document: YBaseDoc,
        kind: str | None,
        service: AccessService | None,
        hand_of: Callable[[str], Hand],
        tell_lost: Callable[[RangeRecord], None],
    ) -> None:
        self._document = document
        self._service = service
        self._hand_of = hand_of
        self._tell_lost = tell_lost
        self._tracker: RangeTracker | None = None
        self._waiting: dict[str, RangeRecord] = {}
        self._lost: set[str] = set()
        self._stored: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._saving: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()
        self.cells: dict[str, frozenset[str]] = {}
        self.kind = kind

    # -- where they are -------------------------------------------------------------------------

    @property
    def tracker(self) -> RangeTracker | None:
        """What follows the text; None as long as no range is in it."""
        return self._tracker

    @property
    def text(self) -> bytes | bytearray:
        """The text as the ranges count it; empty as long as no range is in it."""
        return b"" if self._tracker is None else self._tracker.buffer

    @property
    def spans(self) -> Mapping[str, Span]:
        """Where each range of the text is; those that are lost aren't there."""
        return {} if self._tracker is None else self._tracker.spans

    def foretell(self, splices: list[Splice] | None) -> None:
        """Take what the next change of the text does, of which somebody is certain; or nothing."""
        if self._tracker is not None:
            self._tracker.foretell(splices)

    def describe(self, range_id: str) -> dict[str, Any] | None:
        """Say in which lines or cells a range is now; None when it isn't in here."""
        if range_id in self.spans:
            return lines_of(anchors.anchor_of(self.text, self.spans[range_id]))
        if range_id in self.cells:
            held = self.cells[range_id]
            return {_CELL_IDS: [name for name in self._cell_ids() if name in held]}
        return None

    def find(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Give the anchor for what a person chose; InvalidRequestError when there is no such."""
        if spec.get("kind") != self.kind or self.kind is None:
            raise InvalidRequestError("Of this kind of document only the whole can be shared.")
        if self.kind == CELLS:
            return self._find_cells(spec.get(_CELL_IDS))
        first, last = spec.get("start_line"), spec.get("end_line")
        if type(first) is not int or type(last) is not int:
            raise InvalidRequestError("Tell the first and the last line to share.")
        text = self._open_tracker().buffer
        span = spans.span_of_lines(text, first - 1, last - 1)
        if span is None:
            raise InvalidRequestError("There are no such lines in this file.")
        return anchors.anchor_of(text, span)

    # -- life -----------------------------------------------------------------------------------

    def expect(self, records: Iterable[RangeRecord]) -> None:
        """Look for these from now on, as the document comes into being."""
        for record in records:
            is_here = record.kind == self.kind and record.id not in self._lost
            if is_here and record.state == OPEN:
                self._waiting[record.id] = record
                self._stored.add(record.id)

    def meet(self) -> None:
        """Place ranges exactly, if the document is now what one of their anchors was taken in."""
        if self.kind != LINES or not self._waiting:
            return
        text = self._document.ydoc.get("source", type=Text)
        length = len(text)
        likely = [each for each in self._waiting.values() if each.anchor.get("length") == length]
        if not likely:
            return
        data = str(text).encode()
        text_hash = anchors.hash_of(data)
        for record in likely:
            if record.anchor.get("text_hash") == text_hash:
                self._place(record, data)

    def settle(self, *, is_final: bool = True) -> None:
        """Place by content what isn't placed yet; finally, what can't be placed is lost."""
        for record in list(self._waiting.values()):
            is_placed = self.has(record.id)
            if not is_placed:
                is_placed = self._place(record, self._whole_text())
            if is_final:
                del self._waiting[record.id]
                if not is_placed:
                    self._lose(record)

    def sync(self, path: str) -> None:
        """Take up what was shared, and drop what isn't any more."""
        if self._service is None or self.kind is None:
            return
        records = self._service.ranges
        for range_id in [*self.spans, *self.cells]:
            if records.get(range_id) is not None:
                self._stored.add(range_id)
            elif range_id in self._stored:  # else it is only just being stored
                self.remove(range_id)
        known = {*self.spans, *self.cells}
        self.expect(each for each in records.of_path(path) if each.id not in known)
        self.settle()

    def add(self, record: RangeRecord) -> None:
        """Follow a range whose anchor was just taken."""
        self._place(record, self._whole_text())

    def has(self, range_id: str) -> bool:
        """Whether a range is followed here."""
        return range_id in self.spans or range_id in self.cells

    def remove(self, range_id: str) -> None:
        """Follow a range no more."""
        if self._tracker is not None:
            self._tracker.remove(range_id)
        self.cells.pop(range_id, None)

    async def close(self) -> None:
        """Keep where the ranges are, and let go of the document."""
        if self._timer is not None:
            self._timer.cancel()
        await self.save()
        if self._tracker is not None:
            self._tracker.close()

    async def save(self) -> None:
        """Keep where the ranges are now."""
        tracker, service = self._tracker, self._service
        if tracker is None or service is None:
            return
        async with self._lock:
            found = await asyncio.to_thread(_anchors_of, tracker.text, dict(tracker.spans))
            try:
                known = {name: service.ranges.get(name) for name in found}
                await service.ranges.put_all(
                    replace(record, anchor=found[name])
                    for name, record in known.items()
                    if record is not None and record.state == OPEN and record.anchor != found[name]
                )
            except AccessUnavailableError as error:
                logger.warning("Where shared lines are can't be kept now: %s", error)

    # -- how ------------------------------------------------------------------------------------

    def _open_tracker(self) -> RangeTracker:
        if self._tracker is None:
            text = self._document.ydoc.get("source", type=Text)
            self._tracker = RangeTracker(text, self._hand_of, time.monotonic)
            self._tracker.listen(self._on_change)
        return self._tracker

    def _place(self, record: RangeRecord, text: bytes) -> bool:
        if self.kind == CELLS:
            held = frozenset(map(str, record.anchor.get(_CELL_IDS, ())))
            self.cells[record.id] = held
            return not held.isdisjoint(self._cell_ids())
        span = anchors.span_in(record.anchor, text)
        if span is None:
            return False
        self._open_tracker().add(record.id, span)
        return True

    def _lose(self, record: RangeRecord) -> None:
        self.remove(record.id)
        self._lost.add(record.id)
        self._tell_lost(record)

    def _on_change(self, change: Change) -> None:
        for range_id in change.lost:
            record = None if self._service is None else self._service.ranges.get(range_id)
            if record is not None and range_id not in self._waiting:
                self._lose(record)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_SAVE_AFTER_S, self._save_soon)

    def _save_soon(self) -> None:
        self._timer = None
        task = asyncio.ensure_future(self.save())
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    def _whole_text(self) -> bytes:
        if self.kind != LINES:
            return b""
        return str(self._document.ydoc.get("source", type=Text)).encode()

    def _cell_ids(self) -> list[str]:
        if not isinstance(self._document, YNotebook):
            return []
        cells = self._document.ycells
        return [str(cell.get("id", "")) for cell in cells if isinstance(cell, Map)]

    def _find_cells(self, wanted: Any) -> dict[str, Any]:
        if not isinstance(wanted, list) or not 0 < len(wanted) <= _MAX_CELLS:
            raise InvalidRequestError("Tell the cells to share.")
        known = self._cell_ids()
        if not all(isinstance(name, str) and name and name in known for name in wanted):
            raise InvalidRequestError("There are no such cells in this notebook.")
        return {_CELL_IDS: list(dict.fromkeys(wanted))}


def _anchors_of(text: bytes, found: Mapping[str, Span]) -> dict[str, dict[str, Any]]:
    text_hash = anchors.hash_of(text)
    return {name: anchors.anchor_of(text, span, text_hash) for name, span in found.items()}


def lines_of(anchor: Mapping[str, Any]) -> dict[str, Any]:
    """Give what an anchor says to people: lines and columns, or cells, as it was taken."""
    keys = ("start_line", "end_line", "start_column", "end_column", _CELL_IDS)
    return {key: anchor[key] for key in keys if key in anchor}
