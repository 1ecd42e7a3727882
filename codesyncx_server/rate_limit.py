"""How often one person may do something."""

from __future__ import annotations

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from .errors import TooManyError


class RateLimit:
    """At most `count` of something per person within `seconds`."""

    def __init__(self, what: str, count: int, seconds: int) -> None:
        """Count nothing yet; `what` is a word for them, as in "30 searches in 10 s"."""
        self._limit = RateLimitItemPerSecond(count, seconds)
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._words = f"{count} {what} in {seconds} s"

    def spend(self, username: str, amount: int = 1) -> None:
        """Count `amount` for `username`; TooManyError, with nothing counted, when over."""
        if not self._window.hit(self._limit, username, cost=amount):
            raise TooManyError(f"That is more than {self._words}; wait a moment.")
