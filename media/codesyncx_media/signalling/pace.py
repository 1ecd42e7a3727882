"""How fast one browser may send messages."""

from __future__ import annotations

from ..errors import TooManyError

BURST = 60
PER_SECOND = 20.0


class Pace:
    """A bucket that fills with time: so many at once, so many a second in the long run."""

    def __init__(self, now: float, *, burst: int = BURST, per_second: float = PER_SECOND) -> None:
        self._burst = burst
        self._per_second = per_second
        self._left = float(burst)
        self._at = now

    def spend(self, now: float) -> None:
        """Take one message; TooManyError when there were too many."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            raise TooManyError("Your browser sends too many messages; join again in a moment.")
        self._left -= 1
