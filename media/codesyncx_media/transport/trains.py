"""Packets to one client that the system is given as one (Linux: UDP_SEGMENT, see udp(7)).

A frame's packets come together and have one length, or one byte more from some packet on (Chromium
sends them so within half a millisecond). Coupled, they pass through the system once, which cuts
them at the length of the first; only the last may be shorter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Hashable, Sequence

LONGEST = 42
"""Of the longest packets, together below 65,508 bytes. The system takes at least 64."""


def couple(
    lengths: Sequence[int],
    targets: Sequence[Hashable],
    count: int,
    alone: Container[Hashable] = (),
) -> list[list[int]]:
    """Couple the slots below `count`; each client's stay in order. Targets in `alone` get none."""
    latest: dict[Hashable, list[int]] = {}
    trains = []
    for slot in range(count):
        target = targets[slot]
        train = latest.get(target)
        if train is not None:
            size = lengths[train[0]]
            if lengths[slot] <= size == lengths[train[-1]] and len(train) < LONGEST:
                train.append(slot)
                continue
        train = [slot]
        trains.append(train)
        if target not in alone:
            latest[target] = train
    return trains
