"""A fragmented MP4 as it grows (ISO/IEC 14496-12), and the HLS playlist that tells what is there.

The file begins with its description; each fragment after it (`moof` and `mdat`) can be decoded by
itself. It plays up to its last whole fragment whenever writing ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD_BYTES = 8
_DESCRIPTION = (b"ftyp", b"moov")


class Box(NamedTuple):
    """A box at the top of a file: its four letters, where it begins and how long it is."""

    kind: bytes
    start: int
    size: int

    @property
    def end(self) -> int:
        """The place behind it."""
        return self.start + self.size


class BoxReader:
    """Finds the boxes in what is written; ValueError for what is no such file."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0

    def feed(self, data: bytes) -> Iterator[tuple[Box, bytes]]:
        """Take in bytes and give the boxes that are whole, with what is in them."""
        self._buffer += data
        while len(self._buffer) >= _HEAD_BYTES:
            size = int.from_bytes(self._buffer[:4], "big")
            if size < _HEAD_BYTES:
                raise ValueError("a box without a length")
            if len(self._buffer) < size:
                return
            box = Box(bytes(self._buffer[4:8]), self._start, size)
            yield box, bytes(self._buffer[:size])
            del self._buffer[:size]
            self._start += size


def whole_fragments_end(heads: Iterator[Box], file_size: int) -> int:
    """Give the place behind the last whole fragment, for the boxes that a file claims to have.

    0 when there is no fragment: then there is nothing to play.
    """
    end = 0
    is_described = False
    for box in heads:
        if box.end > file_size:
            break
        is_described |= box.kind == b"moov"
        if box.kind == b"mdat" and is_described:
            end = box.end
    return end


@dataclass(slots=True)
class Playlist:
    """An HLS media playlist of byte ranges of one file (RFC 8216, section 4.3)."""

    file_name: str
    target_s: int
    description_bytes: int = 0
    is_over: bool = False
    _fragments: list[tuple[int, int, float]] = field(default_factory=list)

    def add(self, start: int, size: int, duration_s: float) -> None:
        """Add a fragment."""
        self._fragments.append((start, size, duration_s))

    def __str__(self) -> str:
        """Write it."""
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:7",
            f"#EXT-X-TARGETDURATION:{self.target_s}",
            "#EXT-X-PLAYLIST-TYPE:EVENT",
            "#EXT-X-INDEPENDENT-SEGMENTS",
            f'#EXT-X-MAP:URI="{self.file_name}",BYTERANGE="{self.description_bytes}@0"',
        ]
        for start, size, duration_s in self._fragments:
            lines += [
                f"#EXTINF:{duration_s:.5f},",
                f"#EXT-X-BYTERANGE:{size}@{start}",
                self.file_name,
            ]
        if self.is_over:
            lines.append("#EXT-X-ENDLIST")
        return "\n".join([*lines, ""])


class FragmentLog:
    """Follows a file as it is written; says which bytes are whole and keeps its playlist."""

    def __init__(self, playlist: Playlist) -> None:
        self.playlist = playlist
        self._boxes = BoxReader()
        self._moof: Box | None = None
        self._pending = bytearray()

    def feed(self, data: bytes, durations: Iterator[float]) -> bytes:
        """Take in what an encoder wrote; give what may go to the disk now: whole fragments.

        `durations` has how long each fragment is.
        """
        whole = bytearray()
        for box, content in self._boxes.feed(data):
            self._pending += content
            if box.kind == b"moof":
                self._moof = box
            elif box.kind == b"mdat" and self._moof is not None:
                size = box.end - self._moof.start
                self.playlist.add(self._moof.start, size, next(durations))
                whole += self._pending
                self._pending.clear()
            elif box.kind in _DESCRIPTION:
                self.playlist.description_bytes = box.end
                whole += self._pending
                self._pending.clear()
        return bytes(whole)
