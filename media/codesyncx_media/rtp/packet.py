"""RTP packets as they are on the wire (RFC 3550, section 5.1): where what is, without copying."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .errors import ParseError

FIXED_HEADER_BYTES = 12

_fixed_header = struct.Struct(">BBHII").unpack_from
_extension_header = struct.Struct(">HH").unpack_from


@dataclass(slots=True)
class RtpView:
    """The header's fields of one packet, and the places of the rest in `data`.

    `extension_profile` is 0 when there is no header extension. Padding lies behind `payload_end`.
    """

    data: bytes
    marker: int
    payload_type: int
    sequence_number: int
    timestamp: int
    ssrc: int
    extension_profile: int
    extension_start: int
    extension_end: int
    payload_start: int
    payload_end: int

    @property
    def payload(self) -> bytes:
        """What the packet carries, without padding."""
        return self.data[self.payload_start : self.payload_end]


def is_rtcp(data: bytes) -> bool:
    """Tell RTCP from RTP where both come through one port (RFC 5761, section 4)."""
    return len(data) > 1 and 192 <= data[1] <= 223


def parse_rtp(data: bytes) -> RtpView:
    """Read one packet. Raises ParseError for anything that isn't whole."""
    size = len(data)
    if size < FIXED_HEADER_BYTES:
        raise ParseError("shorter than an RTP header")
    flags, second, sequence_number, timestamp, ssrc = _fixed_header(data)
    if flags & 0xC0 != 0x80:
        raise ParseError("not RTP version 2")
    profile = 0
    start = extension_start = extension_end = FIXED_HEADER_BYTES + 4 * (flags & 0x0F)
    if flags & 0x10:
        if start + 4 > size:
            raise ParseError("a header extension is cut off")
        profile, words = _extension_header(data, start)
        extension_start = start + 4
        start = extension_end = extension_start + 4 * words
    end = size
    if flags & 0x20:
        end -= data[-1]
        if end == size:
            raise ParseError("padding of no bytes")
    if start > end:
        raise ParseError("header and padding are longer than the packet")
    return RtpView(
        data,
        second & 0x80,
        second & 0x7F,
        sequence_number,
        timestamp,
        ssrc,
        profile,
        extension_start,
        extension_end,
        start,
        end,
    )


def build_rtp(
    *,
    payload_type: int,
    sequence_number: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    marker: bool = False,
    extension: bytes = b"",
    padding: int = 0,
) -> bytes:
    """Write one packet.

    `extension` is what `extensions.write_elements` gives. `padding` counts bytes, 255 at most.
    """
    flags = 0x80 | (0x10 if extension else 0) | (0x20 if padding else 0)
    second = (0x80 if marker else 0) | payload_type
    header = struct.pack(">BBHII", flags, second, sequence_number, timestamp, ssrc)
    tail = bytes(padding - 1) + bytes([padding]) if padding else b""
    return header + extension + payload + tail
