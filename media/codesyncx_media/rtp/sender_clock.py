"""A publisher's clock, as its sender reports tell it (RFC 3550, section 6.4.1)."""

from __future__ import annotations

NTP_SECOND = 1 << 32


class SenderClock:
    """Ties a stream's timestamps to the publisher's wall clock, and both to ours."""

    __slots__ = ("_arrival", "_ntp", "_rtp", "clock_rate")

    def __init__(self, clock_rate: int) -> None:
        self.clock_rate = clock_rate
        self._ntp = 0
        self._rtp = 0
        self._arrival = -1.0

    @property
    def is_known(self) -> bool:
        """Whether there was a report."""
        return self._ntp != 0

    def report(self, ntp_time: int, rtp_time: int, now: float) -> None:
        """Note a sender report."""
        self._ntp, self._rtp, self._arrival = ntp_time, rtp_time, now

    def ntp_of(self, timestamp: int) -> int:
        """When a timestamp was taken, in 2**-32 s of the publisher's clock."""
        ticks = (timestamp - self._rtp) & 0xFFFFFFFF
        if ticks >= 0x80000000:
            ticks -= 0x100000000
        return self._ntp + ticks * NTP_SECOND // self.clock_rate

    def at(self, now: float) -> tuple[int, int]:
        """Give what a sender report would say now: (NTP time, timestamp)."""
        passed = max(0.0, now - self._arrival)
        rtp = self._rtp + round(passed * self.clock_rate)
        return (self._ntp + round(passed * NTP_SECOND)) & (1 << 64) - 1, rtp & 0xFFFFFFFF
