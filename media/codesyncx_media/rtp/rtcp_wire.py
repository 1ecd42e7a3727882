"""What all RTCP packets begin with."""

from __future__ import annotations

import struct


def with_header(count: int, kind: int, body: bytes) -> bytes:
    """Write one RTCP packet. `count` is its count or format field; the body fills whole words."""
    return struct.pack(">BBH", 0x80 | count, kind, len(body) // 4) + body
