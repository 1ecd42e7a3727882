"""Bits a second over the last second, and buckets that keep a rate."""

from __future__ import annotations

_SLOT_S = 0.1
_SLOTS = 10


class RateMeter:
    """Measures a rate over a window of a second. Cheap: whole tenths are summed."""

    __slots__ = ("_bytes", "_first_slot", "_slot", "_slots")

    def __init__(self) -> None:
        self._slots = [0] * _SLOTS
        self._slot = -1
        self._first_slot = -1
        self._bytes = 0

    def add(self, size: int, now: float) -> None:
        """Count bytes."""
        slot = int(now / _SLOT_S)
        if slot != self._slot:
            self._advance(slot)
        self._slots[slot % _SLOTS] += size
        self._bytes += size

    def bitrate_bps(self, now: float) -> float:
        """Give the rate up to now. The first second is measured over the time there was."""
        slot = int(now / _SLOT_S)
        if slot > self._slot:
            self._advance(slot)
        covered = min(_SLOTS, self._slot - self._first_slot + 1)
        return self._bytes * 8 / (covered * _SLOT_S)

    def _advance(self, slot: int) -> None:
        if self._slot < 0:
            self._slot = self._first_slot = slot
            return
        for passed in range(self._slot + 1, min(slot, self._slot + _SLOTS) + 1):
            self._bytes -= self._slots[passed % _SLOTS]
            self._slots[passed % _SLOTS] = 0
        self._slot = max(self._slot, slot)


class TokenBucket:
    """Lets `rate` units a second pass, and `burst` at once."""

    __slots__ = ("_burst", "_filled_at", "_level", "_rate")

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._filled_at: float | None = None

    def take(self, amount: float, now: float) -> bool:
        """Whether `amount` may pass now; True counts it."""
        if self._filled_at is not None:
            gained = max(0.0, now - self._filled_at) * self._rate
            self._level = min(self._burst, self._level + gained)
        self._filled_at = now
        if amount > self._level:
            return False
        self._level -= amount
        return True
