"""Which of the packets sent to a subscriber their transport-wide feedback is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lane import SIZE, SendLog

if TYPE_CHECKING:
    from .transport_feedback import TransportFeedback

SentPacket = tuple[int, float, int, int | None]
"""A packet that feedback is about: number, when it was sent, size, arrival in ticks.

The arrival is None when it didn't come.
"""


class SendHistory:
    """Remembers the last packets of a connection, in a `log` that the hot path writes to."""

    __slots__ = ("_acknowledged", "log")

    def __init__(self, log: SendLog | None = None) -> None:
        self.log = log or SendLog()
        self._acknowledged = -1

    @property
    def next_number(self) -> int:
        """The transport-wide number of the next packet, unwrapped."""
        return self.log.next_number

    def note(self, size: int, now: float) -> int:
        """Note a packet; give its number."""
        return self.log.note(size, now)

    def match(self, feedback: TransportFeedback) -> list[SentPacket]:
        """Tell which packets feedback is about. Each is told of once, numbers never sent not."""
        next_number = self.log.next_number
        highest = next_number - 1
        distance = (highest - feedback.base_sequence) & 0xFFFF
        base = highest - distance
        first = max(base, 0, next_number - SIZE, self._acknowledged + 1)
        end = min(base + len(feedback.arrivals), next_number)
        if end <= first:
            return []
        self._acknowledged = end - 1
        sent_at, sizes = self.log.part(first, end)
        arrivals = feedback.arrivals[first - base : end - base]
        return list(zip(range(first, end), sent_at, sizes, arrivals, strict=True))
