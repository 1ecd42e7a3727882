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


def apply_dependency_descriptor(info: PayloadInfo, data: bytes, start: int, end: int) -> None:
    """Let the dependency descriptor at `start:end` say where frames and key frames start.

    Only a key frame carries a new structure of templates, in the descriptor's extended part.
    Raises ParseError when it is cut off.
    """
    if end - start < 3:
        raise ParseError("an AV1 dependency descriptor is cut off")
    info.starts_frame = bool(data[start] & 0x80)
    has_structure = end - start > 3 and bool(data[start + 3] & 0x80)
    info.starts_keyframe = info.starts_frame and has_structure
