"""Counters that wrap on the wire and don't here (RFC 3550, appendix A.1)."""

from __future__ import annotations


class Unwrapper:
    """Extends a counter of `bits` bits to one without end.

    Each value is taken as the one nearest to the highest so far. Never gives a negative number:
    the first value counts from one full turn on, so that some that were sent before it fit below.
    """

    __slots__ = ("_half", "_mask", "_turn", "highest")

    def __init__(self, bits: int) -> None:
        self._turn = 1 << bits
        self._half = self._turn >> 1
        self._mask = self._turn - 1
        self.highest = -1

    def unwrap(self, value: int) -> int:
        """Extend one value, and remember it when it is the highest."""
        distance = (value - self.highest) & self._mask
        if distance < self._half and self.highest >= 0:  # by far the most
            self.highest = extended = self.highest + distance
            return extended
        extended = self.peek(value)
        if self.highest < 0:
            self.highest = extended
        return extended

    def peek(self, value: int) -> int:
        """Extend one value without remembering it."""
        if self.highest < 0:
            return value + self._turn
        distance = (value - self.highest) & self._mask
        if distance >= self._half:
            distance -= self._turn
        return self.highest + distance


def is_newer(value: int, than: int, bits: int = 16) -> bool:
    """Whether a wrapping counter's `value` comes after `than`."""
    half = 1 << (bits - 1)
    return value != than and (value - than) & ((1 << bits) - 1) < half
