"""Says what an update does to a text before it is applied, where that is certain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequestError
from ..updates import read_update
from .text_order import OrderLostError, TextOrder

if TYPE_CHECKING:
    from pycrdt import Doc

    from ..updates import Update
    from .spans import Splice

# To learn the order of a text that was edited more than that would hold everybody up.
_MAX_HISTORY_BYTES = 60_000


class Foresight:
    """Knows the order of the text `root` of `live` from when it is begun, unless it gets lost."""

    def __init__(self, live: Doc[Any], root: str) -> None:
        self._live = live
        self._root = root
        self._order: TextOrder | None = None
        self._has_begun = False

    def close(self) -> None:
        """Know nothing any more."""
        self._order = None
        self._has_begun = True

    def begin(self, text: bytes | bytearray) -> None:
        """Learn the order, once; `text` is what there is to read now."""
        if self._has_begun:
            return
        self._has_begun = True
        whole = self._live.get_update()
        if len(whole) - len(text) > _MAX_HISTORY_BYTES:
            return
        order = TextOrder(self._root)
        try:
            order.take(read_update(whole))
        except (InvalidRequestError, OrderLostError):
            return
        if order.read() == text:
            self._order = order

    def splices(self, update: Update) -> list[Splice] | None:
        """Say what `update` is going to do to the text; None when that isn't certain."""
        return None if self._order is None else self._order.splices(update)

    def follow(self, update: bytes, decoded: Update | None) -> None:
        """Keep in step with what the document took in, which may be decoded already."""
        if self._order is None:
            return
        try:
            self._order.take(read_update(update) if decoded is None else decoded)
        except (InvalidRequestError, OrderLostError):
            # Who makes it get lost on purpose shall not have it learnt again and again.
            self._order = None
