"""Takes the packets of one picture apart and gives the picture as its decoder wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..rtp.errors import ParseError

Join = Callable[[Sequence[bytes]], bytes]
"""Gives a whole picture for its payloads in order; ParseError when they are none."""

_START_CODE = b"\x00\x00\x00\x01"
_STAP_A, _FU_A = 24, 28
_FU_HEADER_BYTES = 2
_MAX_LEB128_BYTES = 8


def join_vp8(payloads: Sequence[bytes]) -> bytes:
    """Join a VP8 frame (RFC 7741, section 4.2)."""
    return b"".join(payload[_vp8_descriptor(payload) :] for payload in payloads)


def _vp8_descriptor(payload: bytes) -> int:
    """Give the length of the descriptor."""
    try:
        if not payload[0] & 0x80:
            return 1
        present, at = payload[1], 2
        if present & 0x80:
            at += 2 if payload[at] & 0x80 else 1
        at += bool(present & 0x40)
        at += bool(present & 0x30)
    except IndexError:
        raise ParseError("a VP8 payload descriptor is cut off") from None
    return at


def join_vp9(payloads: Sequence[bytes]) -> bytes:
    """Join a VP9 picture (RFC 9628, section 4.2)."""
    return b"".join(payload[_vp9_descriptor(payload) :] for payload in payloads)


def _vp9_descriptor(payload: bytes) -> int:
    """Give the length of the descriptor."""
    try:
        first, at = payload[0], 1
        is_flexible = first & 0x10
        if first & 0x80:
            at += 2 if payload[at] & 0x80 else 1
        if first & 0x20:
            at += 1 if is_flexible else 2
        if first & 0x40 and is_flexible:
            while payload[at] & 0x01:  # another reference follows
                at += 1
            at += 1
        return _vp9_structure(payload, at) if first & 0x02 else at
    except IndexError:
        raise ParseError("a VP9 payload descriptor is cut off") from None


def _vp9_structure(payload: bytes, at: int) -> int:
    """Give the place behind the scalability structure."""
    head = payload[at]
    at += 1
    if head & 0x10:
        at += 4 * ((head >> 5) + 1)
    if head & 0x08:
        pictures = payload[at]
        at += 1
        for _ in range(pictures):
            at += 1 + (payload[at] >> 2 & 0x03)
    return at


def join_h264(payloads: Sequence[bytes]) -> bytes:
    """Join an H.264 access unit in Annex B form (RFC 6184, section 5)."""
    out = bytearray()
    for payload in payloads:
        if not payload:
            continue
        kind = payload[0] & 0x1F
        if kind == _STAP_A:
            _append_aggregate(out, payload)
        elif kind == _FU_A:
            _append_fragment(out, payload)
        else:
            out += _START_CODE + payload
    return bytes(out)


def _append_aggregate(out: bytearray, payload: bytes) -> None:
    at = 1
    while at + 2 <= len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        at += 2
        if size == 0 or at + size > len(payload):
            raise ParseError("an H.264 unit is longer than its packet")
        out += _START_CODE + payload[at : at + size]
        at += size


def _append_fragment(out: bytearray, payload: bytes) -> None:
    if len(payload) < _FU_HEADER_BYTES:
        raise ParseError("an H.264 fragment is cut off")
    if payload[1] & 0x80:
        out += _START_CODE + bytes([payload[0] & 0xE0 | payload[1] & 0x1F])
    out += payload[2:]


def join_av1(payloads: Sequence[bytes]) -> bytes:
    """Join an AV1 temporal unit, each OBU with its size (RTP Payload Format For AV1, section 4)."""
    units: list[bytearray] = []
    for payload in payloads:
        if not payload:
            continue
        continues = bool(payload[0] & 0x80)
        for number, element in enumerate(_av1_elements(payload)):
            if number == 0 and continues:
                if not units:
                    raise ParseError("an AV1 fragment has no beginning")
                units[-1] += element
            else:
                units.append(bytearray(element))
    return b"".join(_with_size(bytes(unit)) for unit in units)


def _av1_elements(payload: bytes) -> list[bytes]:
    count, at = payload[0] >> 4 & 0x03, 1
    elements: list[bytes] = []
    while at < len(payload):
        if count and len(elements) == count - 1:
            size = len(payload) - at  # the last one of a known number has no length
        else:
            size, at = _read_leb128(payload, at)
        if at + size > len(payload):
            raise ParseError("an AV1 unit is longer than its packet")
        elements.append(payload[at : at + size])
        at += size
    return elements


def _with_size(unit: bytes) -> bytes:
    if not unit or unit[0] & 0x02:
        return unit  # it has one
    head = 2 if unit[0] & 0x04 else 1
    if len(unit) < head:
        raise ParseError("an AV1 header is cut off")
    return bytes([unit[0] | 0x02]) + unit[1:head] + _leb128(len(unit) - head) + unit[head:]


def _read_leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for number, byte in enumerate(data[at : at + _MAX_LEB128_BYTES]):
        value |= (byte & 0x7F) << 7 * number
        if not byte & 0x80:
            return value, at + number + 1
    raise ParseError("an AV1 length is cut off")


def _leb128(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


JOINERS: Mapping[str, Join] = {
    "vp8": join_vp8,
    "vp9": join_vp9,
    "h264": join_h264,
    "av1": join_av1,
}
