"""Which simulcast layer of which track a subscriber gets, out of what their path takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

# A path must carry this much more before a larger layer is taken, and may carry this much less
# before one is given up: layers that change back and forth are worse than small ones.
UPGRADE_MARGIN = 1.15
KEEP_MARGIN = 0.95
MAX_THINNED = 0.9  # fewer frames that save less than this save nothing


@dataclass(frozen=True, slots=True)
class Wish:
    """A track somebody wants to see.

    `rates_bps` are the measured rates of its layers, smallest first; 0 for one that isn't sent.
    `max_layer` is the largest that their window has use for. The highest `priority` is served
    first. `current` is the layer they get now, None for none. `base_bps` is what the smallest
    layer takes with its fewest frames, and `is_thinned` whether that is what they get.
    """

    key: Hashable
    rates_bps: Sequence[float]
    max_layer: int
    base_bps: float = 0.0
    priority: int = 0
    current: int | None = None
    is_thinned: bool = False

    def layers(self) -> list[int]:
        """Give the layers that can be had, smallest first; the smallest sent when all are large."""
        sent = [layer for layer, rate in enumerate(self.rates_bps) if rate > 0]
        return [layer for layer in sent if layer <= self.max_layer] or sent[:1]

    def cost(self, layer: int) -> float:
        """Give what a layer counts as."""
        rate = self.rates_bps[layer]
        if self.current is None or layer > self.current or self.is_thinned:
            return rate * UPGRADE_MARGIN
        return rate * KEEP_MARGIN if layer == self.current else rate


@dataclass(frozen=True, slots=True)
class Allocation:
    """The layer of each track, None for one that doesn't fit; `thinned` ones with fewer frames.

    `missing_bps` is what the estimate lacks for the next layer that somebody wants; 0 when all
    have what they want. A probe should look for it.
    """

    layers: dict[Hashable, int | None]
    missing_bps: float
    thinned: frozenset[Hashable] = frozenset()


def allocate(budget_bps: float, wishes: Sequence[Wish]) -> Allocation:
    """Share a budget: the smallest layer for everyone, fewer frames of it, or nothing; then more.

    Larger layers go round by priority, a step each, so that one track can't take all. The most
    important track keeps its smallest layer even when there is too little: without any pictures
    nobody would notice that a path recovers. Sound comes first: the budget is what is left
    beside it.
    """
    left = budget_bps
    ordered = sorted(wishes, key=lambda wish: -wish.priority)
    layers: dict[Hashable, int | None] = {}
    thinned: set[Hashable] = set()
    missing = 0.0
    for place, wish in enumerate(ordered):
        possible = wish.layers()
        layers[wish.key] = None
        if not possible:
            continue
        cost = wish.cost(possible[0])
        if cost > left:
            missing = missing or cost - left
            can_thin = 0 < wish.base_bps < MAX_THINNED * wish.rates_bps[possible[0]]
            if place > 0 and not (can_thin and wish.base_bps <= left):
                continue
            cost = wish.base_bps if can_thin else cost
            if can_thin:
                thinned.add(wish.key)
        layers[wish.key] = possible[0]
        left -= cost
    for priority in sorted({wish.priority for wish in ordered}, reverse=True):
        equals = [one for one in ordered if one.priority == priority and one.key not in thinned]
        left, lacking = _raise(layers, equals, left)
        missing = missing or lacking
    return Allocation(layers, missing, frozenset(thinned))


def _raise(
    layers: dict[Hashable, int | None], wishes: Sequence[Wish], left: float
) -> tuple[float, float]:
    """Give each a larger layer in turn while any fits; tell what is left and what is lacking."""
    missing = 0.0
    waiting = list(wishes)
    while waiting:
        still = []
        for wish in waiting:
            layer = layers[wish.key]
            larger = [] if layer is None else [one for one in wish.layers() if one > layer]
            if layer is None or not larger:
                continue
            step = wish.cost(larger[0]) - wish.cost(layer)
            if step <= left:
                layers[wish.key] = larger[0]
                left -= step
                still.append(wish)
            elif not missing:
                missing = step - left
        waiting = still
    return left, missing
