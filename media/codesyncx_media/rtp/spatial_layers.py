"""The spatial layers of a stream that has several in one (SVC), and what each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .rates import RateMeter

if TYPE_CHECKING:
    from .media_packet import MediaPacket


class SpatialLayers:
    """Measures each layer. Who gets one gets those below it, too: they are what it is made of."""

    __slots__ = ("_meters",)

    def __init__(self) -> None:
        self._meters: list[RateMeter] = []

    def add(self, packet: MediaPacket, now: float) -> None:
        """Count a packet."""
        while len(self._meters) <= packet.spatial_layer:
            self._meters.append(RateMeter())
        self._meters[packet.spatial_layer].add(len(packet.wire), now)

    @property
    def highest(self) -> int:
        """The number of the largest layer there was."""
        return len(self._meters) - 1

    def rates_bps(self, now: float) -> list[float]:
        """Give what each layer takes with those below it; 0 for one that isn't sent now."""
        total, rates = 0.0, []
        for meter in self._meters:
            own = meter.bitrate_bps(now)
            total += own
            rates.append(total if own > 0 else 0.0)
        return rates
