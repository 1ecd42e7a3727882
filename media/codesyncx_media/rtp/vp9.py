"""The VP9 payload descriptor (RFC 9628, section 4.2), as far as a forwarder needs it."""

from __future__ import annotations

from .errors import ParseError
from .payload import PayloadInfo
from .vp8 import read_picture_id


def describe_vp9(data: bytes, start: int, end: int) -> PayloadInfo:
    """Describe the payload at `start:end`. Raises ParseError when the descriptor is cut off."""
    info = PayloadInfo()
    try:
        at = _read_descriptor(info, data, start)
    except IndexError:
        raise ParseError("a VP9 payload descriptor is cut off") from None
    if at >= end:
        raise ParseError("a VP9 payload holds nothing behind its descriptor")
    is_predicted, begins = data[start] & 0x40, data[start] & 0x08
    info.starts_frame = bool(begins) and info.spatial_layer == 0
    info.ends_layer = bool(data[start] & 0x04)
    info.starts_keyframe = info.starts_frame and not is_predicted
    return info


def _read_descriptor(info: PayloadInfo, data: bytes, start: int) -> int:
    """Read picture id and layers; give the place behind these."""
    first = data[start]
    at = start + 1
    if first & 0x80:
        at = read_picture_id(info, data, start, at)
    if first & 0x20:
        layers = data[at]
        info.temporal_layer = layers >> 5
        info.is_switch_point = bool(layers & 0x10)
        info.spatial_layer = layers >> 1 & 0x07
        at += 1
        if not first & 0x10:  # not in flexible mode
            info.tl0_index = data[at]
            info.tl0_index_at = at - start
            at += 1
    return at
