"""When to ask a publisher for a key frame. Many may want one; each costs all a burst."""

from __future__ import annotations

MIN_INTERVAL_S = 0.5
MAX_INTERVAL_S = 4.0


class KeyframeRequests:
    """Merges the wishes for a key frame of one stream into few requests.

    After a request the next one waits, longer each time nothing comes. A wish is fulfilled by
    any key frame that starts after it.
    """

    __slots__ = ("_interval", "_sent_at", "_wanted")

    def __init__(self) -> None:
        self._wanted = False
        self._sent_at = float("-inf")
        self._interval = MIN_INTERVAL_S

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for a key frame."""
        return self._wanted

    def want(self) -> None:
        """Somebody can't decode without a key frame."""
        self._wanted = True

    def arrived(self) -> None:
        """Note that a key frame has started."""
        self._wanted = False
        self._interval = MIN_INTERVAL_S

    def take_due(self, now: float) -> bool:
        """Whether to send a request now; True counts as sent."""
        if not self._wanted or now - self._sent_at < self._interval:
            return False
        if now - self._sent_at < 2 * self._interval:
            self._interval = min(MAX_INTERVAL_S, 2 * self._interval)
        self._sent_at = now
        return True
