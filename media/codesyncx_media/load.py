"""What a media process has to do, in figures for whoever runs it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(slots=True)
class Load:
    """All calls of one process, now; each part of them adds what it knows."""

    calls: int = 0
    people: int = 0
    publishers: int = 0
    subscribers: int = 0
    layers: Counter[int] = field(default_factory=Counter)
    """How many pictures are sent in each layer; 0 is the smallest, and all there is of some."""
    lost_up: list[float] = field(default_factory=list)
    """Of each stream that comes in, the share that was lost, by the last report."""
    lost_down: list[float] = field(default_factory=list)
    """Of each stream that goes out, the share that was lost, by its subscriber's last report."""

    def told(self, path: str, **totals: float) -> dict[str, Any]:
        """Give it as the server is told, with the packets' path and totals since the beginning."""
        return {
            "path": path,
            "calls": self.calls,
            "people": self.people,
            "publishers": self.publishers,
            "subscribers": self.subscribers,
            "layers": {str(layer): count for layer, count in sorted(self.layers.items())},
            "loss": {"up": _mean(self.lost_up), "down": _mean(self.lost_down)},
            "totals": totals,
        }


def _mean(shares: Sequence[float]) -> float:
    return sum(shares) / len(shares) if shares else 0.0
