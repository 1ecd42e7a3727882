"""How often one person may do something."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from ..errors import TooManyError

if TYPE_CHECKING:
    from collections.abc import Callable


class RateLimit:
    """At most `count` of something per person within `seconds`."""

    def __init__(
        self, what: str, count: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._count = count
        self._seconds = seconds
        self._clock = clock
        self._past: dict[str, deque[float]] = {}

    def spend(self, username: str, amount: int = 1) -> None:
        """Count `amount` for `username`; TooManyError, with nothing counted, when over."""
        now = self._clock()
        past = self._past.setdefault(username, deque())
        while past and past[0] <= now - self._seconds:
            past.popleft()
        if len(past) + amount > self._count:
            limit = f"{self._count} {self._what} in {self._seconds:.0f} s"
            raise TooManyError(f"That is more than {limit}; wait a moment.")
        past.extend([now] * amount)
