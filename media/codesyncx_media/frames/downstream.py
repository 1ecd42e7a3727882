"""What one browser gets as frames: it takes the RTP packets that a connection would send.

It is a sink for `Forwarding`: packets are put together to frames, which go to the outbox.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..rtp.bandwidth import KnownBandwidth
from ..rtp.errors import ParseError
from ..rtp.packet import parse_rtp
from ..rtp.rtcp import build_rtcp
from ..rtp.rtcp_feedback import PictureLossIndication
from .outbox import Outbox
from .pictures import PictureAssembler
from .sounds import SoundAssembler
from .wire import CODECS, Chunk, write_chunk

if TYPE_CHECKING:
    from collections.abc import Callable

    from .frame import Frame

MAX_STREAMS = 250
SOUND_SHARE = 0.85
"""Of what the line carries, pictures and sound may be meant to take this much: layers are chosen
by what was measured, and key frames come on top."""


@dataclass(slots=True)
class _Stream:
    number: int
    ssrc: int
    sound: SoundAssembler | None
    pictures: PictureAssembler | None


@dataclass(slots=True)
class Downstream:
    """The frames of one browser. `bandwidth` is what layers are to be chosen by."""

    clock: Callable[[], float]
    outbox: Outbox = field(default_factory=Outbox)
    bandwidth: KnownBandwidth = field(default_factory=KnownBandwidth)
    _by_track: dict[str, _Stream] = field(default_factory=dict)
    _by_ssrc: dict[int, _Stream] = field(default_factory=dict)

    @property
    def tracks(self) -> dict[str, str]:
        """Give the track id of each stream number, as the browser is told."""
        return {str(stream.number): track_id for track_id, stream in self._by_track.items()}

    def add(self, track_id: str, ssrc: int, *, is_video: bool) -> bool:
        """Take a track's packets, which come with an SSRC; False when there are too many."""
        taken = {stream.number for stream in self._by_track.values()}
        number = next((n for n in range(1, MAX_STREAMS + 1) if n not in taken), None)
        if number is None:
            return False
        stream = _Stream(
            number,
            ssrc,
            None if is_video else SoundAssembler(),
            PictureAssembler() if is_video else None,
        )
        self._by_track[track_id] = self._by_ssrc[ssrc] = stream
        return True

    def remove(self, track_id: str) -> None:
        """Take no more of a track's packets."""
        stream = self._by_track.pop(track_id, None)
        if stream is not None:
            del self._by_ssrc[stream.ssrc]
            self.outbox.forget(stream.number)

    def send_rtp(self, packet: bytes) -> bool:
        """Take a packet."""
        try:
            stream = self._by_ssrc.get(parse_rtp(packet).ssrc)
        except ParseError:
            return False
        if stream is None:
            return False
        now = self.clock()
        if stream.sound is not None:
            self._put(stream, stream.sound.receive(packet, now), now)
        if stream.pictures is not None:
            self._put(stream, stream.pictures.receive(packet, now), now)
        return True

    def send_rtcp(self, packet: bytes) -> bool:  # noqa: ARG002 (a sink takes reports)
        """Pay no heed: frames that come over one stream in order need no reports."""
        return True

    def keyframe_of(self, number: int) -> bytes | None:
        """Give the feedback by which a browser's stream gets a key frame."""
        stream = next((s for s in self._by_track.values() if s.number == number), None)
        if stream is None or stream.pictures is None:
            return None
        return build_rtcp([PictureLossIndication(1, stream.ssrc)])

    def poll(self, now: float) -> list[bytes]:
        """End waits that are over; gives the feedback of streams that need a key frame."""
        broken = set(self.outbox.take_broken(now))
        needy: list[bytes] = []
        for stream in self._by_track.values():
            if stream.sound is not None:
                self._put(stream, stream.sound.poll(now), now)
            if stream.pictures is not None:
                self._put(stream, stream.pictures.poll(now), now)
                if stream.pictures.wants_keyframe or stream.number in broken:
                    needy.append(build_rtcp([PictureLossIndication(1, stream.ssrc)]))
        self.bandwidth.estimate_bps = SOUND_SHARE * self.outbox.estimate_bps
        return needy

    def _put(self, stream: _Stream, frames: list[Frame], now: float) -> None:
        for frame in frames:
            chunk = Chunk(
                stream.number,
                CODECS[frame.codec],
                frame.timestamp & 0xFFFFFFFF,
                frame.data,
                is_key=frame.is_key,
                level=frame.level,
                rotation=frame.rotation,
            )
            message = write_chunk(chunk)
            if chunk.codec.is_sound:
                self.outbox.put_sound(message, stream.number, now)
            else:
                self.outbox.put_picture(message, stream.number, now, is_key=frame.is_key)
