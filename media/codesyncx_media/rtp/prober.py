"""When to send more than there is to send, to learn whether a path takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bandwidth import Bandwidth, Probe

if TYPE_CHECKING:
    from .send_history import SendHistory

DURATION_S = 0.15
FIRST_INTERVAL_S = 1.0
MAX_INTERVAL_S = 16.0
MAX_STEP = 2.0
MARGIN = 1.1


class Prober:
    """Plans bursts. One that didn't help makes the next wait twice as long."""

    __slots__ = ("_before_bps", "_first", "_interval", "_last", "_started_at", "_target_bps")

    def __init__(self) -> None:
        self._target_bps = 0.0
        self._interval = FIRST_INTERVAL_S
        self._started_at = float("-inf")
        self._before_bps = 0.0
        self._first: int | None = None
        self._last = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to probe for."""
        return self._first is None and self._target_bps <= 0

    def want(self, estimate_bps: float, missing_bps: float) -> None:
        """Say how much more than the estimate there would be use for; 0 for none."""
        if self._before_bps and estimate_bps > 1.1 * self._before_bps:
            self._interval = FIRST_INTERVAL_S
            self._before_bps = 0.0
        needed = (estimate_bps + missing_bps) * MARGIN
        self._target_bps = min(needed, MAX_STEP * estimate_bps) if missing_bps > 0 else 0.0

    def due(self, history: SendHistory, bandwidth: Bandwidth, sent_bps: float, now: float) -> int:
        """Give how many bytes of padding to send now."""
        if self._first is not None:
            return self._continue(self._first, history, bandwidth, sent_bps, now)
        may = now - self._started_at >= self._interval and not bandwidth.is_congested
        if may and self._target_bps > 0:
            if self._before_bps:
                self._interval = min(MAX_INTERVAL_S, 2 * self._interval)
            self._before_bps = bandwidth.estimate_bps
            self._first = history.next_number
            self._started_at = self._last = now
        return 0

    def _continue(
        self,
        first: int,
        history: SendHistory,
        bandwidth: Bandwidth,
        sent_bps: float,
        now: float,
    ) -> int:
        if now - self._started_at >= DURATION_S or bandwidth.is_congested:
            self._first = None
            if history.next_number > first:
                bandwidth.watch(Probe(self._target_bps, first, history.next_number))
            return 0
        passed, self._last = now - self._last, now
        return max(0, int((self._target_bps - sent_bps) * passed / 8))
