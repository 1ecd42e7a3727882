"""Somebody in a call and the tracks that they send."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from ..rights import Right, Rights
from .line_watch import LineWatch

if TYPE_CHECKING:
    from collections.abc import Mapping

MAIN_ROOM = ""
"""The place of everybody who is in no breakout room."""


class TrackKind(StrEnum):
    """What a track shows or sounds of."""

    MICROPHONE = "microphone"
    CAMERA = "camera"
    SCREEN = "screen"
    SCREEN_SOUND = "screen_sound"

    @property
    def is_video(self) -> bool:
        """Whether it is seen rather than heard."""
        return self in (TrackKind.CAMERA, TrackKind.SCREEN)


RIGHT_TO_SEND: Mapping[TrackKind, Right] = {
    TrackKind.MICROPHONE: Right.SPEAK,
    TrackKind.CAMERA: Right.SPEAK,
    TrackKind.SCREEN: Right.SHARE_SCREEN,
    TrackKind.SCREEN_SOUND: Right.SHARE_SCREEN,
}


@dataclass(slots=True)
class Track:
    """One source that somebody sends; while it is muted nothing of it is forwarded."""

    id: str
    kind: TrackKind
    is_muted: bool = False


class TrackView(NamedTuple):
    """A track, to others."""

    id: str
    kind: TrackKind
    is_muted: bool


class PersonView(NamedTuple):
    """Somebody in the call, to others; `hand_raised_at` is the time by the room's clock."""

    member_id: str
    person_id: str
    display_name: str
    rights: tuple[Right, ...]
    place: str
    hand_raised_at: float | None
    quality: str
    tracks: tuple[TrackView, ...]


@dataclass(slots=True)
class Member:
    """One person's connection to the call; who joins from two windows is two members."""

    id: str
    person_id: str
    display_name: str
    rights: Rights
    is_waiting: bool = False
    place: str = MAIN_ROOM
    hand_raised_at: float | None = None
    line: LineWatch = field(default_factory=LineWatch)
    tracks: dict[str, Track] = field(default_factory=dict)
    reactions: deque[float] = field(default_factory=deque)
    points: deque[float] = field(default_factory=deque)
    captions: deque[float] = field(default_factory=deque)

    @property
    def is_moderator(self) -> bool:
        """Whether they have a say over others."""
        return Right.MODERATE in self.rights

    def view(self) -> PersonView:
        """Give what others see of them."""
        tracks = (TrackView(track.id, track.kind, track.is_muted) for track in self.tracks.values())
        return PersonView(
            self.id,
            self.person_id,
            self.display_name,
            tuple(sorted(self.rights)),
            self.place,
            self.hand_raised_at,
            self.line.quality.word,
            tuple(tracks),
        )
