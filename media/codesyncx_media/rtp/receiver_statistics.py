"""How a stream arrives: loss and jitter (RFC 3550, appendices A.3 and A.8)."""

from __future__ import annotations

from .rtcp_reports import ReportBlock


class ReceiverStatistics:
    """Counts one stream's arrivals. Sequence numbers are unwrapped, times in seconds."""

    __slots__ = (
        "_base",
        "_expected_before",
        "_highest",
        "_jitter",
        "_last_report",
        "_last_report_at",
        "_rate",
        "_received_before",
        "_transit",
        "fraction_lost",
        "received",
    )

    def __init__(self, clock_rate: int) -> None:
        self._rate = clock_rate
        self._base = -1
        self._highest = -1
        self.received = 0
        self.fraction_lost = 0.0
        self._expected_before = 0
        self._received_before = 0
        self._jitter = 0.0
        self._transit: int | None = None
        self._last_report = 0
        self._last_report_at = 0.0

    @property
    def jitter_s(self) -> float:
        """The mean deviation of the time packets are under way."""
        return self._jitter / self._rate

    def receive(self, sequence: int, timestamp: int, now: float) -> None:
        """Count a packet that came in its own stream."""
        self.received += 1
        if self._base < 0:
            self._base = self._highest = sequence
        elif sequence > self._highest:
            self._highest = sequence
        transit = (int(now * self._rate) - timestamp) & 0xFFFFFFFF
        if self._transit is not None:
            difference = (transit - self._transit) & 0xFFFFFFFF
            if difference >= 0x80000000:
                difference = 0x100000000 - difference
            self._jitter += (difference - self._jitter) / 16
        self._transit = transit

    def recover(self) -> None:
        """Count a packet that came as a retransmission: it isn't lost."""
        self.received += 1

    def sender_report(self, ntp_time: int, now: float) -> None:
        """Note a report of the sender, for its measuring of the round trip."""
        self._last_report = ntp_time >> 16 & 0xFFFFFFFF
        self._last_report_at = now

    def report(self, ssrc: int, now: float) -> ReportBlock:
        """Tell how the stream arrived since the last call."""
        expected = self._highest - self._base + 1 if self._base >= 0 else 0
        expected_now = expected - self._expected_before
        lost_now = expected_now - (self.received - self._received_before)
        self._expected_before, self._received_before = expected, self.received
        fraction = min(255, lost_now * 256 // expected_now) if lost_now > 0 < expected_now else 0
        self.fraction_lost = fraction / 256
        delay = round((now - self._last_report_at) * 65536) if self._last_report else 0
        return ReportBlock(
            ssrc,
            fraction,
            expected - self.received,
            max(0, self._highest - 0x10000),  # unwrapped numbers begin a turn later
            int(self._jitter),
            self._last_report,
            max(0, delay),
        )
