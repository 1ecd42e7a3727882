"""A copy of a document on which an update is tried before anybody else gets to see it.

It stays in step cheaply: what the document took in is kept and brought in with the next trial, in
one go. After a trial that was refused it holds what the document doesn't, and is made anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pycrdt import Doc, Map, Text

from ..errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_ydoc.ybasedoc import YBaseDoc

# Beyond that it is cheaper to copy the document once somebody is to be judged again.
_MAX_WAITING_BYTES = 1_000_000
_MAX_WAITING = 5_000


@dataclass(frozen=True, slots=True)
class Seen:
    """What happened to one part of the document, read while it happened."""

    topic: str
    path: list[Any]
    target: Any
    delta: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, topic: str, event: Any) -> Seen:
        """Take what can only be read within an observer."""
        if topic == "source":  # of which nothing else is asked
            return cls(topic, [], None, list(getattr(event, "delta", ())))
        delta = list(getattr(event, "delta", ()))
        keys = dict(getattr(event, "keys", {}))
        return cls(topic, list(event.path), event.target, delta, keys)

    @property
    def is_of_order(self) -> bool:
        """Whether cells came, went or were given other ids."""
        return self.topic == "cells" and (not self.path or "id" in self.keys)


class Shadow:
    """Copies `live`, whose structure `make` knows."""

    def __init__(self, live: Doc[Any], make: Callable[[Doc[Any]], YBaseDoc]) -> None:
        self._live = live
        self._make = make
        self._document: YBaseDoc | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._seen: list[Seen] = []
        self._tried = b""
        self._is_ahead = False
        self._is_trying = False
        self.cell_ids: list[str] = []
        self.roots = frozenset(make(Doc()).ydoc.keys())

    def close(self) -> None:
        """Let go of the copy."""
        self._tried = b""
        self._is_ahead = False
        if self._document is not None:
            self._document.unobserve()
            self._document = None
        self._waiting, self._waiting_bytes = [], 0
        self._seen, self.cell_ids = [], []

    def follow(self, update: bytes) -> None:
        """Tell what the document took in."""
        self._is_ahead = False
        if self._document is None:
            return
        tried, self._tried = self._tried, b""
        if update == tried:
            return  # the document took in just what was tried
        self._waiting.append(update)
        self._waiting_bytes += len(update)
        if self._waiting_bytes > _MAX_WAITING_BYTES or len(self._waiting) > _MAX_WAITING:
            self.close()

    def document(self) -> YBaseDoc:
        """Give the copy, as the document is now."""
        if self._is_ahead:
            self.close()  # what was tried last never came into the document
        document = self._document
        if document is None:
            document = self._document = self._make(Doc())
            # It would remember every edit, and what was deleted by it, to undo it.
            del document._undo_manager
            document.observe(self._on_event)
            document.ydoc.apply_update(self._live.get_update())
            self._take_order(self._seen)
            self._seen = []
        elif self._waiting:
            waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
            with document.ydoc.transaction():
                for update in waiting:
                    document.ydoc.apply_update(update)
            self._take_order(self._seen)
            self._seen = []
        return document

    def attempt(self, update: bytes) -> list[Seen]:
        """Apply an update to the copy and give what it does; InvalidRequestError if it can't be."""
        document = self.document()
        self._is_trying = True
        try:
            document.ydoc.apply_update(update)
        except BaseException as error:  # pyo3's PanicException is no Exception
            self.close()
            if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
                raise
            raise InvalidRequestError("These edits can't be read.") from error
        finally:
            self._is_trying = False
            seen, self._seen = self._seen, []
        self._take_order(seen)
        self._tried = update
        self._is_ahead = bool(seen)
        return seen

    def _take_order(self, seen: list[Seen]) -> None:
        """Keep the cells' ids in order: to ask each cell anew takes pycrdt long."""
        if not any(each.is_of_order for each in seen):
            return
        ids = list(self.cell_ids)
        for each in seen:
            at = 0
            for step in each.delta if each.topic == "cells" and not each.path else ():
                if "delete" in step:
                    del ids[at : at + step["delete"]]
                    continue
                come = [_id_of(cell) for cell in step.get("insert", ())]
                ids[at:at] = come
                at += len(come) + step.get("retain", 0)
        # Where they are is told as it is in the end.
        for each in seen:
            if each.is_of_order and len(each.path) == 1:
                ids[each.path[0]] = _id_of(each.target)
        self.cell_ids = ids

    def _on_event(self, topic: str, event: Any) -> None:
        if self._is_trying or topic == "cells":
            # A part that is observed in depth tells a list.
            events = event if isinstance(event, list) else [event]
            self._seen += [Seen.read(topic, each) for each in events]


def _id_of(cell: Any) -> str:
    return str(cell.get("id", "")) if isinstance(cell, Map) else ""


def holds_only_text(text: Text) -> bool:
    """Whether a text counts what can be read in it; what is no text makes browsers miscount."""
    return len(text) == len(str(text).encode())
