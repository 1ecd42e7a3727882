"""Where decoding of H.264 can begin (RFC 6184, section 5)."""

from __future__ import annotations

from .errors import ParseError
from .payload import PayloadInfo

_IDR_SLICE, _PARAMETER_SET = 5, 7
_STARTS = (_IDR_SLICE, _PARAMETER_SET)
_STAP_A, _FU_A = 24, 28


def describe_h264(data: bytes, start: int, end: int) -> PayloadInfo:
    """Describe the payload at `start:end`. Raises ParseError when a length leads out of it.

    H.264 doesn't mark where frames start, so that only key frames' starts are known.
    """
    if start >= end:
        raise ParseError("an H.264 payload holds nothing")
    unit = data[start] & 0x1F
    if unit == _STAP_A:
        starts = _aggregate_starts(data, start + 1, end)
    elif unit == _FU_A:
        if start + 1 >= end:
            raise ParseError("an H.264 fragment is cut off")
        starts = bool(data[start + 1] & 0x80) and data[start + 1] & 0x1F == _IDR_SLICE
    else:
        starts = unit in _STARTS
    return PayloadInfo(starts_frame=starts, starts_keyframe=starts)


def _aggregate_starts(data: bytes, at: int, end: int) -> bool:
    while at + 2 < end:
        size = data[at] << 8 | data[at + 1]
        at += 2
        if size == 0 or at + size > end:
            raise ParseError("an H.264 unit is longer than its packet")
        if data[at] & 0x1F in _STARTS:
            return True
        at += size
    return False
