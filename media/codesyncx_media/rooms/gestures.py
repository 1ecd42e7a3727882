"""What passes in a moment: pointing at a shared screen, and what somebody says in writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesyncx_server.errors import NotFoundError

from ..errors import InvalidRequestError, TooManyError
from ..rights import Right
from .crowd import Crowd, Notice, Notices, ids
from .events import Captioned, Pointed
from .people import Member, TrackKind

if TYPE_CHECKING:
    from collections import deque

    from .limits import RoomLimits


class Gestures:
    """The pointers and captions of one room; nothing of them is kept."""

    def __init__(self, crowd: Crowd, limits: RoomLimits) -> None:
        self._crowd = crowd
        self._limits = limits

    def point(self, member_id: str, track_id: str, x: float, y: float, *, now: float) -> Notices:
        """Point at a shared screen; `x` and `y` are shares of its width and height, 0 to 1.

        Who shares it and everybody who sees it is told. Above the rate it is TooManyError, which
        is no matter: the next point says more than this one.
        """
        member = self._crowd.inside(member_id)
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise InvalidRequestError("A point is inside the screen.")
        owner = self._owner(member, track_id)
        _count(member.points, now, self._limits.points_a_second, 1.0)
        told = (
            other
            for other in self._crowd.all_inside()
            if other is not member and (other is owner or self._crowd.hears(other, owner))
        )
        return [Notice(ids(told), Pointed(member.id, track_id, x, y))]

    def caption(self, member_id: str, text: str, *, is_final: bool, now: float) -> Notices:
        """Show the others what one says, who may speak; a text that isn't final yet is replaced."""
        member = self._crowd.entitled(member_id, Right.SPEAK)
        if len(text) > self._limits.caption_length or not text.isprintable():
            raise InvalidRequestError("A caption is a line of text.")
        _count(member.captions, now, self._limits.captions_a_second, 1.0)
        told = (other for other in self._crowd.all_inside() if self._crowd.hears(other, member))
        return [Notice(ids(told), Captioned(member.id, text, is_final))]

    def _owner(self, viewer: Member, track_id: str) -> Member:
        for owner in self._crowd.all_inside():
            track = owner.tracks.get(track_id)
            if track is not None and track.kind is TrackKind.SCREEN:
                if owner is viewer or self._crowd.hears(viewer, owner):
                    return owner
                break
        raise NotFoundError("That screen isn't shared any more.")


def _count(past: deque[float], now: float, most: int, within_s: float) -> None:
    while past and past[0] <= now - within_s:
        past.popleft()
    if len(past) >= most:
        raise TooManyError("That was too much at once; wait a moment.")
    past.append(now)
