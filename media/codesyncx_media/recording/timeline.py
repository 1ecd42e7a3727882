"""When what people send was taken, on one clock: sound and pictures of one person play together.

A publisher's clock is tied to ours by the quickest of its packets: that one waited the least on
its way, so that the others were late by the difference. Sender reports tie a publisher's streams
to one another (RFC 3550, section 6.4.1); until there is one each stream stands alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rtp.sender_clock import NTP_SECOND

if TYPE_CHECKING:
    from .feed import Seconds

MAX_DELAY_S = 2.0
"""A frame that seems older than this, or comes before it was taken, has a clock that lies."""
CLOCK_DRIFT = 1e-4
"""By how much two clocks may run apart: what was the quickest way once is forgotten so fast."""


class SenderTimes:
    """One publisher's clock, told by all their streams."""

    def __init__(self) -> None:
        self._offset: float | None = None
        self._at = 0.0

    def place(self, taken: Seconds, arrival: Seconds) -> Seconds:
        """Give the time on our clock of what was `taken` by theirs and came at `arrival`."""
        offset = arrival - taken
        if self._offset is not None:
            drifted = self._offset + max(0.0, arrival - self._at) * CLOCK_DRIFT
            if offset - MAX_DELAY_S < drifted < offset:
                offset = drifted
        self._offset, self._at = offset, arrival
        return taken + offset


class StreamTimes:
    """One stream of a publisher; `sender` is shared by all of theirs."""

    def __init__(self, clock_rate: int, sender: SenderTimes) -> None:
        self._clock_rate = clock_rate
        self._sender = sender
        self._alone = SenderTimes()
        self._report: tuple[float, int] | None = None

    def report(self, ntp_time: int, rtp_time: int) -> None:
        """Note a sender report."""
        self._report = (ntp_time / NTP_SECOND, rtp_time)

    def place(self, timestamp: int, arrival: Seconds) -> Seconds:
        """Give when a frame was taken; `timestamp` doesn't wrap."""
        if self._report is None:
            return self._alone.place(timestamp / self._clock_rate, arrival)
        ntp_s, rtp_time = self._report
        ticks = (timestamp - rtp_time) & 0xFFFFFFFF
        if ticks >= 0x80000000:  # noqa: PLR2004 (half of what 32 bits count)
            ticks -= 0x100000000
        return self._sender.place(ntp_s + ticks / self._clock_rate, arrival)
