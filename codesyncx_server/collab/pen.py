"""Writes into a document in one person's name, where the server makes their edits for them.

Whose an edit is stands in its client id, and a document has one such id: the server's. So each
person has a copy of the document with an id of their own; an edit is made there, and the update
that comes of it is applied to the document. The copy follows only when it is written in.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from pycrdt import Doc, merge_updates

from ..updates import read_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from pycrdt import TransactionEvent

_MAX_WAITING_BYTES = 1_000_000
_MAX_WAITING = 2_000
# Of two texts written at one place at the same time the smaller client id's comes first. Those of
# browsers are 32 random bits, hardly ever below the lower ids here and never above the higher.
_LOW_IDS = (1, 2**18)
_HIGH_IDS = (2**53 - 2**18, 2**53 - 1)
_NOTHING = b"\x00\x00"


class Pen:
    """One person's way to write in `doc`; close it, or the document keeps it."""

    def __init__(self, doc: Doc[Any], *, is_last: bool = False) -> None:
        """Begin to write, before what others write at the same place at the same time or last."""
        self.client_id = _fresh_id(doc, _HIGH_IDS if is_last else _LOW_IDS)
        self._doc = doc
        self._copy: Doc[Any] | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._made: list[bytes] = []
        self._is_following = False
        self._copy_subscription: Any = None
        self._subscription = doc.observe(self._on_transaction)

    def close(self) -> None:
        """Let go of the document."""
        self._doc.unobserve(self._subscription)
        self._drop_copy()

    def write(self, edit: Callable[[Doc[Any]], None]) -> bytes | None:
        """Have `edit` change the copy; gives the update to be applied to the document, if any."""
        copy = self._current_copy()
        self._made = []
        is_made = False
        try:
            with copy.transaction():
                edit(copy)
            is_made = True
        finally:
            if not is_made:
                self._drop_copy()
        made, self._made = self._made, []
        if not made:
            return None
        return made[0] if len(made) == 1 else merge_updates(*made)

    def _current_copy(self) -> Doc[Any]:
        copy = self._copy
        self._is_following = True
        try:
            if copy is None:
                copy = self._copy = Doc(client_id=self.client_id)
                copy.apply_update(self._doc.get_update())
                self._copy_subscription = copy.observe(self._on_own_transaction)
            elif self._waiting:
                waiting = self._waiting
                copy.apply_update(waiting[0] if len(waiting) == 1 else merge_updates(*waiting))
        finally:
            self._is_following = False
        self._forget_waiting()
        return copy

    def _on_transaction(self, event: TransactionEvent) -> None:
        if self._copy is None or event.update == _NOTHING:
            return
        self._waiting.append(event.update)
        self._waiting_bytes += len(event.update)
        if self._waiting_bytes > _MAX_WAITING_BYTES or len(self._waiting) > _MAX_WAITING:
            self._drop_copy()

    def _on_own_transaction(self, event: TransactionEvent) -> None:
        if not self._is_following and event.update != _NOTHING:
            self._made.append(event.update)

    def _drop_copy(self) -> None:
        copy, self._copy = self._copy, None
        if copy is not None:
            copy.unobserve(self._copy_subscription)
        self._forget_waiting()

    def _forget_waiting(self) -> None:
        self._waiting = []
        self._waiting_bytes = 0


def _fresh_id(doc: Doc[Any], ids: tuple[int, int]) -> int:
    taken = read_state(doc.get_state())
    low, high = ids
    while True:
        client_id = low + secrets.randbelow(high - low)
        if client_id not in taken:
            return client_id
