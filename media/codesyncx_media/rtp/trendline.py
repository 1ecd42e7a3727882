"""Whether queues on the way to a subscriber grow: the delay's trend.

After "Analysis and Design of the Google Congestion Control for WebRTC" (Carlucci et al., 2016)
and draft-ietf-rmcat-gcc-02, section 5, with a line fitted through the delays in place of the
Kalman filter.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

from .transport_feedback import TICK_S

Usage = Literal["normal", "over", "under"]

BURST_S = 0.005  # packets sent this close together queue behind each other anyway
WINDOW = 20
SMOOTHING = 0.9
GAIN = 4.0
MAX_SAMPLES = 60
OVERUSE_S = 0.01
_THRESHOLD_MS = 12.5
_MIN_THRESHOLD_MS, _MAX_THRESHOLD_MS = 6.0, 600.0
_UP_PER_MS, _DOWN_PER_MS = 0.0087, 0.039
_MAX_GAP_S = 3.0  # beyond this a connection stood still: begin anew


class Trendline:
    """Follows the differences between sending and arriving of groups of packets.

    `receive` each packet that one feedback tells of, then `judge`.
    """

    def __init__(self) -> None:
        self.usage: Usage = "normal"
        # Packets that were sent together: when the first and the last, when the last arrived.
        self._group_began = float("-inf")
        self._group_sent = 0.0
        self._group_arrived = 0
        self._previous: tuple[float, int] | None = None  # last sent, last arrived
        self._reset()

    def _reset(self) -> None:
        self._delay_ms = 0.0
        self._smoothed_ms = 0.0
        self._samples = 0
        self._points: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self._threshold_ms = _THRESHOLD_MS
        self._trend = 0.0
        self._over_since_s: float | None = None
        self._unjudged_s = 0.0
        self.usage = "normal"

    def receive(self, sent_at: float, arrival_ticks: int) -> None:
        """Take in one packet that arrived."""
        if sent_at - self._group_began > BURST_S:
            if self._group_began > float("-inf"):
                self._finish(self._group_sent, self._group_arrived)
            self._group_began = self._group_sent = sent_at
            self._group_arrived = arrival_ticks
            return
        if sent_at > self._group_sent:  # noqa: PLR1730 (once a packet: a call costs more)
            self._group_sent = sent_at
        if arrival_ticks > self._group_arrived:  # noqa: PLR1730 (likewise)
            self._group_arrived = arrival_ticks

    def _finish(self, sent_at: float, arrival_ticks: int) -> None:
        previous, self._previous = self._previous, (sent_at, arrival_ticks)
        if previous is None:
            return
        sent_s = sent_at - previous[0]
        arrived_s = (arrival_ticks - previous[1]) * TICK_S
        if sent_s < 0 or sent_s > _MAX_GAP_S or abs(arrived_s) > _MAX_GAP_S:
            self._reset()
            return
        self._samples = min(self._samples + 1, MAX_SAMPLES)
        self._delay_ms += (arrived_s - sent_s) * 1000
        self._smoothed_ms += (1 - SMOOTHING) * (self._delay_ms - self._smoothed_ms)
        self._points.append((arrival_ticks * TICK_S * 1000, self._smoothed_ms))
        self._unjudged_s += sent_s

    def judge(self) -> Usage:
        """Say whether queues grow, by all that came so far."""
        passed_s, self._unjudged_s = self._unjudged_s, 0.0
        if passed_s > 0 and len(self._points) == WINDOW:
            self._detect(passed_s, _slope(self._points))
        return self.usage

    def _detect(self, passed_s: float, trend: float) -> None:
        modified = self._samples * trend * GAIN
        if modified > self._threshold_ms:
            self._over_since_s = (self._over_since_s or 0.0) + passed_s
            if self._over_since_s > OVERUSE_S and trend >= self._trend:
                self.usage = "over"
        else:
            self._over_since_s = None
            self.usage = "under" if modified < -self._threshold_ms else "normal"
        self._trend = trend
        self._adapt(modified, passed_s)

    def _adapt(self, modified: float, passed_s: float) -> None:
        """Follow slowly: competing streams must not starve us, nor we queue without end."""
        distance = abs(modified) - self._threshold_ms
        if distance > 15.0:
            return
        rate = _DOWN_PER_MS if distance < 0 else _UP_PER_MS
        self._threshold_ms += rate * distance * min(passed_s * 1000, 100.0)
        self._threshold_ms = min(_MAX_THRESHOLD_MS, max(_MIN_THRESHOLD_MS, self._threshold_ms))


def _slope(points: deque[tuple[float, float]]) -> float:
    """Fit a line through points; 0 when all lie above each other."""
    count = len(points)
    origin = points[0][0]
    sum_x = sum_y = sum_xx = sum_xy = 0.0
    for at, y in points:
        x = at - origin
        sum_x += x
        sum_y += y
        sum_xx += x * x
        sum_xy += x * y
    spread = count * sum_xx - sum_x * sum_x
    return (count * sum_xy - sum_x * sum_y) / spread if spread > 0 else 0.0
