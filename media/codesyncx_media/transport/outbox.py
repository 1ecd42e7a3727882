"""RTP packets on their way out: encrypted in the memory that they are sent from, sent together.

Asking the system for each packet costs more than encrypting it: it is asked once for all packets
that one batch of received ones leads to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..rtp.epochs import write_numbers_and_transport, write_picture_numbers
from ..rtp.extensions import BLOCK_PREFIX, TRANSPORT_SEQUENCE_HEADER
from ..rtp.lane import MASK
from ..rtp.media_packet import PAYLOAD_AT
from .private_aiortc import MAX_TRAILER, Cells

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..rtp.lane import Lane
    from ..rtp.media_packet import MediaPacket
    from .way import Way

Rest = TypeVar("Rest")

SLOTS = 256
SLOT_BYTES = 1536
MAX_PACKET = 1500 - MAX_TRAILER
_ENDS = (0, SLOTS)


class Outbox:
    """Slots for packets, filled from the first on and emptied together.

    `lengths` and `targets` are where the socket wants them; `empty` sends so many slots, and
    `wake` is told of the first packet in an empty outbox, so that somebody sends it.
    """

    __slots__ = ("_cells", "_count", "_empty", "_lengths", "_memory", "_targets", "_wake")

    def __init__(
        self,
        memory: bytearray,
        lengths: list[int],
        targets: list[Any],
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

    def put(self, packet: bytes | bytearray, way: Way) -> bool:
        """Encrypt an RTP packet and have it sent; whether it could be."""
        length = len(packet)
        if way.keys is None or way.target is None:
            return False
        if length > MAX_PACKET:
            way.refused += 1
            return False
        slot = self._next_slot(self._count)
        at = slot * SLOT_BYTES
        self._memory[at : at + length] = packet
        length = self._cells.protect(way.keys, slot, length)
        if not length:
            way.refused += 1
            return False
        self._lengths[slot] = length
        self._targets[slot] = way.target
        self._count = slot + 1
        way.sent += 1
        return True

    def fan_out(
        self, packet: MediaPacket, routes: Sequence[tuple[Lane, Way, Rest]], now: float
    ) -> list[Rest]:
        """Send a packet to everybody whom it goes to: number it on, encrypt each copy.

        Gives what stands behind the lanes that don't take the packet as it is. The hot path: each
        turn of this loop is one packet to one person, and what it does is written out in it.
        """
        wire, stream, sequence, timestamp = (
            packet.wire,
            packet.stream,
            packet.sequence,
            packet.timestamp,
        )
        layer, has_picture, size = packet.temporal_layer, packet.picture_id_at, len(wire)
        memory, cells, left = self._memory, self._cells, []
        encrypt, places, told = cells.encrypt, cells.places, cells.length
        lengths, targets, slot = self._lengths, self._targets, self._count
        for lane, way, rest in routes if size <= MAX_PACKET else ():
            if (
                lane.stream is not stream
                or lane.highest >= sequence
                or lane.max_temporal_layer < layer
            ):
                left.append(rest)
                continue
            handle = way.handle
            if handle is None:
                continue
            lane.highest = sequence
            lane.last = packet
            lane.packets += 1
            lane.octets += size - PAYLOAD_AT
            log = lane.log
            number = log.next_number
            log.next_number = number + 1
            log.sent_at[number & MASK] = now
            log.sizes[number & MASK] = size
            if slot in _ENDS:
                slot = self._next_slot(slot)
            at = slot * SLOT_BYTES
            memory[at : at + size] = wire
            write_numbers_and_transport(
                memory,
                at + 2,
                sequence + lane.sequence_delta & 0xFFFF,
                timestamp + lane.timestamp_delta & 0xFFFFFFFF,
                lane.ssrc,
                BLOCK_PREFIX,
                TRANSPORT_SEQUENCE_HEADER,
                number & 0xFFFF,
            )
            if has_picture and (lane.picture_delta or lane.tl0_delta):
                write_picture_numbers(memory, at, lane, packet)
            told[0] = size
            if encrypt(handle, places[slot], told):
                way.refused += 1
                continue
            lengths[slot] = told[0]
            targets[slot] = way.target
            way.sent += 1
            slot += 1
            self._count = slot
        return left

    def flush(self) -> None:
        """Send what waits."""
        count, self._count = self._count, 0
        if count:
            self._empty(count)

    def _next_slot(self, slot: int) -> int:
        if slot == 0:
            self._wake()
        elif slot == SLOTS:
            self.flush()
            slot = 0
        return slot
