"""What people send: sound, cameras and screens of a steady rate, each packet with its time.

Frames are sent as Chromium was seen to: their packets leave within half a millisecond, have one
length or one byte more from some packet on, and no two frames the same.
"""

from __future__ import annotations

import secrets
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.calls.descriptions import EXTENSION_IDS
from benchmarks.calls.wire import STAMP, STAMP_MARK

from codesyncx_media.rtp.errors import ParseError
from codesyncx_media.rtp.extensions import AUDIO_LEVEL, MID, TRANSPORT_SEQUENCE, write_elements
from codesyncx_media.rtp.rtcp import parse_rtcp
from codesyncx_media.rtp.rtcp_feedback import FullIntraRequest, PictureLossIndication

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.calls.wire import Wire

MOST_LATE_S = 0.05
SMALLEST_FRAME = 0.75
"""Of the largest."""
SOUND_LEVEL, BACKGROUND_LEVEL = 25, 90


@dataclass(frozen=True)
class Kind:
    """How a track is sent: `size` is a packet's payload in bytes."""

    name: str
    media: str
    frames_per_s: float
    packets_per_frame: int
    size: int

    @property
    def packets_per_s(self) -> float:
        """How many packets a second it has."""
        return self.frames_per_s * self.packets_per_frame


SOUND = Kind("microphone", "audio", 50, 1, 80)
CAMERA = Kind("camera", "video", 30, 4, 1100)
SCREEN = Kind("screen", "video", 15, 18, 1100)
SELDOM_SOUND = Kind("microphone", "audio", 5, 1, 80)
SELDOM_CAMERA = Kind("camera", "video", 5, 1, 1100)
LECTURE_SCREEN = Kind("screen", "video", 10, 8, 1100)


class Source:
    """One track on its way in: `send` sends the frames that are due."""

    def __init__(self, kind: Kind, mid: int, *, is_loud: bool = True) -> None:
        self.kind = kind
        self.ssrc = secrets.randbits(30) * 2 + 2
        self.sent = 0
        self.wishes = 0
        """How many key frames were asked for."""
        self._mid = str(mid).encode()
        self._level = bytes([SOUND_LEVEL if is_loud else BACKGROUND_LEVEL])
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(31)
        self._picture = 0
        self._wants_keyframe = True
        self._place = 0
        self._due = 0.0
        self._filler = bytes(range(256)) * 6
        self._size = kind.size
        self._longer_from = 0

    def hear(self, rtcp: bytes) -> None:
        """Answer a wish for a key frame with the next frame."""
        try:
            packets = parse_rtcp(rtcp)
        except ParseError:
            return
        for packet in packets:
            is_wanted = isinstance(packet, PictureLossIndication) and packet.media_ssrc == self.ssrc
            if is_wanted or isinstance(packet, FullIntraRequest):
                self._wants_keyframe = True
                self.wishes += 1

    def start(self, now: float) -> None:
        """Begin at some moment of a frame of one's own."""
        self._due = now + secrets.randbelow(1000) / 1000 / self.kind.frames_per_s

    def send(self, wire: Wire, next_transport_number: Callable[[], int], now: float) -> None:
        """Send what is due. What is very late is left out, not made up for in a burst."""
        if now - self._due > MOST_LATE_S:
            self._due = now
        while self._due <= now:
            self._due += 1 / self.kind.frames_per_s
            self._begin_frame()
            for _ in range(self.kind.packets_per_frame):
                wire.send_rtp(self._packet(next_transport_number()))
                self.sent += 1

    def _begin_frame(self) -> None:
        """Choose a frame's size, and from which of its packets on there is one byte more."""
        if self.kind.media == "video":
            smallest = round(SMALLEST_FRAME * self.kind.size)
            self._size = smallest + secrets.randbelow(self.kind.size - smallest)
            self._longer_from = secrets.randbelow(self.kind.packets_per_frame + 1)

    def _packet(self, transport_number: int) -> bytes:
        is_video = self.kind.media == "video"
        is_last = self._place == self.kind.packets_per_frame - 1
        values = {
            EXTENSION_IDS[MID]: self._mid,
            EXTENSION_IDS[TRANSPORT_SEQUENCE]: struct.pack(">H", transport_number & 0xFFFF),
        }
        if not is_video:
            values[EXTENSION_IDS[AUDIO_LEVEL]] = self._level
        header = struct.pack(
            ">BBHII",
            0x90,
            (0x80 if is_video and is_last else 0) | (96 if is_video else 111),
            self._sequence & 0xFFFF,
            self._timestamp & 0xFFFFFFFF,
            self.ssrc,
        )
        head = self._descriptor() if is_video else b""
        size = self._size + (is_video and self._place >= self._longer_from)
        body = self._filler[: size - len(head) - STAMP.size]
        self._step(is_last=is_last)
        stamp = STAMP.pack(STAMP_MARK, time.time_ns())
        return header + write_elements(values) + head + body + stamp

    def _descriptor(self) -> bytes:
        """Write VP8's (RFC 7741) with picture id, and the first byte of a frame behind it."""
        if self._place:
            return struct.pack(">BBHB", 0x80, 0x80, 0x8000 | self._picture & 0x7FFF, 1)
        first = 0 if self._wants_keyframe else 1
        self._wants_keyframe = False
        return struct.pack(">BBHB", 0x90, 0x80, 0x8000 | self._picture & 0x7FFF, first)

    def _step(self, *, is_last: bool) -> None:
        self._sequence += 1
        self._place = 0 if is_last else self._place + 1
        if is_last:
            self._picture += 1
            ticks = 90000 if self.kind.media == "video" else 48000
            self._timestamp += round(ticks / self.kind.frames_per_s)


class Sending:
    """All that one person sends on one connection."""

    def __init__(self, sources: list[Source]) -> None:
        self.sources = sources
        self.wire: Wire | None = None
        self._number = 0

    @property
    def wishes(self) -> int:
        """How many key frames were asked for."""
        return sum(source.wishes for source in self.sources)

    def hear(self, rtcp: bytes) -> None:
        """Take the server's feedback."""
        for source in self.sources:
            source.hear(rtcp)

    def start(self, wire: Wire, now: float) -> None:
        """Send from now on."""
        for source in self.sources:
            source.start(now)
        self.wire = wire

    def send(self, now: float) -> None:
        """Send what is due."""
        if self.wire is not None:
            for source in self.sources:
                source.send(self.wire, self._next_number, now)

    def _next_number(self) -> int:
        self._number += 1
        return self._number
