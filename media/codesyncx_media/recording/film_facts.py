"""What a finished film says about itself, read without decoding and without trusting it.

Anybody who may write to the folder can put a file there, so nothing of it is handed to a decoder:
a few boxes of ISO/IEC 14496-12 are walked, within bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

MOST_INDEX_BYTES = 16 * 1024 * 1024
"""Four hours of film have an index of about 10 MB."""
MOST_NAME_BYTES = 1024
_MOST_BOXES = 1000
_HEAD, _LONG_HEAD = 8, 16
_FULL_HEAD = 4
_DATA_HEAD = 8
_LONGEST_S = 366 * 24 * 3600.0
ARTIST = "artist"
"""How a film's metadata name who recorded it, as the encoder calls it."""
_ARTIST_BOX = b"\xa9ART"


class FilmFacts(NamedTuple):
    """How long a film is, and who recorded it, as far as it says."""

    duration_s: float | None = None
    recorded_by: str = ""


def read_facts(file: BinaryIO, size: int) -> FilmFacts:
    """Read a film of `size` bytes; what is none, or damaged, says nothing. OSError."""
    at = 0
    for _ in range(_MOST_BOXES):
        file.seek(at)
        head = file.read(_LONG_HEAD)
        if len(head) < _HEAD:
            break
        length, start = _length(head), _LONG_HEAD if head[:4] == b"\0\0\0\1" else _HEAD
        if head[4:8] == b"moov" and start <= length <= MOST_INDEX_BYTES:
            file.seek(at + start)
            return _facts(file.read(length - start))
        at += length
        if length < start or at >= size:
            break
    return FilmFacts()


def _length(head: bytes) -> int:
    short = int.from_bytes(head[:4], "big")
    return int.from_bytes(head[8:16], "big") if short == 1 else short


def _facts(index: bytes) -> FilmFacts:
    duration_s, name = None, ""
    for kind, content in _boxes(index):
        if kind == b"mvhd":
            duration_s = _duration_s(content)
        elif kind == b"udta":
            name = _name(content)
    return FilmFacts(duration_s, name)


def _duration_s(content: bytes) -> float | None:
    """Read the film's header box (14496-12, section 8.2.2)."""
    is_long = content[:1] == b"\1"
    at, width = (20, 8) if is_long else (12, 4)
    scale = int.from_bytes(content[at : at + 4], "big")
    ticks = content[at + 4 : at + 4 + width]
    if scale == 0 or len(ticks) < width or not any(ticks):
        return None  # a film in fragments doesn't say
    duration_s = int.from_bytes(ticks, "big") / scale
    return duration_s if duration_s <= _LONGEST_S else None


def _name(content: bytes) -> str:
    path = [b"meta", b"ilst", _ARTIST_BOX, b"data"]
    for wanted in path:
        content = next((inner for kind, inner in _boxes(content) if kind == wanted), b"")
        if wanted == b"meta":
            content = content[_FULL_HEAD:]
    text = content[_DATA_HEAD:]
    if len(text) > MOST_NAME_BYTES:
        return ""
    return "".join(each for each in text.decode(errors="replace") if each.isprintable())


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + _HEAD <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length < _HEAD:
            return
        yield data[at + 4 : at + 8], data[at + _HEAD : at + length]
        at += length
