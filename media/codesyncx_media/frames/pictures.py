"""Puts the packets of one subscription together to pictures that can be decoded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..rtp.errors import ParseError
from ..rtp.formats import DESCRIBERS
from .assembler import Assembler
from .frame import CODECS, Frame
from .payloads import JOINERS

if TYPE_CHECKING:
    from ..rtp.packet import RtpView

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


class PictureAssembler(Assembler):
    """Gives the pictures of one SSRC, each after all that it may refer to.

    After a loss nothing is given until the next key frame, and `wants_keyframe` says to ask for
    one.
    """

    def __init__(self, wait_s: float = WAIT_S) -> None:
        super().__init__(wait_s)
        self.wants_keyframe = True
        self._unfinished: _Unfinished | None = None

    def _lose(self) -> None:
        self._unfinished = None
        self.wants_keyframe = True

    def _open(self, view: RtpView) -> list[Frame]:
        codec = CODECS.get(view.payload_type, "")
        if view.payload_start == view.payload_end or codec not in JOINERS:
            return []  # nothing but padding fills a number
        info = DESCRIBERS[codec](view.data, view.payload_start, view.payload_end)
        timestamp = self._timestamps.unwrap(view.timestamp)
        unfinished = self._unfinished
        if unfinished is not None and unfinished.timestamp != timestamp:
            self._lose()  # its end never came: the sender turned to another layer
            unfinished = None
        if unfinished is None:
            if self.wants_keyframe and not info.starts_keyframe:
                return []
            rotation = _DEGREES[self._reader.read(view).orientation & 0x03]
            unfinished = _Unfinished(codec, timestamp, info.starts_keyframe, rotation)
            self._unfinished = unfinished
            self.wants_keyframe = False
        unfinished.is_key |= info.starts_keyframe
        unfinished.payloads.append(view.payload)
        unfinished.size += len(view.data)
        if unfinished.size > MAX_PICTURE_BYTES:
            raise ParseError("a picture is larger than any")
        return [self._finish(unfinished)] if view.marker else []

    def _finish(self, whole: _Unfinished) -> Frame:
        self._unfinished = None
        data = JOINERS[whole.codec](whole.payloads)
        return Frame(whole.codec, whole.timestamp, whole.is_key, data, whole.rotation)
