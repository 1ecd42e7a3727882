"""Compound RTCP packets, to and from the wire (RFC 3550, section 6; RFC 4585; RFC 5104).

What isn't known (XR, APP, new feedback) is skipped. A compound packet that breaks off raises
ParseError as a whole.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from .errors import ParseError
from .rtcp_feedback import (
    FullIntraRequest,
    Nack,
    PictureLossIndication,
    ReceiverEstimatedBitrate,
    parse_payload_feedback,
    parse_transport_feedback,
)
from .rtcp_reports import (
    Bye,
    ReceiverReport,
    SenderReport,
    SourceDescription,
    parse_bye,
    parse_receiver_report,
    parse_sender_report,
    parse_source_description,
)
from .transport_feedback import TransportFeedback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

RtcpPacket = (
    SenderReport
    | ReceiverReport
    | SourceDescription
    | Bye
    | Nack
    | PictureLossIndication
    | FullIntraRequest
    | ReceiverEstimatedBitrate
    | TransportFeedback
)

_header = struct.Struct(">BBH").unpack_from
_PARSERS: dict[int, Callable[[int, bytes], RtcpPacket | None]] = {
    200: parse_sender_report,
    201: parse_receiver_report,
    202: parse_source_description,
    203: parse_bye,
    205: parse_transport_feedback,
    206: parse_payload_feedback,
}


def parse_rtcp(data: bytes) -> list[RtcpPacket]:
    """Read a compound packet. Raises ParseError."""
    packets: list[RtcpPacket] = []
    at, size = 0, len(data)
    while at < size:
        if at + 4 > size:
            raise ParseError("an RTCP header is cut off")
        flags, kind, words = _header(data, at)
        end = at + 4 + 4 * words
        if flags & 0xC0 != 0x80:
            raise ParseError("not RTCP version 2")
        if end > size:
            raise ParseError("an RTCP packet is cut off")
        parser = _PARSERS.get(kind)
        if parser is not None:
            body_end = end - _padding(data, at, end) if flags & 0x20 else end
            packet = parser(flags & 0x1F, data[at + 4 : body_end])
            if packet is not None:
                packets.append(packet)
        at = end
    return packets


def _padding(data: bytes, start: int, end: int) -> int:
    padding = data[end - 1]
    if padding == 0 or padding > end - start - 4:  # of 1 to 3 bytes in transport-wide feedback
        raise ParseError("an RTCP packet's padding is longer than it")
    return padding


def build_rtcp(packets: Iterable[RtcpPacket]) -> bytes:
    """Write a compound packet."""
    return b"".join(packet.build() for packet in packets)
