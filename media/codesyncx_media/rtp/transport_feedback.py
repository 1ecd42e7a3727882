"""Transport-wide congestion control feedback on the wire.

After draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1: for a range of
transport-wide sequence numbers, which arrived and how long after each other.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import accumulate

from .errors import ParseError
from .rtcp_wire import with_header

TICK_S = 0.00025
REFERENCE_TICKS = 256  # the reference time counts 64 ms
_MAX_RUN = 0x1FFF
_MAX_PACKETS = 0x4000  # more than any path holds at once; bounds what one packet may cost
_HEAD = struct.Struct(">IIHHI")


@dataclass(slots=True)
class TransportFeedback:
    """Arrivals of the packets from `base_sequence` on.

    `arrivals` has one entry a packet: None for one that didn't come, else its arrival in ticks
    of 250 us, on the receiver's clock. That clock's zero is anything and it wraps after 12 days.
    """

    sender_ssrc: int
    media_ssrc: int
    base_sequence: int
    feedback_count: int
    arrivals: list[int | None]

    def build(self) -> bytes:
        """Write the packet. Neighbours further apart than 8.1 s are told as if they weren't."""
        first = next((arrival for arrival in self.arrivals if arrival is not None), 0)
        reference = first // REFERENCE_TICKS
        symbols, deltas = _encode_deltas(self.arrivals, reference * REFERENCE_TICKS)
        word = (reference & 0xFFFFFF) << 8 | (self.feedback_count & 0xFF)
        body = _HEAD.pack(
            self.sender_ssrc, self.media_ssrc, self.base_sequence & 0xFFFF, len(symbols), word
        )
        body += b"".join(_encode_symbols(symbols)) + deltas
        padding = -len(body) % 4
        if not padding:
            return with_header(15, 205, body)
        packet = bytearray(with_header(15, 205, body + bytes(padding - 1) + bytes([padding])))
        packet[0] |= 0x20
        return bytes(packet)


def _encode_deltas(arrivals: list[int | None], clock: int) -> tuple[bytes, bytes]:
    symbols = bytearray()
    deltas = bytearray()
    for arrival in arrivals:
        if arrival is None:
            symbols.append(0)
            continue
        delta = max(-0x8000, min(0x7FFF, arrival - clock))
        clock += delta
        if 0 <= delta <= 0xFF:
            symbols.append(1)
            deltas.append(delta)
        else:
            symbols.append(2)
            deltas += struct.pack(">h", delta)
    return bytes(symbols), bytes(deltas)


def _encode_symbols(symbols: bytes) -> list[bytes]:
    """Write runs where they save something, and vectors of seven symbols elsewhere."""
    chunks = []
    at, size = 0, len(symbols)
    while at < size:
        run = at + 1
        while run < size and symbols[run] == symbols[at] and run - at < _MAX_RUN:
            run += 1
        if run - at >= 7 or run == size:
            chunks.append(struct.pack(">H", symbols[at] << 13 | run - at))
            at = run
            continue
        word = 0xC000
        for place, symbol in enumerate(symbols[at : at + 7]):
            word |= symbol << 2 * (6 - place)
        chunks.append(struct.pack(">H", word))
        at += 7
    return chunks


def parse_transport_cc(body: bytes) -> TransportFeedback:
    """Read the packet's body, without the padding. Raises ParseError."""
    if len(body) < _HEAD.size:
        raise ParseError("transport-wide feedback is cut off")
    sender, media, base, count, word = _HEAD.unpack_from(body)
    if count > _MAX_PACKETS:
        raise ParseError("transport-wide feedback about more packets than a path holds")
    symbols, at = _parse_symbols(body, _HEAD.size, count)
    reference = word >> 8
    if reference & 0x800000:
        reference -= 0x1000000
    arrivals = _parse_deltas(body, at, symbols, reference * REFERENCE_TICKS)
    return TransportFeedback(sender, media, base, word & 0xFF, arrivals)


def _parse_symbols(body: bytes, at: int, count: int) -> tuple[list[int], int]:
    symbols: list[int] = []
    while len(symbols) < count:
        if at + 2 > len(body):
            raise ParseError("transport-wide feedback lacks symbols")
        chunk = body[at] << 8 | body[at + 1]
        at += 2
        if not chunk & 0x8000:
            run = min(chunk & _MAX_RUN, count - len(symbols))
            symbols += [chunk >> 13 & 3] * run
        elif chunk & 0x4000:
            symbols += [chunk >> shift & 3 for shift in range(12, -1, -2)]
        else:
            symbols += [chunk >> shift & 1 for shift in range(13, -1, -1)]
    return symbols[:count], at


def _parse_deltas(body: bytes, at: int, symbols: list[int], clock: int) -> list[int | None]:
    arrivals: list[int | None] = []
    if symbols.count(1) == len(symbols) <= len(body) - at:
        # By far the most: all came, soon after each other.
        arrivals += accumulate(body[at : at + len(symbols)], initial=clock)
        return arrivals[1:]
    size = len(body)
    for symbol in symbols:
        if symbol == 0:
            arrivals.append(None)
            continue
        if symbol == 1 and at < size:
            clock += body[at]
            at += 1
        elif symbol == 2 and at + 2 <= size:
            delta = body[at] << 8 | body[at + 1]
            clock += delta - 0x10000 if delta & 0x8000 else delta
            at += 2
        else:
            raise ParseError("transport-wide feedback lacks arrival times")
        arrivals.append(clock)
    return arrivals
