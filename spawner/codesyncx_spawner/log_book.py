"""The output of a run under way, for those who watch it and for the store. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .output import Piece


class LogBook:
    """All pieces of one run's output."""

    #: So many pieces are given at once.
    MOST = 2000

    def __init__(self, before: Sequence[Piece] = ()) -> None:
        """Go on after what an earlier attempt has printed."""
        self._pieces = list(before)
        self._saved = len(self._pieces)

    @property
    def next_number(self) -> int:
        """The number of the next piece."""
        return len(self._pieces)

    def add(self, pieces: Sequence[Piece]) -> None:
        """Take pieces, numbered from `next_number` on."""
        self._pieces.extend(pieces)

    def after(self, number: int) -> list[Piece]:
        """Give the pieces that come after one, or the first of them if they are many."""
        return self._pieces[number + 1 : number + 1 + self.MOST]

    def unsaved(self) -> list[Piece]:
        """Give the pieces that aren't in the store yet."""
        return self._pieces[self._saved :]

    def mark_saved(self, count: int) -> None:
        """Know that so many more are."""
        self._saved += count
