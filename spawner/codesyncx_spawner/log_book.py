"""The output of a run under way, for those who watch it and for the store. Pure.

It holds what isn't in the store yet and the newest of what is: very many pieces in memory make
Python's collector stop everybody for a tenth of a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .output import Piece


class LogBook:
    """The newest pieces of one run's output."""

    #: So many pieces are given at once, and so many that have been saved are held.
    MOST = 2000

    def __init__(self, next_number: int = 0) -> None:
        """Go on after what an earlier attempt has printed, which is in the store."""
        self._pieces: list[Piece] = []
        self._first = self._saved = next_number

    @property
    def next_number(self) -> int:
        """The number of the next piece."""
        return self._first + len(self._pieces)

    def add(self, pieces: Sequence[Piece]) -> None:
        """Take pieces, numbered from `next_number` on."""
        self._pieces.extend(pieces)

    def after(self, number: int) -> list[Piece] | None:
        """Give the pieces that come after one, or the first of them if they are many.

        None if they are in the store only.
        """
        start = number + 1 - self._first
        return None if start < 0 else self._pieces[start : start + self.MOST]

    def unsaved(self) -> list[Piece]:
        """Give the pieces that aren't in the store yet, or the first of them if they are many."""
        start = self._saved - self._first
        return self._pieces[start : start + self.MOST]

    def mark_saved(self, count: int) -> None:
        """Know that so many more are, and forget those that are so for long."""
        self._saved += count
        if (old := self._saved - self._first - self.MOST) > 0:
            del self._pieces[:old]
            self._first += old
