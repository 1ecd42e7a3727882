"""How good a connection is, by what is measured of it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

WORSE_AFTER_S = 3.0
BETTER_AFTER_S = 6.0
"""For so long a connection is another one before anybody is told: what passes at once isn't."""
SMOOTHING = 0.4
"""How much the last second counts; losses come in bursts."""
MOST_LOSS = 0.3
"""More than this in a second is no worse: a single one of nothing at all is soon made good."""
WEAK_LOSS, BAD_LOSS = 0.04, 0.12
"""Opus hides some loss (RFC 6716, section 2.1.7), and pictures are sent again."""
STILL = 0.6
"""Of a limit, above which a connection that was beyond it still counts as such."""


class Line(NamedTuple):
    """What is measured of a connection: shares lost on the way here and on the way there.

    With `is_starved` it carries less than the smallest of what its person would see.
    """

    lost_up: float
    lost_down: float
    is_starved: bool


class Quality(IntEnum):
    """How good a connection is, the worst last."""

    GOOD = 0
    WEAK = 1
    BAD = 2

    @property
    def word(self) -> str:
        """Its name on the wire."""
        return self.name.lower()


class LineWatch:
    """Tells when somebody's connection is better or worse for good. Ask it once a second."""

    __slots__ = ("_loss", "_since", "_turn", "quality")

    def __init__(self) -> None:
        self.quality = Quality.GOOD
        self._loss = 0.0
        self._turn = 0
        self._since = 0.0

    def judge(self, line: Line, now: float) -> bool:
        """Take what was measured; whether the quality is another one now."""
        loss = min(MOST_LOSS, max(line.lost_up, line.lost_down))
        self._loss += SMOOTHING * (loss - self._loss)
        found = self._grade(is_starved=line.is_starved)
        turn = (found > self.quality) - (found < self.quality)
        if turn != self._turn:
            self._turn, self._since = turn, now
        if turn == 0 or now - self._since < (WORSE_AFTER_S if turn > 0 else BETTER_AFTER_S):
            return False
        self.quality, self._turn = found, 0
        return True

    def _grade(self, *, is_starved: bool) -> Quality:
        if self._loss > BAD_LOSS * (STILL if self.quality is Quality.BAD else 1):
            return Quality.BAD
        if is_starved or self._loss > WEAK_LOSS * (1 if self.quality is Quality.GOOD else STILL):
            return Quality.WEAK
        return Quality.GOOD
