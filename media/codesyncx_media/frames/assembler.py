"""Puts the packets of one subscription together to frames, of whichever kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ..rtp.errors import ParseError
from ..rtp.extensions import SUBSCRIBER_IDS, ExtensionReader
from ..rtp.packet import RtpView, parse_rtp
from ..rtp.sequence import Unwrapper
from .reordering import Ordered, Reordering

if TYPE_CHECKING:
    from .frame import Frame


class Assembler(ABC):
    """Gives the frames of one SSRC in order. Call `poll` every 20 ms: it ends waiting for losses.

    `malformed` counts the packets that are none.
    """

    def __init__(self, wait_s: float) -> None:
        self.malformed = 0
        self._order: Reordering[RtpView] = Reordering(wait_s)
        self._timestamps = Unwrapper(32)
        self._reader = ExtensionReader(SUBSCRIBER_IDS)

    def receive(self, data: bytes, now: float) -> list[Frame]:
        """Take in a packet; give the frames that are whole now."""
        try:
            view = parse_rtp(data)
        except ParseError:
            self.malformed += 1
            return []
        return self._assemble(self._order.receive(view.sequence_number, view, now))

    def poll(self, now: float) -> list[Frame]:
        """Give the frames that needn't wait any longer."""
        return self._assemble(self._order.poll(now))

    def _assemble(self, ready: list[Ordered[RtpView]]) -> list[Frame]:
        frames: list[Frame] = []
        for view, follows in ready:
            if not follows:
                self._lose()
            try:
                frames += self._open(view)
            except ParseError:
                self.malformed += 1
                self._lose()
        return frames

    @abstractmethod
    def _open(self, view: RtpView) -> list[Frame]:
        """Take in a packet in its turn; ParseError."""

    @abstractmethod
    def _lose(self) -> None:
        """Note that something is missing before what comes next."""
