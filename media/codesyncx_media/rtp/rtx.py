"""Retransmissions in a stream of their own (RFC 4588, section 4)."""

from __future__ import annotations

import struct

from .errors import ParseError
from .media_packet import PAYLOAD_AT
from .packet import RtpView


def unwrap_rtx(view: RtpView, payload_type: int, ssrc: int) -> RtpView | None:
    """Give the packet that a retransmission carries, sharing its bytes.

    None for one that carries nothing, which probes a path. Raises ParseError when it is cut off.
    """
    size = view.payload_end - view.payload_start
    if size == 0:
        return None
    if size < 2:
        raise ParseError("a retransmission doesn't say which packet it repeats")
    start = view.payload_start
    original = view.data[start] << 8 | view.data[start + 1]
    return RtpView(
        view.data,
        view.marker,
        payload_type,
        original,
        view.timestamp,
        ssrc,
        view.extension_profile,
        view.extension_start,
        view.extension_end,
        start + 2,
        view.payload_end,
    )


def wrap_rtx(
    packet: bytes | bytearray, payload_type: int, ssrc: int, sequence_number: int
) -> bytearray:
    """Make the retransmission of a packet as a subscriber got it."""
    out = bytearray(len(packet) + 2)
    out[:PAYLOAD_AT] = packet[:PAYLOAD_AT]
    out[PAYLOAD_AT : PAYLOAD_AT + 2] = packet[2:4]
    out[PAYLOAD_AT + 2 :] = packet[PAYLOAD_AT:]
    out[1] = packet[1] & 0x80 | payload_type
    struct.pack_into(">H", out, 2, sequence_number & 0xFFFF)
    struct.pack_into(">I", out, 8, ssrc)
    return out
