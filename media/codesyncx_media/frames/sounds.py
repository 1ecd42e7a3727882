"""Puts the packets of one subscription together to sound that can be decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rtp.errors import ParseError
from ..rtp.extensions import SILENCE
from .assembler import Assembler
from .frame import CODECS, Frame

if TYPE_CHECKING:
    from ..rtp.packet import RtpView

WAIT_S = 0.06
"""How long sound waits for a packet that came by another way; it is never sent again."""


class SoundAssembler(Assembler):
    """Gives the Opus packets of one SSRC in order, those too that only copies came of (RED)."""

    def __init__(self, wait_s: float = WAIT_S) -> None:
        super().__init__(wait_s)
        self._last = -1

    def _open(self, view: RtpView) -> list[Frame]:
        codec = CODECS.get(view.payload_type, "")
        if codec not in ("opus", "red") or view.payload_start == view.payload_end:
            return []
        level = self._reader.read(view).audio_level
        timestamp = self._timestamps.unwrap(view.timestamp)
        blocks = [(0, view.payload)] if codec == "opus" else unwrap_red(view.payload)
        frames = []
        for behind, data in blocks:
            # A copy is of use only where what it copies was lost; one that lies before the
            # first packet is a sound that nobody waited for.
            is_new = timestamp - behind > self._last and (behind == 0 or self._last >= 0)
            if data and is_new:
                self._last = timestamp - behind
                loudness = SILENCE if level is None else level
                frames.append(Frame("opus", self._last, is_key=True, data=data, level=loudness))
        return frames

    def _lose(self) -> None:
        """Sound goes on without what is missing."""


def unwrap_red(payload: bytes) -> list[tuple[int, bytes]]:
    """Give the blocks of a redundant payload, the oldest first (RFC 2198, section 3).

    Each is (how many ticks before the packet's timestamp, its data). ParseError.
    """
    heads: list[tuple[int, int]] = []
    at = 0
    while at < len(payload) and payload[at] & 0x80:
        if at + 4 > len(payload):
            raise ParseError("a header of redundant sound is cut off")
        bits = int.from_bytes(payload[at + 1 : at + 4], "big")
        heads.append((bits >> 10, bits & 0x3FF))
        at += 4
    at += 1
    blocks = []
    for behind, size in heads:
        if at + size > len(payload):
            raise ParseError("redundant sound is longer than its packet")
        blocks.append((behind, payload[at : at + size]))
        at += size
    if at > len(payload):
        raise ParseError("redundant sound has no primary block")
    return [*blocks, (0, payload[at:])]
