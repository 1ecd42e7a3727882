"""When which transport-wide sequence number was sent to a subscriber, and how large it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from .transport_feedback import TransportFeedback

Number = TypeVar("Number", int, float)

SIZE = 4096  # 4 s at 1,000 packets/s
MASK = SIZE - 1


SentPacket = tuple[int, float, int, int | None]
"""A packet that feedback is about: number, when it was sent, size, arrival in ticks.

The arrival is None when it didn't come.
"""


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
        first = max(base, 0, self.next_number - SIZE, self._acknowledged + 1)
        end = min(base + len(feedback.arrivals), highest + 1)
        if end <= first:
            return []
        self._acknowledged = end - 1
        return list(
            zip(
                range(first, end),
                _part(self.sent_at, first, end),
                _part(self.sizes, first, end),
                feedback.arrivals[first - base : end - base],
                strict=True,
            )
        )


def _part(ring: list[Number], first: int, end: int) -> list[Number]:
    """Give a ring's entries from one number up to another, at most once around."""
    start, stop = first & MASK, (end - 1 & MASK) + 1
    return ring[start:stop] if start < stop else ring[start:] + ring[:stop]
