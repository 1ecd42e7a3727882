"""One encoded frame as it goes over a WebSocket, the same in both directions.

Eight bytes, then what the encoder made (numbers are big-endian):

    0  stream: the number that signalling gave the track
    1  flags: bit 0 key frame, bits 1-2 simulcast layer (0 the smallest), bits 3-4 temporal layer,
       bits 5-6 by how many quarters of a turn a picture is turned clockwise to be upright
    2  codec: 1 Opus, 2 VP8, 3 VP9, 4 H.264, 5 AV1
    3  loudness in -dBov (RFC 6464): 0 the loudest, 127 silence and pictures
    4  timestamp: 32 bits, in 1/48000 s for sound and 1/90000 s for pictures

There is no sequence number: a WebSocket loses nothing and keeps the order.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from ..errors import InvalidRequestError

MAX_SOUND = 4000
"""Bytes of one Opus packet: 120 ms at 256 kbit/s. RFC 6716 has none beyond 7.5 kB."""
MAX_PICTURE = 1024 * 1024
"""Bytes of one picture; a key frame of a 4K screen takes about half of it."""

_HEADER = struct.Struct(">BBBBI")
HEADER_BYTES = _HEADER.size
MAX_FRAME = HEADER_BYTES + MAX_PICTURE

SILENCE = 127
_KEY = 0x01
_LAYER_SHIFT = 1
_TEMPORAL_SHIFT = 3
_TURN_SHIFT = 5
_KNOWN_FLAGS = 0x7F
_DEGREES = 90


class Codec(IntEnum):
    """What a frame is encoded with, as the wire names it."""

    OPUS = 1
    VP8 = 2
    VP9 = 3
    H264 = 4
    AV1 = 5

    @property
    def is_sound(self) -> bool:
        """Whether it is heard rather than seen."""
        return self is Codec.OPUS

    @property
    def clock_rate(self) -> int:
        """Ticks of its timestamps in a second."""
        return 48_000 if self.is_sound else 90_000


CODECS = {codec.name.lower(): codec for codec in Codec}
"""By the names that RTP has for them, in lower case."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One frame on the wire.

    `rotation` is in degrees; `timestamp` counts ticks of the codec's clock, modulo 2**32.
    """

    stream: int
    codec: Codec
    timestamp: int
    data: bytes
    is_key: bool = False
    layer: int = 0
    temporal_layer: int = 0
    level: int = SILENCE
    rotation: int = 0


def read_chunk(message: bytes) -> Chunk:
    """Read a binary message; InvalidRequestError for what no encoder of ours makes."""
    if len(message) <= HEADER_BYTES:
        raise InvalidRequestError("That frame is shorter than its header.")
    stream, flags, number, level, timestamp = _HEADER.unpack_from(message)
    try:
        codec = Codec(number)
    except ValueError as error:
        raise InvalidRequestError(f"Nobody knows the codec {number}.") from error
    size = len(message) - HEADER_BYTES
    if size > (MAX_SOUND if codec.is_sound else MAX_PICTURE):
        raise InvalidRequestError(f"A frame of {size} bytes is too large.")
    if flags & ~_KNOWN_FLAGS or level > SILENCE:
        raise InvalidRequestError("That frame's header says what no header may.")
    return Chunk(
        stream,
        codec,
        timestamp,
        message[HEADER_BYTES:],
        bool(flags & _KEY),
        flags >> _LAYER_SHIFT & 0x03,
        flags >> _TEMPORAL_SHIFT & 0x03,
        level,
        (flags >> _TURN_SHIFT) * _DEGREES,
    )


def write_chunk(chunk: Chunk) -> bytes:
    """Write a binary message."""
    flags = (
        (_KEY if chunk.is_key else 0)
        | chunk.layer << _LAYER_SHIFT
        | chunk.temporal_layer << _TEMPORAL_SHIFT
        | chunk.rotation // _DEGREES << _TURN_SHIFT
    )
    header = _HEADER.pack(chunk.stream, flags, chunk.codec, chunk.level, chunk.timestamp)
    return header + chunk.data
