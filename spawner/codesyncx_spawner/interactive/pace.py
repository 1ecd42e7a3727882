"""How fast a sandbox may talk to the server: whoever floods it has to wait. Pure."""

from __future__ import annotations


class Pace:
    """So many bytes at once, and so many a second after that."""

    def __init__(self, bytes_per_s: float, burst_bytes: float, now: float) -> None:
        """Begin with nothing said; `now` and all later times are seconds of one clock."""
        self._rate = bytes_per_s
        self._burst = burst_bytes
        self._left = burst_bytes
        self._then = now

    def wait_s(self, size: int, now: float) -> float:
        """Take note of bytes that have come; give the seconds to wait before reading more."""
        self._left = min(self._burst, self._left + (now - self._then) * self._rate) - size
        self._then = now
        return max(0.0, -self._left / self._rate)
