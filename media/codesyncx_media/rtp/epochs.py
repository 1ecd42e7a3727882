"""How a publisher's streams are numbered on for one subscriber.

A subscriber sees one stream without gaps although it is made of several: simulcast layers that
follow one another, frames left out, a speaker who was silent for a while. Between two such turns
numbers differ by constants: that is an epoch.
"""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .extensions import BLOCK_PREFIX, TRANSPORT_SEQUENCE_HEADER
from .lane import Lane, SendLog
from .sender_clock import NTP_SECOND

if TYPE_CHECKING:
    from .media_packet import MediaPacket
    from .received_stream import ReceivedStream

MAX_EPOCHS = 128
NO_END = 1 << 62
_MAX_CLOCK_ERROR_S = 0.5

# Sequence number, timestamp, SSRC; then the extension block up to the transport-wide number.
write_numbers_and_transport = struct.Struct(">HIIIBH").pack_into
write_short = struct.Struct(">H").pack_into


@dataclass(slots=True)
class Epoch:
    """The packets `first` up to `end` of a stream (unwrapped), and what to add to their numbers."""

    stream: ReceivedStream
    first: int
    end: int
    sequence_delta: int
    timestamp_delta: int
    picture_delta: int
    tl0_delta: int


class Epochs:
    """The current epoch and those before it, as far as somebody may still ask for their packets.

    The lane has the current epoch's deltas, and the last packet, which the hot path moves on.
    """

    __slots__ = ("_lane", "_past", "_skipped_picture", "current", "next_sequence")

    def __init__(self, first_sequence: int, lane: Lane | None = None) -> None:
        """Take the number of the first packet to send, below 65536."""
        self.current: Epoch | None = None
        self._lane = lane or Lane(0, SendLog(), 0)
        self.next_sequence = first_sequence + 0x10000
        self._past: deque[Epoch] = deque(maxlen=MAX_EPOCHS)
        self._skipped_picture = -1

    @property
    def last(self) -> MediaPacket | None:
        """The packet with the highest number so far in the current epoch's stream."""
        return self._lane.last

    def begin(self, packet: MediaPacket, now: float) -> Epoch:
        """Begin an epoch with a packet: it is sent next, whatever was sent before."""
        before, last = self.current, self.last
        sequence_delta = self.next_number() - packet.sequence
        picture_delta = tl0_delta = timestamp_delta = 0
        if before is not None and last is not None:
            self._close(last.sequence + 1)
            if last.picture_id >= 0:
                picture_delta = last.picture_id + before.picture_delta + 1 - packet.picture_id
            if last.tl0_index >= 0:
                tl0_delta = last.tl0_index + before.tl0_delta + 1 - packet.tl0_index
            timestamp_delta = before.timestamp_delta
            if packet.stream is not before.stream:
                passed = _ticks_between(last, packet, now)
                timestamp_delta += last.timestamp + passed - packet.timestamp
        epoch = Epoch(
            packet.stream,
            packet.sequence,
            NO_END,
            sequence_delta,
            timestamp_delta & 0xFFFFFFFF,
            picture_delta,
            tl0_delta,
        )
        self._go_on(epoch, packet)
        return epoch

    def skip(self, packet: MediaPacket, *, of_picture: bool = False) -> None:
        """Leave a packet out so that no number is missed. Late ones leave a gap.

        Pictures are numbered on without a gap where their numbers have to be. Those that aren't
        counted in layers (VP9 in flexible mode) name what they refer to by numbers, and keep them;
        and of a picture without its upper spatial layers the rest is sent.
        """
        before, last = self.current, self.last
        if before is None or last is None or packet.sequence <= last.sequence:
            return
        picture_delta = before.picture_delta
        is_counted = packet.tl0_index >= 0 and not of_picture
        if is_counted and packet.picture_id != self._skipped_picture:
            self._skipped_picture = packet.picture_id
            picture_delta -= 1
        self._close(packet.sequence)
        epoch = Epoch(
            before.stream,
            packet.sequence + 1,
            NO_END,
            before.sequence_delta - 1,
            before.timestamp_delta,
            picture_delta,
            before.tl0_delta,
        )
        self._go_on(epoch, packet)

    def _go_on(self, epoch: Epoch, packet: MediaPacket) -> None:
        lane, self.current = self._lane, epoch
        lane.last = packet
        lane.sequence_delta = epoch.sequence_delta
        lane.timestamp_delta = epoch.timestamp_delta
        lane.picture_delta = epoch.picture_delta
        lane.tl0_delta = epoch.tl0_delta

    def next_number(self) -> int:
        """Give the unwrapped number that follows the highest sent."""
        if self.current is not None and self.last is not None:
            self.next_sequence = self.last.sequence + self.current.sequence_delta + 1
        return self.next_sequence

    def covering(self, packet: MediaPacket) -> Epoch | None:
        """Find the epoch of a late packet. None when it was left out or is too old."""
        for epoch in self._newest_first():
            if epoch.stream is packet.stream and packet.sequence >= epoch.first:
                return epoch if packet.sequence < epoch.end else None
        return None

    def origin(self, sequence_number: int) -> tuple[Epoch, int] | None:
        """Find what a subscriber got under a number: an epoch and a number of its stream."""
        highest = self.next_number() - 1
        distance = (highest - sequence_number) & 0xFFFF
        sent = highest - distance
        for epoch in self._newest_first():
            sequence = sent - epoch.sequence_delta
            if sequence >= epoch.first:
                return (epoch, sequence) if sequence < epoch.end else None
        return None

    def _newest_first(self) -> list[Epoch]:
        current = [self.current] if self.current is not None else []
        return current + list(reversed(self._past))

    def _close(self, end: int) -> None:
        if self.current is not None:
            self.current.end = end
            if self.current.first < end:
                self._past.append(self.current)


