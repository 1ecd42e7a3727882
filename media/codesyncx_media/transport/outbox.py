"""Packets that are encrypted where they lie, and go out together.

Asking the system to send is half of what forwarding costs: it is asked once for all packets that
one batch of received ones leads to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .private_aiortc import MAX_TRAILER, Cells

if TYPE_CHECKING:
    from collections.abc import Callable

    from .private_aiortc import SendingKeys

SLOTS = 256
SLOT_BYTES = 1536
MAX_PACKET = 1500 - MAX_TRAILER


class Outbox:
    """Slots for packets, filled from the first on and emptied together.

    `lengths` and `targets` are where the socket wants them; `empty` sends so many slots, and
    `wake` is told of the first packet in an empty outbox, so that somebody sends it.
    """

    __slots__ = ("_cells", "_count", "_empty", "_lengths", "_memory", "_targets", "_wake")

    def __init__(
        self,
        memory: bytearray,
        lengths: list[int] | memoryview[int],
        targets: list[Any] | memoryview[int],
        empty: Callable[[int], None],
        wake: Callable[[], None],
    ) -> None:
        self._memory = memory
        self._lengths = lengths
        self._targets = targets
        self._empty = empty
        self._wake = wake
        self._cells = Cells(memory, SLOT_BYTES)
        self._count = 0

    def put(self, packet: bytes | bytearray, keys: SendingKeys, target: Any) -> bool:
        """Encrypt an RTP packet and have it sent; whether it could be.

        The hot path: one call for each packet that is forwarded to somebody.
        """
        length = len(packet)
        if length > MAX_PACKET:
            return False
        slot = self._count
        if slot == 0:
            self._wake()
        elif slot == SLOTS:
            self.flush()
            slot = 0
        at = slot * SLOT_BYTES
        self._memory[at : at + length] = packet
        length = self._cells.protect(keys, slot, length)
        if not length:
            return False
        self._lengths[slot] = length
        self._targets[slot] = target
        self._count = slot + 1
        return True

    def flush(self) -> None:
        """Send what waits."""
        count, self._count = self._count, 0
        if count:
            self._empty(count)
