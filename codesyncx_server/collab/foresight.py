"""Says what an update does to a text before it is applied, where that is certain."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from pycrdt import Text

from ..errors import InvalidRequestError
from ..updates import read_update
from .text_order import TextOrder
from .text_runs import OrderLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pycrdt import Doc

    from ..updates import Update
    from .spans import Splice

# Where the history of a text is longer, learning its order would hold everybody up, ...
_SHORT_BYTES = 20_000
# ... and from here on it takes more memory than it is worth.
_MAX_BYTES = 1_000_000
_MAX_BEHIND = 1_000


class Background(Protocol):
    """Has `work` done in a thread, and then `done` called in this one."""

    def __call__(self, work: Callable[[], None], done: Callable[[], None]) -> None: ...


class Foresight:
    """Knows the order of the text `root` of `live` from when it is begun, unless it gets lost."""

    def __init__(self, live: Doc[Any], root: str, in_background: Background | None = None) -> None:
        """Begin without a background only where the history is short."""
        self._live = live
        self._root = root
        self._in_background = in_background
        self._order: TextOrder | None = None
        self._learnt: TextOrder | None = None
        self._behind: list[bytes] | None = None
        self._has_begun = False

    @property
    def order(self) -> TextOrder | None:
        """The order of the text, where it is known."""
        return self._order

    def close(self) -> None:
        """Know nothing any more."""
        self._order = self._behind = None
        self._has_begun = True

    def begin(self) -> None:
        """Learn the order, once."""
        if self._has_begun:
            return
        self._has_begun = True
        whole = self._live.get_update()
        history = len(whole) - len(self._live.get(self._root, type=Text))
        if history > _SHORT_BYTES and (self._in_background is None or history > _MAX_BYTES):
            return
        self._behind = []
        if history > _SHORT_BYTES and self._in_background is not None:
            self._in_background(partial(self._learn, whole), self._catch_up)
            return
        self._learn(whole)
        self._catch_up()

    def splices(self, update: Update) -> list[Splice] | None:
        """Say what `update` is going to do to the text; None when that isn't certain."""
        return None if self._order is None else self._order.splices(update)

    def follow(self, update: bytes, decoded: Update | None) -> None:
        """Keep in step with what the document took in, which may be decoded already."""
        if self._behind is not None:
            self._behind.append(update)
            if len(self._behind) > _MAX_BEHIND:
                self._behind = None
        if self._order is None:
            return
        try:
            self._order.take(read_update(update) if decoded is None else decoded)
        except (InvalidRequestError, OrderLostError):
            # Who makes it get lost on purpose shall not have it learnt again and again.
            self._order = None

    def _learn(self, whole: bytes) -> None:
        order = TextOrder(self._root)
        try:
            order.take(read_update(whole))
        except (InvalidRequestError, OrderLostError):
            return
        self._learnt = order

    def _catch_up(self) -> None:
        order, self._learnt = self._learnt, None
        behind, self._behind = self._behind, None
        if order is None or behind is None:
            return
        self._order = order
        for update in behind:
            self.follow(update, None)
        text = str(self._live.get(self._root, type=Text))
        if self._order is not None and self._order.read() != text.encode():
            self._order = None
