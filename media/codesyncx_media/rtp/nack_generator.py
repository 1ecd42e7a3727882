"""Which packets of an arriving stream to ask for again (RFC 4585, section 6.2.1)."""

from __future__ import annotations

from dataclasses import dataclass

REORDERING_S = 0.01  # networks swap neighbours; asking sooner asks for what comes anyway
FIRST_RETRY_S = 0.02
MAX_TRIES = 8
MAX_AGE_S = 1.0
MAX_MISSING = 512
MAX_PER_NACK = 128


@dataclass(slots=True)
class _Missing:
    since: float
    due: float
    tries: int = 0


class NackGenerator:
    """Watches sequence numbers (unwrapped) and says which to ask for, and when to give up."""

    __slots__ = ("_gave_up", "_highest", "_missing")

    def __init__(self) -> None:
        self._highest = -1
        self._missing: dict[int, _Missing] = {}
        self._gave_up = False

    @property
    def missing_count(self) -> int:
        """How many packets are waited for."""
        return len(self._missing)

    @property
    def is_calm(self) -> bool:
        """Whether nothing is missing and nothing was given up."""
        return not self._missing and not self._gave_up

    def receive(self, sequence: int, now: float) -> bool:
        """Note an arrival. False for a packet that is here already or no longer waited for."""
        highest = self._highest
        if sequence == highest + 1 or highest < 0:
            self._highest = sequence
            return True
        if sequence <= highest:
            return self._missing.pop(sequence, None) is not None
        self._highest = sequence
        if sequence - highest > MAX_MISSING:
            self._give_up_all()
            return True
        for lost in range(highest + 1, sequence):
            self._missing[lost] = _Missing(now, now + REORDERING_S)
        if len(self._missing) > MAX_MISSING:
            self._give_up_all()
        return True

    def forget_before(self, sequence: int) -> None:
        """Ask no more for what a key frame makes needless."""
        for lost in [lost for lost in self._missing if lost < sequence]:
            del self._missing[lost]

    def due(self, now: float, round_trip_s: float) -> list[int]:
        """Give the sequence numbers to ask for now; the next time is a round trip away."""
        asked: list[int] = []
        for sequence, missing in list(self._missing.items()):
            if missing.tries >= MAX_TRIES or now - missing.since > MAX_AGE_S:
                if missing.due <= now:
                    del self._missing[sequence]
                    self._gave_up = True
            elif missing.due <= now and len(asked) < MAX_PER_NACK:
                missing.tries += 1
                missing.due = now + max(FIRST_RETRY_S, round_trip_s)
                asked.append(sequence)
        return asked

    def take_gave_up(self) -> bool:
        """Whether packets were given up since the last call: only a key frame helps now."""
        gave_up, self._gave_up = self._gave_up, False
        return gave_up

    def _give_up_all(self) -> None:
        self._missing.clear()
        self._gave_up = True