def _ticks_between(last: MediaPacket, packet: MediaPacket, now: float) -> int:
    """How far a timestamp moves on from one stream's packet to another's; at least one tick.

    Streams of one track share a clock, which sender reports tell. Elsewhere arrival decides.
    """
    clock, before = packet.stream.clock, last.stream.clock
    passed_s = now - last.arrival
    if packet.stream.track is last.stream.track and clock.is_known and before.is_known:
        told = (clock.ntp_of(packet.timestamp) - before.ntp_of(last.timestamp)) / NTP_SECOND
        if abs(told - passed_s) < _MAX_CLOCK_ERROR_S:
            passed_s = told
    return max(1, round(passed_s * clock.clock_rate))


def patched(epoch: Epoch, packet: MediaPacket, ssrc: int, transport_sequence: int) -> bytearray:
    """Give a packet as one subscriber gets it."""
    out = bytearray(packet.wire)
    write_numbers_and_transport(
        out,
        2,
        packet.sequence + epoch.sequence_delta & 0xFFFF,
        packet.timestamp + epoch.timestamp_delta & 0xFFFFFFFF,
        ssrc,
        BLOCK_PREFIX,
        TRANSPORT_SEQUENCE_HEADER,
        transport_sequence & 0xFFFF,
    )
    if packet.picture_id_at:
        write_picture_numbers(out, 0, epoch, packet)
    return out


def write_picture_numbers(
    out: bytearray, start: int, deltas: Epoch | Lane, packet: MediaPacket
) -> None:
    """Write the numbers of pictures into the VP8 or VP9 payload of a packet that is at `start`."""
    picture_id = packet.picture_id + deltas.picture_delta
    if packet.picture_id_bits == 15:
        write_short(out, start + packet.picture_id_at, 0x8000 | picture_id & 0x7FFF)
    else:
        out[start + packet.picture_id_at] = picture_id & 0x7F
    if packet.tl0_index_at:
        out[start + packet.tl0_index_at] = packet.tl0_index + deltas.tl0_delta & 0xFF
