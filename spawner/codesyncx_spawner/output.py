"""What a run prints: bytes in, pieces of lines out, never more than the limit. Pure.

The text of all pieces, with a line end after each that `ends_line`, is what was printed; what
isn't UTF-8 shows as U+FFFD.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, NamedTuple

from .quantities import bytes_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A line longer than this comes in several pieces.
MAX_PIECE = 4096
#: Lines cost more than their bytes.
_BYTES_PER_LINE = 64
_LINE_END = 0x0A
_CUT = "The output is cut here"


class Piece(NamedTuple):
    """A line of output, or a part of one that is long or not yet at its end."""

    number: int
    text: str
    ends_line: bool
    is_notice: bool = False
    """Whether the server says it, not the command."""


class Told(NamedTuple):
    """How much of a command's output is kept already, when all of it comes once more."""

    lines: int = 0
    characters: int = 0
    """Of the line after those."""
    is_cut: bool = False


def told_by(pieces: Iterable[Piece]) -> Told:
    """Say how much of a command's output is in pieces, which are all that there are of it."""
    lines = characters = 0
    is_cut = False
    for piece in pieces:
        if piece.is_notice:
            is_cut |= piece.text.startswith(_CUT)
            continue
        lines += piece.ends_line
        characters = 0 if piece.ends_line else characters + len(piece.text)
    return Told(lines, characters, is_cut)


class Output:
    """Turns output into pieces until there is too much, then says so once."""

    def __init__(self, limit_bytes: int, first_number: int = 0, told: Told | None = None) -> None:
        """Begin at the beginning of the output; what is `told` of it gives no pieces."""
        self._limit = limit_bytes
        self._left = limit_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._open = ""
        self._next = first_number
        self._told_lines, self._told_characters, self.is_cut = told or Told()

    def add(self, data: bytes) -> list[Piece]:
        """Take what the command printed; give the lines that have come to their end."""
        if self.is_cut:
            return []
        data, too_much = self._as_much_as_fits(data)
        pieces = self._split(self._decoder.decode(data))
        if too_much:
            pieces += self._cut()
        return pieces

    def _as_much_as_fits(self, data: bytes) -> tuple[bytes, bool]:
        lines = data.count(b"\n")
        if len(data) + lines * _BYTES_PER_LINE <= self._left:
            self._left -= len(data) + lines * _BYTES_PER_LINE
            return data, False
        end = 0
        while end < len(data):
            cost = 1 + _BYTES_PER_LINE * (data[end] == _LINE_END)
            if cost > self._left:
                break
            self._left -= cost
            end += 1
        return data[:end], True

    def flush(self) -> list[Piece]:
        """Give the line that is still open: a prompt, or a progress bar."""
        if not self._open:
            return []
        text, self._open = self._open, ""
        return [self._piece(text, ends_line=False)]

    def end(self) -> list[Piece]:
        """Give what is left, at the end of the output."""
        pieces = [] if self.is_cut else self._split(self._decoder.decode(b"", final=True))
        return pieces + self.flush()

    def notice(self, text: str) -> list[Piece]:
        """Put in a sentence of the server's own, on a line of its own."""
        return [*self.flush(), self._piece(text, ends_line=True, is_notice=True)]

    def _new_in(self, text: str) -> str:
        """Leave out what is told already."""
        while self._told_lines and text:
            _, line_end, text = text.partition("\n")
            self._told_lines -= len(line_end)
        told, line_end, _ = text[: self._told_characters].partition("\n")
        self._told_characters = 0 if line_end else self._told_characters - len(told)
        return text[len(told) :]

    def _split(self, text: str) -> list[Piece]:
        pieces = []
        *lines, rest = (self._open + self._new_in(text)).split("\n")
        self._open = ""
        for line in lines:
            pieces += self._in_pieces(line.removesuffix("\r"), ends_line=True)
        if len(rest) >= MAX_PIECE:
            whole = len(rest) - len(rest) % MAX_PIECE
            pieces += self._in_pieces(rest[:whole], ends_line=False)
            rest = rest[whole:]
        self._open = rest
        return pieces

    def _in_pieces(self, line: str, *, ends_line: bool) -> list[Piece]:
        starts = range(0, len(line), MAX_PIECE) or range(1)
        return [
            self._piece(
                line[start : start + MAX_PIECE], ends_line=ends_line and start == starts[-1]
            )
            for start in starts
        ]

    def _cut(self) -> list[Piece]:
        self.is_cut = True
        kept = bytes_in_words(self._limit)
        return self.notice(f"{_CUT}: it is more than {kept}.")

    def _piece(self, text: str, *, ends_line: bool, is_notice: bool = False) -> Piece:
        self._next += 1
        return Piece(self._next - 1, text, ends_line, is_notice)
