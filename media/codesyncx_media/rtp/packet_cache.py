"""The last packets of a stream, kept to be sent again."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .media_packet import MediaPacket

MAX_PACKETS = 1024
MAX_BYTES = 1_500_000  # 4 s at 3 Mbit/s


class PacketCache:
    """Holds references to packets, by sequence number, up to a number and a size."""

    __slots__ = ("_max_bytes", "_max_packets", "_order", "_packets", "size_bytes")

    def __init__(self, max_packets: int = MAX_PACKETS, max_bytes: int = MAX_BYTES) -> None:
        self._max_packets = max_packets
        self._max_bytes = max_bytes
        self._packets: dict[int, MediaPacket] = {}
        self._order: deque[int] = deque()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._packets)

    def add(self, packet: MediaPacket) -> None:
        """Keep a packet; the ones kept longest make room."""
        sequence = packet.sequence
        if sequence in self._packets:
            return
        self._packets[sequence] = packet
        self._order.append(sequence)
        self.size_bytes += len(packet.wire)
        while len(self._order) > self._max_packets or self.size_bytes > self._max_bytes:
            gone = self._packets.pop(self._order.popleft())
            self.size_bytes -= len(gone.wire)

    def get(self, sequence: int) -> MediaPacket | None:
        """Find a packet by its unwrapped sequence number."""
        return self._packets.get(sequence)

    def clear(self) -> None:
        """Let go of all packets."""
        self._packets.clear()
        self._order.clear()
        self.size_bytes = 0

    def latest(self) -> MediaPacket | None:
        """Give the packet kept last."""
        return self._packets[self._order[-1]] if self._order else None
