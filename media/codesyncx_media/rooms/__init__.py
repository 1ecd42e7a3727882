"""A call room as a model: who is in it, what they send, and who hears of what.

No sockets, no media and no clock: what a person asks for goes in with the time, and notices to
those who may know of it come out. The forwarding unit asks `CallRoom.may_receive`.
"""

from __future__ import annotations

from .crowd import Notice, Notices
from .limits import RoomLimits
from .line_watch import Line
from .people import TrackKind
from .room import CallRoom

__all__ = ["CallRoom", "Line", "Notice", "Notices", "RoomLimits", "TrackKind"]
