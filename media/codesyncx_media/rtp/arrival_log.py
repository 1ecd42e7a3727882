"""What a publisher's transport-wide feedback will say: which packets came, and when."""

from __future__ import annotations

from .sequence import Unwrapper
from .transport_feedback import TICK_S, TransportFeedback

INTERVAL_S = 0.1  # browsers adapt well to 50 to 250 ms
HISTORY = 500  # what comes later than this many others isn't told of any more


class ArrivalLog:
    """Notes arrivals by transport-wide sequence number until the next feedback is due."""

    __slots__ = (
        "_arrivals",
        "_count",
        "_first_new",
        "_judged",
        "_next",
        "_received",
        "_sent_at",
        "_unwrapper",
    )

    def __init__(self) -> None:
        self._unwrapper = Unwrapper(16)
        self._arrivals: dict[int, int] = {}
        self._first_new: int | None = None
        self._next = -1  # the first number that no feedback was about yet
        self._count = 0
        self._sent_at = float("-inf")
        self._received = 0
        self._judged = -1  # the last number that `lost` counted

    def receive(self, transport_sequence: int, now: float) -> None:
        """Note a packet. Of more than one with a number, the first counts."""
        sequence = self._unwrapper.unwrap(transport_sequence)
        if sequence in self._arrivals or sequence < self._next - HISTORY:
            return
        self._arrivals[sequence] = int(now / TICK_S)
        self._received += 1
        if self._first_new is None or sequence < self._first_new:
            self._first_new = sequence

    def lost(self) -> float:
        """Give the share that didn't come of what was sent since the last call."""
        highest = self._unwrapper.highest
        expected = highest - self._judged if self._judged >= 0 else self._received
        share = 1 - self._received / expected if expected > 0 else 0.0
        self._judged, self._received = highest, 0
        return max(0.0, share)

    def take(self, sender_ssrc: int, media_ssrc: int, now: float) -> TransportFeedback | None:
        """Give the feedback that is due now: what came since the last, and what didn't.

        When one came late, those around it are told of once more.
        """
        if self._first_new is None or now - self._sent_at < INTERVAL_S:
            return None
        last = self._unwrapper.highest
        base = self._first_new if self._next < 0 else min(self._first_new, self._next)
        base = max(base, last - 2 * HISTORY)
        feedback = TransportFeedback(
            sender_ssrc,
            media_ssrc,
            base & 0xFFFF,
            self._count & 0xFF,
            [self._arrivals.get(sequence) for sequence in range(base, last + 1)],
        )
        self._next = last + 1
        self._first_new = None
        self._count += 1
        self._sent_at = now
        if len(self._arrivals) > 4 * HISTORY:
            kept = range(last - 2 * HISTORY, last + 1)
            self._arrivals = {n: self._arrivals[n] for n in kept if n in self._arrivals}
        return feedback
