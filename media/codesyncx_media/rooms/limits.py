"""How much there may be of everything in a call room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .people import TrackKind

if TYPE_CHECKING:
    from collections.abc import Mapping


def _tracks() -> Mapping[TrackKind, int]:
    return {
        TrackKind.MICROPHONE: 1,
        TrackKind.CAMERA: 1,
        TrackKind.SCREEN: 3,
        TrackKind.SCREEN_SOUND: 3,
    }


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """The limits of one room; those of messages and connections are the signalling's."""

    people: int = 200
    waiting: int = 100
    connections_of_one_person: int = 5
    tracks_of_one: Mapping[TrackKind, int] = field(default_factory=_tracks)
    screens: int = 12
    reactions: int = 5
    reactions_within_s: float = 5.0
    reaction_length: int = 16
    points_a_second: int = 20
    captions_a_second: int = 5
    caption_length: int = 300
    breakout_rooms: int = 50
    breakout_name_length: int = 80
    broadcast_length: int = 1000
    removed_people: int = 1000
