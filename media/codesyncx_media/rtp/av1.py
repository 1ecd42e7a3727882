"""Where decoding of AV1 can begin (RTP Payload Format For AV1, sections 4.4 and A.8)."""

from __future__ import annotations

from .errors import ParseError
from .payload import PayloadInfo


def describe_av1(data: bytes, start: int, end: int) -> PayloadInfo:
    """Describe the payload at `start:end` by its aggregation header."""
    if start + 1 >= end:
        raise ParseError("an AV1 payload holds nothing")
    header = data[start]
    continues = bool(header & 0x80)
    starts = bool(header & 0x08) and not continues
    return PayloadInfo(starts_frame=starts, starts_keyframe=starts)
