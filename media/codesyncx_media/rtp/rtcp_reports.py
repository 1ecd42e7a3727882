"""Who sends and how it arrives: SR, RR, SDES and BYE (RFC 3550, sections 6.4 to 6.6)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from .errors import ParseError
from .rtcp_wire import with_header

_SENDER = struct.Struct(">IQIII")
_BLOCK = struct.Struct(">IIIIII")
_CNAME = 1


@dataclass(slots=True)
class ReportBlock:
    """How one stream arrived.

    `fraction_lost` counts 256ths since the last report, `jitter` the stream's clock ticks,
    `delay_since_last_sender_report` units of 2**-16 s.
    """

    ssrc: int
    fraction_lost: int = 0
    packets_lost: int = 0
    highest_sequence: int = 0
    jitter: int = 0
    last_sender_report: int = 0
    delay_since_last_sender_report: int = 0

    def build(self) -> bytes:
        """Write the block."""
        lost = max(-(1 << 23), min((1 << 23) - 1, self.packets_lost)) & 0xFFFFFF
        return _BLOCK.pack(
            self.ssrc,
            self.fraction_lost << 24 | lost,
            self.highest_sequence & 0xFFFFFFFF,
            min(self.jitter, 0xFFFFFFFF),
            self.last_sender_report,
            self.delay_since_last_sender_report & 0xFFFFFFFF,
        )


@dataclass(slots=True)
class SenderReport:
    """Which RTP timestamp belongs to which time. `ntp_time` counts 2**-32 s since 1900."""

    ssrc: int
    ntp_time: int
    rtp_time: int
    packet_count: int = 0
    octet_count: int = 0
    reports: list[ReportBlock] = field(default_factory=list)

    def build(self) -> bytes:
        """Write the packet."""
        head = _SENDER.pack(
            self.ssrc,
            self.ntp_time,
            self.rtp_time,
            self.packet_count & 0xFFFFFFFF,
            self.octet_count & 0xFFFFFFFF,
        )
        body = head + b"".join(report.build() for report in self.reports)
        return with_header(len(self.reports), 200, body)


@dataclass(slots=True)
class ReceiverReport:
    """How streams arrived at one who sends none."""

    ssrc: int
    reports: list[ReportBlock] = field(default_factory=list)

    def build(self) -> bytes:
        """Write the packet."""
        body = struct.pack(">I", self.ssrc) + b"".join(report.build() for report in self.reports)
        return with_header(len(self.reports), 201, body)


@dataclass(slots=True)
class SourceDescription:
    """The lasting names (CNAME) of sources, by SSRC. Other descriptions are skipped."""

    names: dict[int, bytes]

    def build(self) -> bytes:
        """Write the packet."""
        chunks = []
        for ssrc, name in self.names.items():
            chunk = struct.pack(">IBB", ssrc, _CNAME, len(name)) + name
            chunks.append(chunk + bytes(4 - len(chunk) % 4))
        return with_header(len(chunks), 202, b"".join(chunks))


@dataclass(slots=True)
class Bye:
    """Sources that end."""

    ssrcs: list[int]

    def build(self) -> bytes:
        """Write the packet."""
        return with_header(len(self.ssrcs), 203, struct.pack(f">{len(self.ssrcs)}I", *self.ssrcs))


def parse_sender_report(count: int, body: bytes) -> SenderReport:
    """Read an SR's body."""
    if len(body) < _SENDER.size:
        raise ParseError("a sender report is cut off")
    ssrc, ntp_time, rtp_time, packets, octets = _SENDER.unpack_from(body)
    reports = _parse_blocks(count, body, _SENDER.size)
    return SenderReport(ssrc, ntp_time, rtp_time, packets, octets, reports)


def parse_receiver_report(count: int, body: bytes) -> ReceiverReport:
    """Read an RR's body."""
    if len(body) < 4:
        raise ParseError("a receiver report is cut off")
    return ReceiverReport(int.from_bytes(body[:4], "big"), _parse_blocks(count, body, 4))


def _parse_blocks(count: int, body: bytes, at: int) -> list[ReportBlock]:
    if at + count * _BLOCK.size > len(body):
        raise ParseError("a report block is cut off")
    blocks = []
    for place in range(at, at + count * _BLOCK.size, _BLOCK.size):
        ssrc, loss, highest, jitter, last, delay = _BLOCK.unpack_from(body, place)
        lost = loss & 0xFFFFFF
        if lost & 0x800000:
            lost -= 0x1000000
        blocks.append(ReportBlock(ssrc, loss >> 24, lost, highest, jitter, last, delay))
    return blocks


def parse_source_description(count: int, body: bytes) -> SourceDescription:
    """Read an SDES packet's body."""
    names: dict[int, bytes] = {}
    at = 0
    for _ in range(count):
        if at + 4 > len(body):
            raise ParseError("a source description is cut off")
        ssrc = int.from_bytes(body[at : at + 4], "big")
        at = _parse_items(names, ssrc, body, at + 4)
    return SourceDescription(names)


def _parse_items(names: dict[int, bytes], ssrc: int, body: bytes, at: int) -> int:
    """Read one source's items up to the null that ends them; give the next source's place."""
    while at < len(body):
        kind = body[at]
        if kind == 0:
            return at + 4 - at % 4
        if at + 2 > len(body) or at + 2 + body[at + 1] > len(body):
            break
        end = at + 2 + body[at + 1]
        if kind == _CNAME:
            names[ssrc] = body[at + 2 : end]
        at = end
    raise ParseError("a source's description has no end")


def parse_bye(count: int, body: bytes) -> Bye:
    """Read a BYE's body; its reason is skipped."""
    if 4 * count > len(body):
        raise ParseError("a goodbye is cut off")
    return Bye(list(struct.unpack_from(f">{count}I", body)))
