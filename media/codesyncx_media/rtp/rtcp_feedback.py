"""Requests of receivers: NACK, PLI (RFC 4585), FIR (RFC 5104) and REMB.

A packet may ask for 17 times as many packets as it has words; who answers decides how many.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import ParseError
from .rtcp_wire import with_header
from .transport_feedback import TransportFeedback, parse_transport_cc

if TYPE_CHECKING:
    from collections.abc import Iterable

_REMB = b"REMB"


@dataclass(slots=True)
class Nack:
    """Packets of one stream that are missed, by sequence number, in the order of asking."""

    sender_ssrc: int
    media_ssrc: int
    missing: list[int]

    def build(self) -> bytes:
        """Write the packet; numbers close to each other share one entry."""
        body = struct.pack(">II", self.sender_ssrc, self.media_ssrc)
        body += b"".join(struct.pack(">HH", *entry) for entry in _nack_entries(self.missing))
        return with_header(1, 205, body)


def _nack_entries(missing: Iterable[int]) -> list[tuple[int, int]]:
    entries: list[tuple[int, int]] = []
    first, mask = -1, 0
    for number in missing:
        distance = (number - first) & 0xFFFF
        if first >= 0 and 1 <= distance <= 16:
            mask |= 1 << (distance - 1)
            continue
        if first >= 0:
            entries.append((first, mask))
        first, mask = number & 0xFFFF, 0
    if first >= 0:
        entries.append((first, mask))
    return entries


@dataclass(slots=True)
class PictureLossIndication:
    """A decoder of one stream can't go on: it needs a key frame."""

    sender_ssrc: int
    media_ssrc: int

    def build(self) -> bytes:
        """Write the packet."""
        return with_header(1, 206, struct.pack(">II", self.sender_ssrc, self.media_ssrc))


@dataclass(slots=True)
class FullIntraRequest:
    """Key frames wanted, as (SSRC, number of the request): a repeated number asks nothing new."""

    sender_ssrc: int
    requests: list[tuple[int, int]]

    def build(self) -> bytes:
        """Write the packet."""
        body = struct.pack(">II", self.sender_ssrc, 0)
        body += b"".join(struct.pack(">IBxxx", ssrc, number) for ssrc, number in self.requests)
        return with_header(4, 206, body)


@dataclass(slots=True)
class ReceiverEstimatedBitrate:
    """How much a receiver believes it can take (draft-alvestrand-rmcat-remb-03)."""

    sender_ssrc: int
    bitrate_bps: int
    ssrcs: list[int]

    def build(self) -> bytes:
        """Write the packet."""
        exponent = max(0, self.bitrate_bps.bit_length() - 18)
        mantissa = self.bitrate_bps >> exponent
        word = len(self.ssrcs) << 24 | exponent << 18 | mantissa
        body = struct.pack(">II4sI", self.sender_ssrc, 0, _REMB, word)
        return with_header(15, 206, body + struct.pack(f">{len(self.ssrcs)}I", *self.ssrcs))


def parse_transport_feedback(kind: int, body: bytes) -> Nack | TransportFeedback | None:
    """Read feedback about packets. None for kinds that aren't known."""
    if len(body) < 8:
        raise ParseError("transport feedback is cut off")
    if kind == 15:
        return parse_transport_cc(body)
    if kind != 1:
        return None
    sender, media = struct.unpack_from(">II", body)
    missing = []
    for first, mask in struct.iter_unpack(">HH", body[8 : len(body) & ~3]):
        missing.append(first)
        missing += [(first + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1]
    return Nack(sender, media, missing)


def parse_payload_feedback(
    kind: int, body: bytes
) -> PictureLossIndication | FullIntraRequest | ReceiverEstimatedBitrate | None:
    """Read feedback about pictures and rates. None for kinds that aren't known."""
    if len(body) < 8:
        raise ParseError("payload feedback is cut off")
    sender, media = struct.unpack_from(">II", body)
    if kind == 1:
        return PictureLossIndication(sender, media)
    if kind == 4:
        entries = struct.iter_unpack(">IBxxx", body[8 : len(body) & ~7])
        return FullIntraRequest(sender, [(ssrc, number) for ssrc, number in entries])
    if kind == 15 and body[8:12] == _REMB:
        return _parse_remb(sender, body)
    return None


def _parse_remb(sender: int, body: bytes) -> ReceiverEstimatedBitrate:
    if len(body) < 16:
        raise ParseError("an estimated bitrate is cut off")
    word = int.from_bytes(body[12:16], "big")
    count = word >> 24
    if 16 + 4 * count > len(body):
        raise ParseError("an estimated bitrate's sources are cut off")
    ssrcs = list(struct.unpack_from(f">{count}I", body, 16))
    return ReceiverEstimatedBitrate(sender, (word & 0x3FFFF) << (word >> 18 & 0x3F), ssrcs)
