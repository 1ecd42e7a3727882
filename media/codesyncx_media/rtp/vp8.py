"""The VP8 payload descriptor (RFC 7741, section 4.2)."""

from __future__ import annotations

from .errors import ParseError
from .payload import PayloadInfo


def describe_vp8(data: bytes, start: int, end: int) -> PayloadInfo:
    """Describe the payload at `start:end`. Raises ParseError when the descriptor is cut off."""
    info = PayloadInfo()
    try:
        at = _read_descriptor(info, data, start)
    except IndexError:
        raise ParseError("a VP8 payload descriptor is cut off") from None
    if at >= end:
        raise ParseError("a VP8 payload holds nothing behind its descriptor")
    first = data[start]
    info.starts_frame = first & 0x17 == 0x10  # S is set, partition 0
    info.starts_keyframe = info.starts_frame and not data[at] & 0x01
    return info


def _read_descriptor(info: PayloadInfo, data: bytes, start: int) -> int:
    """Read the optional fields; give the place behind them, which may be behind the payload."""
    if not data[start] & 0x80:
        return start + 1
    present = data[start + 1]
    at = start + 2
    if present & 0x80:
        at = read_picture_id(info, data, start, at)
    if present & 0x40:
        info.tl0_index = data[at]
        info.tl0_index_at = at - start
        at += 1
    if present & 0x30:
        if present & 0x20:
            info.temporal_layer = data[at] >> 6
            info.is_switch_point = bool(data[at] & 0x20)
        at += 1
    return at


def read_picture_id(info: PayloadInfo, data: bytes, start: int, at: int) -> int:
    """Read a picture id of 7 or 15 bits at `at`, the same in VP8 and VP9; give the next place."""
    info.picture_id_at = at - start
    if data[at] & 0x80:
        info.picture_id = (data[at] & 0x7F) << 8 | data[at + 1]
        info.picture_id_bits = 15
        return at + 2
    info.picture_id = data[at]
    info.picture_id_bits = 7
    return at + 1
