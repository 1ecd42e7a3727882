"""Makes the RTP packets of whole frames: Opus (RFC 7587) and VP8 (RFC 7741)."""

from __future__ import annotations

import secrets
from itertools import pairwise
from typing import TYPE_CHECKING

from ..errors import InvalidRequestError
from ..rtp.extensions import AUDIO_LEVEL, MID, RID, write_elements
from ..rtp.packet import build_rtp
from .wire import Chunk, Codec

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PAYLOAD = 1100
"""Bytes of one packet's payload. With headers, extensions, SRTP and a retransmission's two bytes
it fits the 1,200 that browsers take for the least that every path carries."""

PAYLOAD_TYPES = {Codec.OPUS: 111, Codec.VP8: 96}
EXTENSION_IDS = {MID: 1, RID: 2, AUDIO_LEVEL: 3}
"""How a packetizer numbers its extensions: as a browser would, in an offer."""

_VP8_START_CODE = b"\x9d\x01\x2a"
_SHORTEST_VP8_KEY = 10
_SHORTEST_VP8 = 3
_MAX_OPUS_FRAMES = 48


class Packetizer:
    """Numbers one stream's packets: one layer of one track.

    `mid` and `rid` are its names, as a browser gives them; `rid` is empty without layers.
    """

    def __init__(self, ssrc: int, mid: str, rid: str = "") -> None:
        self.ssrc = ssrc
        self._sequence = secrets.randbits(15)
        self._picture = secrets.randbits(14)
        self._base_picture = secrets.randbits(7)
        self._names = {EXTENSION_IDS[MID]: mid.encode()}
        if rid:
            self._names[EXTENSION_IDS[RID]] = rid.encode()
        self._block = write_elements(self._names)

    def packets(self, chunk: Chunk) -> list[bytes]:
        """Give a frame's packets in their order; InvalidRequestError when it isn't one."""
        if chunk.codec is Codec.OPUS:
            return [self._sound(chunk)]
        if chunk.codec is Codec.VP8:
            return list(self._pictures(chunk))
        raise InvalidRequestError(f"Frames of {chunk.codec.name} can't be sent this way.")

    def _sound(self, chunk: Chunk) -> bytes:
        check_opus(chunk.data)
        block = write_elements({**self._names, EXTENSION_IDS[AUDIO_LEVEL]: bytes([chunk.level])})
        return self._packet(chunk, chunk.data, block, is_last=False)

    def _pictures(self, chunk: Chunk) -> Iterator[bytes]:
        check_vp8(chunk.data, is_key=chunk.is_key)
        self._picture = self._picture + 1 & 0x7FFF
        if chunk.temporal_layer == 0:
            self._base_picture = self._base_picture + 1 & 0xFF
        size = len(chunk.data)
        # Parts of one size: a short last packet would be lost as easily as a long one.
        parts = -(-size // MAX_PAYLOAD)
        cuts = [size * part // parts for part in range(parts + 1)]
        for part, (begin, end) in enumerate(pairwise(cuts)):
            payload = self._descriptor(chunk, is_first=part == 0) + chunk.data[begin:end]
            yield self._packet(chunk, payload, self._block, is_last=part == parts - 1)

    def _descriptor(self, chunk: Chunk, *, is_first: bool) -> bytes:
        """Write the payload descriptor: X, S; then I, L and T (RFC 7741, section 4.2)."""
        return bytes(
            (
                0x90 if is_first else 0x80,
                0xE0,
                0x80 | self._picture >> 8,
                self._picture & 0xFF,
                self._base_picture,
                chunk.temporal_layer << 6,
            )
        )

    def _packet(self, chunk: Chunk, payload: bytes, block: bytes, *, is_last: bool) -> bytes:
        self._sequence = self._sequence + 1 & 0xFFFF
        return build_rtp(
            payload_type=PAYLOAD_TYPES[chunk.codec],
            sequence_number=self._sequence,
            timestamp=chunk.timestamp,
            ssrc=self.ssrc,
            payload=payload,
            marker=is_last,
            extension=block,
        )


def check_vp8(data: bytes, *, is_key: bool) -> None:
    """Refuse what can't be a VP8 frame, or isn't of the kind that it says (RFC 6386, 9.1)."""
    if len(data) < _SHORTEST_VP8:
        raise InvalidRequestError("That is no frame of VP8.")
    tag = int.from_bytes(data[:3], "little")
    first_partition = tag >> 5
    head = _SHORTEST_VP8_KEY if is_key else _SHORTEST_VP8
    is_inter = bool(tag & 1)
    if (
        is_inter is is_key
        or tag >> 1 & 7 > 3
        or head + first_partition > len(data)
        or (is_key and data[3:6] != _VP8_START_CODE)
    ):
        raise InvalidRequestError("That is no frame of VP8.")


def check_opus(data: bytes) -> None:
    """Refuse what can't be an Opus packet by its first bytes (RFC 6716, section 3.2)."""
    code = data[0] & 3 if data else 0
    is_broken = (
        not data
        or (code == 1 and len(data) % 2 == 0)
        or (code == 2 and len(data) < 2)
        or (code == 3 and (len(data) < 2 or not 1 <= data[1] & 0x3F <= _MAX_OPUS_FRAMES))
    )
    if is_broken:
        raise InvalidRequestError("That is no packet of Opus.")
