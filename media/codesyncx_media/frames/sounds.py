"""Puts the packets of one subscription together to sound that can be decoded."""

from __future__ import annotations

from ..rtp.errors import ParseError
from ..rtp.extensions import SILENCE, SUBSCRIBER_IDS, ExtensionReader
from ..rtp.packet import RtpView, parse_rtp
from ..rtp.sequence import Unwrapper
from .frame import CODECS, Frame
from .reordering import Ordered, Reordering

WAIT_S = 0.06
"""How long sound waits for a packet that came by another way; it is never sent again."""


class SoundAssembler:
    """Gives the Opus packets of one SSRC in order, those too that only copies came of (RED).

    Call `poll` every 20 ms or so: it ends the wait for what doesn't come.
    """

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self.malformed = 0
        self._order: Reordering[RtpView] = Reordering(wait_s)
        self._timestamps = Unwrapper(32)
        self._reader = ExtensionReader(SUBSCRIBER_IDS)
        self._last = -1

    def receive(self, data: bytes, now: float) -> list[Frame]:
        """Take in a packet; give what is to be played now."""
        try:
            view = parse_rtp(data)
        except ParseError:
            self.malformed += 1
            return []
        return self._assemble(self._order.receive(view.sequence_number, view, now))

    def poll(self, now: float) -> list[Frame]:
        """Give what needn't wait any longer."""
        return self._assemble(self._order.poll(now))

    def _assemble(self, ready: list[Ordered[RtpView]]) -> list[Frame]:
        frames: list[Frame] = []
        for view, _ in ready:
            try:
                frames += self._open(view)
            except ParseError:
                self.malformed += 1
        return frames

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
