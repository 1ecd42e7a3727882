"""What the media process writes to a recorder, and how it is read again.

Each message has its kind and length first. Times are seconds since the recording began.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ..frames import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator

Seconds = float

MAX_MESSAGE = 8 * 1024 * 1024
_HEAD = struct.Struct(">BI")
_FRAME = struct.Struct(">IdQHBBB")
_CODECS = ("opus", "vp8", "vp9", "h264", "av1")


@dataclass(frozen=True, slots=True)
class Media:
    """A frame of a track; tracks have numbers here."""

    track: int
    at: Seconds
    frame: Frame


@dataclass(frozen=True, slots=True)
class Show:
    """What is seen from now on: a track, or a card with the name when there is none."""

    at: Seconds
    track: int | None
    name: str
    is_screen: bool


@dataclass(frozen=True, slots=True)
class EndTrack:
    """No more comes of a track."""

    at: Seconds
    track: int


@dataclass(frozen=True, slots=True)
class Tick:
    """So late it is."""

    at: Seconds


@dataclass(frozen=True, slots=True)
class Stop:
    """The recording ends."""

    at: Seconds


Message = Media | Show | EndTrack | Tick | Stop
_KINDS: tuple[type[Message], ...] = (Media, Show, EndTrack, Tick, Stop)


def encode(message: Message) -> bytes:
    """Write a message."""
    if isinstance(message, Media):
        frame = message.frame
        head = _FRAME.pack(
            message.track,
            message.at,
            frame.timestamp,
            frame.rotation,
            frame.is_key,
            frame.level,
            _CODECS.index(frame.codec),
        )
        body = head + frame.data
    else:
        body = json.dumps(asdict(message)).encode()
    return _HEAD.pack(_KINDS.index(type(message)), len(body)) + body


class FeedReader:
    """Reads messages out of bytes that come in any pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take in bytes and give the messages that are whole; ValueError for what is none."""
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            kind, size = _HEAD.unpack_from(self._buffer)
            if size > MAX_MESSAGE:
                raise ValueError(f"a message of {size} bytes")
            end = _HEAD.size + size
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_HEAD.size : end])
            del self._buffer[:end]
            yield _decode(_KINDS[kind], body)


def _decode(kind: type[Message], body: bytes) -> Message:
    if kind is not Media:
        return kind(**json.loads(body))
    track, at, timestamp, rotation, is_key, level, codec = _FRAME.unpack_from(body)
    data = body[_FRAME.size :]
    frame = Frame(_CODECS[codec], timestamp, bool(is_key), data, rotation, level)
    return Media(track, at, frame)
