"""What happens in a call room, as people are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ..rights import Right
    from .people import PersonView, TrackView


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `type` is its name on the wire."""

    type: ClassVar[str]
    moves_media: ClassVar[bool] = True
    """Whether others may be sent other tracks after it."""


@dataclass(frozen=True, slots=True)
class BreakoutRoom:
    """A breakout room and who belongs there, by their person ids."""

    id: str
    name: str
    assigned: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoomView(Event):
    """All of the room that one person may see: sent when they come in and when they change place.

    `waiting` and the breakout rooms of others are the moderators' to see.
    """

    type = "room"

    you: PersonView
    people: tuple[PersonView, ...]
    waiting: tuple[PersonView, ...]
    breakout_rooms: tuple[BreakoutRoom, ...]
    are_breakouts_open: bool
    is_locked: bool
    has_lobby: bool
    is_recorded: bool


@dataclass(frozen=True, slots=True)
class WaitInLobby(Event):
    """You are in the lobby until a moderator lets you in."""

    type = "wait_in_lobby"


@dataclass(frozen=True, slots=True)
class PersonWaiting(Event):
    """Somebody came to the lobby."""

    type = "person_waiting"

    person: PersonView


@dataclass(frozen=True, slots=True)
class PersonStoppedWaiting(Event):
    """Somebody is no longer in the lobby."""

    type = "person_stopped_waiting"

    member_id: str


@dataclass(frozen=True, slots=True)
class PersonJoined(Event):
    """Somebody came to where you are, or, to moderators, into the call."""

    type = "person_joined"

    person: PersonView


@dataclass(frozen=True, slots=True)
class PersonChanged(Event):
    """Somebody's rights, hand or place are other ones."""

    type = "person_changed"

    person: PersonView


@dataclass(frozen=True, slots=True)
class PersonLeft(Event):
    """Somebody is no longer where you are, or, to moderators, no longer in the call."""

    type = "person_left"

    member_id: str


@dataclass(frozen=True, slots=True)
class TrackPublished(Event):
    """Somebody sends one more track."""

    type = "track_published"

    member_id: str
    track: TrackView


@dataclass(frozen=True, slots=True)
class TrackMuted(Event):
    """A track was muted or is heard again; `by` is the member who did it."""

    type = "track_muted"

    member_id: str
    track_id: str
    is_muted: bool
    by: str


@dataclass(frozen=True, slots=True)
class TrackEnded(Event):
    """A track is sent no more; `by` is empty when a right to send it was taken away."""

    type = "track_ended"

    member_id: str
    track_id: str
    by: str


@dataclass(frozen=True, slots=True)
class RightsChanged(Event):
    """You may do other things than before."""

    type = "rights_changed"

    rights: tuple[Right, ...]


@dataclass(frozen=True, slots=True)
class Removed(Event):
    """You were removed from the call, or not let in; the connection closes."""

    type = "removed"

    by: str


@dataclass(frozen=True, slots=True)
class RoomChanged(Event):
    """The room was locked or opened, its lobby switched, a recording started or stopped."""

    type = "room_changed"

    is_locked: bool
    has_lobby: bool
    is_recorded: bool


@dataclass(frozen=True, slots=True)
class RecordingEnded(Event):
    """A recording is done: `path` is its file in the project, empty when it isn't there."""

    type = "recording_ended"

    reason: str
    path: str


@dataclass(frozen=True, slots=True)
class Reaction(Event):
    """Somebody reacted."""

    type = "reaction"
    moves_media = False

    member_id: str
    emoji: str


@dataclass(frozen=True, slots=True)
class Pointed(Event):
    """Somebody points at a shared screen; `x` and `y` are shares of its width and height."""

    type = "pointed"
    moves_media = False

    member_id: str
    track_id: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Captioned(Event):
    """What somebody says, as their browser understood it; one that isn't final is replaced."""

    type = "captioned"
    moves_media = False

    member_id: str
    text: str
    is_final: bool


@dataclass(frozen=True, slots=True)
class QualityChanged(Event):
    """Somebody's connection is better or worse than before: `good`, `weak` or `bad`."""

    type = "quality_changed"
    moves_media = False

    member_id: str
    quality: str


@dataclass(frozen=True, slots=True)
class BreakoutsChanged(Event):
    """The plan of breakout rooms is another one; others than moderators see their own room."""

    type = "breakouts_changed"

    breakout_rooms: tuple[BreakoutRoom, ...]
    are_open: bool


@dataclass(frozen=True, slots=True)
class BreakoutsClosing(Event):
    """The breakout rooms close in so many seconds; None when they stay open after all."""

    type = "breakouts_closing"
    moves_media = False

    in_s: float | None


@dataclass(frozen=True, slots=True)
class Broadcast(Event):
    """A moderator, whom those in other rooms don't see, says something to all rooms."""

    type = "broadcast"
    moves_media = False

    by: str
    display_name: str
    text: str


EVENTS: tuple[type[Event], ...] = (
    RoomView,
    WaitInLobby,
    PersonWaiting,
    PersonStoppedWaiting,
    PersonJoined,
    PersonChanged,
    PersonLeft,
    TrackPublished,
    TrackMuted,
    TrackEnded,
    RightsChanged,
    Removed,
    RoomChanged,
    RecordingEnded,
    Reaction,
    Pointed,
    Captioned,
    QualityChanged,
    BreakoutsChanged,
    BreakoutsClosing,
    Broadcast,
)
"""Every event there is, for the protocol and its documentation."""
