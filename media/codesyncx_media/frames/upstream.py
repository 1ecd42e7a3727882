"""What one browser sends as frames, as if it had come in RTP packets.

Everything in it is checked as far as that can be done without decoding: frames are of a track that
signalling took, of its kind and codec, no more than a camera, a screen and a microphone make, and
their timestamps go with the clock.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from ..errors import InvalidRequestError, TooManyError
from ..rtp.errors import ParseError
from ..rtp.rates import TokenBucket
from ..rtp.rtcp import build_rtcp, parse_rtcp
from ..rtp.rtcp_feedback import FullIntraRequest, PictureLossIndication
from ..rtp.rtcp_reports import SenderReport
from ..rtp.sequence import Unwrapper
from .packetizer import Packetizer
from .wire import Chunk, Codec, read_chunk

MAX_STREAMS = 32
LAYERS = ("0", "1", "2")
"""The names of a camera's layers, the smallest first, as simulcast has them (RFC 8851)."""

MAX_BITRATE_BPS = 12_000_000
MAX_BURST_BYTES = 4 * 1024 * 1024
MAX_FRAMES_PER_S = 600.0
"""Three layers of a camera, three screens at 30 a second, four sounds at 50: 380."""

MAX_EARLY_S = 5.0
"""How far timestamps may run ahead of the clock."""
MAX_LATE_S = 60.0
"""How far behind: what waited while a network stood still comes all at once."""
_DRIFT = 0.01
"""How much of a second another clock may be slower or faster than ours, every second."""

REPORT_EVERY_S = 1.0
_TURN = 1 << 32
_NTP_EPOCH = 1 << 62
"""Any time will do, as only differences count: all streams count from the same moment."""


class Packets(NamedTuple):
    """What a frame became: RTP packets, and the RTCP packet to take with them when one is due."""

    rtp: list[bytes]
    report: bytes | None
    is_sound: bool


class Timeline:
    """Follows one stream's timestamps."""

    def __init__(self, clock_rate: int) -> None:
        self.clock_rate = clock_rate
        self._unwrapper = Unwrapper(32)
        self._lead_s: float | None = None
        self._at = 0.0

    def take(self, timestamp: int, now: float) -> int:
        """Give a timestamp without its wraps; InvalidRequestError when it can't be true."""
        ticks = self._unwrapper.unwrap(timestamp) - _TURN  # which it counts from
        lead_s = ticks / self.clock_rate - now
        if self._lead_s is None:
            self._lead_s = lead_s
        ahead_s = lead_s - self._lead_s
        if not -MAX_LATE_S <= ahead_s <= MAX_EARLY_S:
            raise InvalidRequestError(
                f"The timestamp of a frame is {abs(ahead_s):.0f} s away from the clock."
            )
        step_s = max(0.0, now - self._at) * _DRIFT
        self._lead_s += max(-step_s, min(step_s, ahead_s))
        self._at = now
        return ticks


class _Stream:
    """One track: its layers' packetizers, and when each reported."""

    def __init__(self, mid: str, codec: Codec, *, is_layered: bool) -> None:
        names = LAYERS if is_layered else ("",)
        self.codec = codec
        self.timeline = Timeline(codec.clock_rate)
        self.layers = [Packetizer(secrets.randbits(31) + 1, mid, name) for name in names]
        self.reported_at = [float("-inf")] * len(names)


class Upstream:
    """Takes one browser's frames, by the numbers that it gave its tracks.

    `received` counts the bytes that came, to be told to the browser.
    """

    def __init__(self) -> None:
        self.received = 0
        self._streams: dict[int, _Stream] = {}
        self._ended: set[int] = set()
        self._bytes = TokenBucket(MAX_BITRATE_BPS / 8, MAX_BURST_BYTES)
        self._frames = TokenBucket(MAX_FRAMES_PER_S, MAX_FRAMES_PER_S)

    def expect(self, number: int, codec: Codec, *, is_layered: bool) -> None:
        """Take frames of one more track."""
        if len(self._streams) >= MAX_STREAMS:
            raise TooManyError("That are more tracks than one person sends.")
        self._ended.discard(number)
        self._streams[number] = _Stream(str(number), codec, is_layered=is_layered)

    def forget(self, number: int) -> None:
        """Take no more frames of a track; those that are on their way are let pass unheard."""
        if self._streams.pop(number, None) is not None:
            self._ended.add(number)

    def receive(self, message: bytes, now: float) -> Packets | None:
        """Take in a binary message; InvalidRequestError and TooManyError end the connection.

        None for a frame of a track that ended meanwhile.
        """
        self.received += len(message)
        if not (self._bytes.take(len(message), now) and self._frames.take(1, now)):
            raise TooManyError("Your browser sends more sound and pictures than a call takes.")
        chunk = read_chunk(message)
        stream = self._streams.get(chunk.stream)
        if stream is None:
            if chunk.stream in self._ended:
                return None
            raise InvalidRequestError(f"Nobody announced the track {chunk.stream}.")
        if chunk.codec is not stream.codec or chunk.layer >= len(stream.layers):
            raise InvalidRequestError(f"The track {chunk.stream} has no such frames.")
        ticks = stream.timeline.take(chunk.timestamp, now)
        maker = stream.layers[chunk.layer]
        report = self._report(stream, chunk, ticks, now)
        return Packets(maker.packets(chunk), report, chunk.codec.is_sound)

    @staticmethod
    def _report(stream: _Stream, chunk: Chunk, ticks: int, now: float) -> bytes | None:
        """Tie timestamps to one clock, so that faces and voices are played in time."""
        if now - stream.reported_at[chunk.layer] < REPORT_EVERY_S:
            return None
        stream.reported_at[chunk.layer] = now
        ntp_time = _NTP_EPOCH + (ticks << 32) // stream.codec.clock_rate
        ssrc = stream.layers[chunk.layer].ssrc
        return build_rtcp([SenderReport(ssrc, ntp_time, chunk.timestamp)])

    def keyframes_wanted(self, rtcp: bytes) -> list[tuple[int, int]]:
        """Give the tracks and layers that feedback asks key frames of."""
        try:
            packets = parse_rtcp(rtcp)
        except ParseError:
            return []
        wanted = {
            packet.media_ssrc for packet in packets if isinstance(packet, PictureLossIndication)
        }
        for packet in packets:
            if isinstance(packet, FullIntraRequest):
                wanted |= {ssrc for ssrc, _ in packet.requests}
        return [
            (number, layer)
            for number, stream in self._streams.items()
            for layer, maker in enumerate(stream.layers)
            if maker.ssrc in wanted
        ]
