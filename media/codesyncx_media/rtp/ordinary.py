"""What nearly all packets are, read in one go.

Ordinary is the next packet of a stream that is known, of sound or VP8, with a one-byte extension
block and without padding or contributing sources, that begins no key frame. `publisher` knows what
to do with all others; with an ordinary one it would do the same, in three times the time.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from .extensions import (
    AUDIO_LEVEL,
    BLOCK_BYTES,
    DEPENDENCY_DESCRIPTOR,
    ONE_BYTE_PROFILE,
    SILENCE,
    SUBSCRIBER_IDS,
    TRANSPORT_SEQUENCE,
    TRANSPORT_SEQUENCE_HEADER,
    VIDEO_ORIENTATION,
)
from .media_packet import PAYLOAD_AT, MediaPacket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .arrival_log import ArrivalLog
    from .demultiplexer import Demultiplexer

_FLAGS = 0x90  # version 2 and a header extension, nothing else
_EXTENSIONS_AT = 16
_LONGEST_DESCRIPTOR = 6
_head = struct.Struct(">BBHIIHH").unpack_from
# The fixed header, then the subscribers' block (see `extensions.subscriber_block`).
_write_head = struct.Struct(">BBHIIHHBHBBBBx").pack
_BLOCK_WORDS = BLOCK_BYTES // 4 - 1
_LEVEL_HEADER = SUBSCRIBER_IDS[AUDIO_LEVEL] << 4
_ORIENTATION_HEADER = SUBSCRIBER_IDS[VIDEO_ORIENTATION] << 4


class OrdinaryReader:
    """Takes in one publisher's ordinary packets, by the ids of extensions they were answered."""

    __slots__ = ("_arrivals", "_descriptor", "_level", "_orientation", "_streams", "_transport")

    def __init__(
        self, ids: Mapping[str, int], streams: Demultiplexer, arrivals: ArrivalLog
    ) -> None:
        self._streams = streams
        self._arrivals = arrivals
        self._transport = ids.get(TRANSPORT_SEQUENCE, -1)
        self._level = ids.get(AUDIO_LEVEL, -1)
        self._orientation = ids.get(VIDEO_ORIENTATION, -1)
        self._descriptor = ids.get(DEPENDENCY_DESCRIPTOR, -1)

    def take(self, data: bytes, now: float) -> MediaPacket | None:  # noqa: C901, PLR0911, PLR0912, PLR0915 (the hot path: one loop, written out)
        """Take in a packet, at least as long as a header with extensions.

        None for one that isn't ordinary, of which nothing was noted.
        """
        flags, second, number, timestamp, ssrc, profile, words = _head(data)
        if flags != _FLAGS or profile != ONE_BYTE_PROFILE:
            return None
        route = self._streams.known(ssrc)
        if route is None or second & 0x7F != route.payload_type:
            return None
        stream = route.stream
        highest = stream.unwrapper.highest
        start, size = _EXTENSIONS_AT + 4 * words, len(data)
        if number - highest & 0xFFFF != 1 or highest < 0 or start >= size:
            return None

        transport, level, orientation = -1, -1, 0
        at = _EXTENSIONS_AT
        while at < start:
            head = data[at]
            if head == 0:
                at += 1
                continue
            kind = head >> 4
            end = at + 2 + (head & 0x0F)
            if kind in {0, 15} or end > start:
                return None
            if kind == self._transport:
                if end - at < 3:
                    return None
                transport = data[at + 1] << 8 | data[at + 2]
            elif kind == self._level:
                level = data[at + 1]
            elif kind == self._orientation:
                orientation = data[at + 1] & 0x0F
            elif kind == self._descriptor:
                return None
            at = end

        starts_frame = is_switch_point = False
        layer, picture_id, picture_bits, picture_at, tl0_index, tl0_at = 0, -1, 0, 0, -1, 0
        if route.is_vp8:
            if start + _LONGEST_DESCRIPTOR >= size:
                return None
            first = data[start]
            at = start + 1
            if first & 0x80:
                present = data[at]
                at += 1
                if present & 0x80:
                    picture_at = at - start + PAYLOAD_AT
                    picture_id, picture_bits = data[at], 7
                    at += 1
                    if picture_id & 0x80:
                        picture_id, picture_bits = (picture_id & 0x7F) << 8 | data[at], 15
                        at += 1
                if present & 0x40:
                    tl0_index, tl0_at = data[at], at - start + PAYLOAD_AT
                    at += 1
                if present & 0x30:
                    if present & 0x20:
                        layer, is_switch_point = data[at] >> 6, bool(data[at] & 0x20)
                    at += 1
            starts_frame = first & 0x17 == 0x10
            if starts_frame and not data[at] & 0x01:
                return None

        if transport >= 0:
            self._arrivals.receive(transport, now)
        wire = (
            _write_head(
                _FLAGS,
                second & 0x80 | route.subscriber_payload_type,
                number,
                timestamp,
                0,
                ONE_BYTE_PROFILE,
                _BLOCK_WORDS,
                TRANSPORT_SEQUENCE_HEADER,
                0,
                _LEVEL_HEADER,
                SILENCE if level < 0 else level,
                _ORIENTATION_HEADER,
                orientation,
            )
            + data[start:]
        )
        packet = MediaPacket(
            stream,
            wire,
            highest + 1,
            timestamp,
            now,
            starts_frame,
            False,  # noqa: FBT003 (by place: names cost)
            layer,
            is_switch_point,
            picture_id,
            picture_bits,
            picture_at,
            tl0_index,
            tl0_at,
            None if level < 0 else level & 0x7F,
        )
        stream.receive_next(packet, size)
        return packet
