"""Text in pieces: equal pieces of successive versions are stored once.

A cut depends only on the line before it, so an edit changes the pieces it touches and no others.
That makes a version of a large file as small as its change, without chains of deltas that would
have to be rewritten when an old version goes.
"""

from __future__ import annotations

import hashlib
import io
import zlib

KEY_BYTES = 16
_CUT_EVERY_LINES = 32
_LARGEST_PIECE_BYTES = 64 * 1024
_LONE_LINE_BYTES = 4 * 1024
_LEVEL = 6


def split_content(content: bytes) -> list[bytes]:
    """Cut `content` into pieces at lines chosen by what they say; joined they are `content`."""
    pieces: list[bytes] = []
    start = position = 0
    for line in io.BytesIO(content):
        end = position + len(line)
        is_lone = len(line) >= _LONE_LINE_BYTES
        if position > start and (is_lone or end - start > _LARGEST_PIECE_BYTES):
            pieces.append(content[start:position])
            start = position
        if is_lone or zlib.crc32(line) % _CUT_EVERY_LINES == 0:
            pieces.append(content[start:end])
            start = end
        position = end
    if start < len(content):
        pieces.append(content[start:])
    return pieces


def key_of(piece: bytes) -> bytes:
    """Give the name under which a piece is stored."""
    return hashlib.blake2b(piece, digest_size=KEY_BYTES).digest()


def pack(piece: bytes) -> bytes:
    """Compress a piece for the store."""
    return zlib.compress(piece, _LEVEL)


def unpack(data: bytes) -> bytes:
    """Give back the piece that `pack` compressed; raises ``zlib.error`` on damage."""
    return zlib.decompress(data)
