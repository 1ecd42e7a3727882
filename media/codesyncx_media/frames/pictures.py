"""Puts the packets of one subscription together to pictures that can be decoded."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..rtp.errors import ParseError
from ..rtp.extensions import SUBSCRIBER_IDS, ExtensionReader
from ..rtp.formats import DESCRIBERS
from ..rtp.packet import RtpView, parse_rtp
from ..rtp.sequence import Unwrapper
from .frame import CODECS, Frame
from .payloads import JOINERS
from .reordering import Ordered, Reordering

WAIT_S = 0.25
"""How long a picture waits for a packet that is asked for again on the way in."""
MAX_PICTURE_BYTES = 4 * 1024 * 1024
_DEGREES = (0, 90, 180, 270)


@dataclass(slots=True)
class _Unfinished:
    codec: str
    timestamp: int
    is_key: bool
    rotation: int
    payloads: list[bytes] = field(default_factory=list)
    size: int = 0


class PictureAssembler:
    """Gives the pictures of one SSRC, each after all that it may refer to.

    After a loss nothing is given until the next key frame, and `wants_keyframe` says to ask for
    one. Call `poll` every 20 ms or so: it ends the wait for what doesn't come.
    """

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self.wants_keyframe = True
        self.malformed = 0
        self._order: Reordering[RtpView] = Reordering(wait_s)
        self._timestamps = Unwrapper(32)
        self._reader = ExtensionReader(SUBSCRIBER_IDS)
        self._unfinished: _Unfinished | None = None

    def receive(self, data: bytes, now: float) -> list[Frame]:
        """Take in a packet; give the pictures that are whole now."""
        try:
            view = parse_rtp(data)
        except ParseError:
            self.malformed += 1
            return []
        return self._assemble(self._order.receive(view.sequence_number, view, now))

    def poll(self, now: float) -> list[Frame]:
        """Give the pictures that needn't wait any longer."""
        return self._assemble(self._order.poll(now))

    def _assemble(self, ready: list[Ordered[RtpView]]) -> list[Frame]:
        frames = []
        for view, follows in ready:
            if not follows:
                self._lose()
            try:
                frame = self._add(view)
            except ParseError:
                self.malformed += 1
                self._lose()
                continue
            if frame is not None:
                frames.append(frame)
        return frames

    def _lose(self) -> None:
        self._unfinished = None
        self.wants_keyframe = True

    def _add(self, view: RtpView) -> Frame | None:
        """Add a packet in order; ParseError."""
        codec = CODECS.get(view.payload_type, "")
        if view.payload_start == view.payload_end or codec not in JOINERS:
            return None  # nothing but padding fills a number
        info = DESCRIBERS[codec](view.data, view.payload_start, view.payload_end)
        timestamp = self._timestamps.unwrap(view.timestamp)
        unfinished = self._unfinished
        if unfinished is not None and unfinished.timestamp != timestamp:
            self._lose()  # its end never came: the sender turned to another layer
            unfinished = None
        if unfinished is None:
            if self.wants_keyframe and not info.starts_keyframe:
                return None
            rotation = _DEGREES[self._reader.read(view).orientation & 0x03]
            unfinished = _Unfinished(codec, timestamp, info.starts_keyframe, rotation)
            self._unfinished = unfinished
            self.wants_keyframe = False
        unfinished.is_key |= info.starts_keyframe
        unfinished.payloads.append(view.payload)
        unfinished.size += len(view.data)
        if unfinished.size > MAX_PICTURE_BYTES:
            raise ParseError("a picture is larger than any")
        return self._finish(unfinished) if view.marker else None

    def _finish(self, whole: _Unfinished) -> Frame:
        self._unfinished = None
        data = JOINERS[whole.codec](whole.payloads)
        return Frame(whole.codec, whole.timestamp, whole.is_key, data, whole.rotation)
