"""Whole frames out of the RTP packets of one subscription, for those who decode or pass them on.

A local subscriber (the recorder, a client on a WebSocket) is sent the same packets as a browser:
numbered without gaps, each once, and those that were lost on the way in come late. `pictures` and
`sounds` put them in order and give frames as decoders take them. No sockets, no tasks, no clock:
packets and times in seconds go in, frames come out, and nothing that a packet says raises.
"""

from __future__ import annotations

from .frame import Frame
from .pictures import PictureAssembler
from .sounds import SoundAssembler

__all__ = ["Frame", "PictureAssembler", "SoundAssembler"]
