"""When which transport-wide sequence number was sent to a subscriber, and how large it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .transport_feedback import TransportFeedback

SIZE = 4096  # 4 s at 1,000 packets/s
MASK = SIZE - 1


class SentPacket(NamedTuple):
    """A packet that feedback is about. `arrival_ticks` is None when it didn't come."""

    number: int
    sent_at: float
    size: int
    arrival_ticks: int | None


class SendHistory:
    """Remembers the last packets of a connection.

    A sender on the hot path writes `sent_at` and `sizes` itself, at `next_number & MASK`.
    """

    __slots__ = ("_acknowledged", "next_number", "sent_at", "sizes")

    def __init__(self) -> None:
        self.next_number = 0
        self.sent_at = [0.0] * SIZE
        self.sizes = [0] * SIZE
        self._acknowledged = -1

    def note(self, size: int, now: float) -> int:
        """Note a packet; give its number."""
        number = self.next_number
        self.next_number = number + 1
        self.sent_at[number & MASK] = now
        self.sizes[number & MASK] = size
        return number

    def match(self, feedback: TransportFeedback) -> list[SentPacket]:
        """Tell which packets feedback is about. Each is told of once, numbers never sent not."""
        highest = self.next_number - 1
        distance = (highest - feedback.base_sequence) & 0xFFFF
        base = highest - distance
        oldest = max(0, self.next_number - SIZE, self._acknowledged + 1)
        sent_at, sizes = self.sent_at, self.sizes
        matched = [
            SentPacket(number, sent_at[number & MASK], sizes[number & MASK], arrival)
            for number, arrival in enumerate(feedback.arrivals, base)
            if oldest <= number <= highest
        ]
        if matched:
            self._acknowledged = matched[-1].number
        return matched
