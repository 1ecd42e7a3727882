"""Who sends what in a call: tracks and their muting, hands and reactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesyncx_server.errors import ExistsError, NotFoundError

from ..errors import InvalidRequestError, TooManyError
from ..rights import Right
from .crowd import Crowd, Notice, Notices
from .events import PersonChanged, Reaction, TrackEnded, TrackMuted, TrackPublished
from .people import RIGHT_TO_SEND, Member, Track, TrackKind, TrackView

if TYPE_CHECKING:
    from .limits import RoomLimits

_NAMES = {
    TrackKind.MICROPHONE: "microphone",
    TrackKind.CAMERA: "camera",
    TrackKind.SCREEN: "shared screen",
    TrackKind.SCREEN_SOUND: "screen sound",
}


class Floor:
    """The tracks, hands and reactions of one room."""

    def __init__(self, crowd: Crowd, limits: RoomLimits) -> None:
        self._crowd = crowd
        self._limits = limits

    def publish(self, member_id: str, track_id: str, kind: TrackKind) -> Notices:
        """Let a member send one more track; its id is the caller's and new in the room."""
        member = self._crowd.entitled(member_id, RIGHT_TO_SEND[kind])
        if any(track_id in other.tracks for other in self._crowd.members.values()):
            raise ExistsError(f"There is a track {track_id!r} already.")
        self._check_limits(member, kind)
        track = member.tracks[track_id] = Track(track_id, kind)
        view = TrackView(track.id, track.kind, track.is_muted)
        return [Notice(self._crowd.who_see(member), TrackPublished(member.id, view))]

    def kind_of(self, member_id: str, track_id: str) -> TrackKind:
        """Give what a member's track shows; NotFoundError when it has ended."""
        return _track(self._crowd.inside(member_id), track_id).kind

    def unpublish(self, member_id: str, track_id: str) -> Notices:
        """End a track of one's own."""
        member = self._crowd.inside(member_id)
        return self._end(member, _track(member, track_id), by=member)

    def end(self, by: str, member_id: str, track_id: str) -> Notices:
        """End a track of somebody else, as a moderator: a screen that shows what it shouldn't."""
        moderator = self._crowd.entitled(by, Right.MODERATE)
        member = self._crowd.inside(member_id)
        return self._end(member, _track(member, track_id), by=moderator)

    def set_muted(self, member_id: str, track_id: str, *, is_muted: bool) -> Notices:
        """Mute a track of one's own, or let it be heard or seen again."""
        member = self._crowd.inside(member_id)
        return self._mute(member, _track(member, track_id), by=member, is_muted=is_muted)

    def mute(self, by: str, member_id: str, track_id: str) -> Notices:
        """Mute somebody else, as a moderator; only they themselves can end that."""
        moderator = self._crowd.entitled(by, Right.MODERATE)
        member = self._crowd.inside(member_id)
        return self._mute(member, _track(member, track_id), by=moderator, is_muted=True)

    def mute_all(self, by: str) -> Notices:
        """Mute every microphone where a moderator is, but those of moderators."""
        moderator = self._crowd.entitled(by, Right.MODERATE)
        return [
            notice
            for member in self._crowd.all_inside()
            if member.place == moderator.place and not member.is_moderator
            for track in member.tracks.values()
            if track.kind is TrackKind.MICROPHONE
            for notice in self._mute(member, track, by=moderator, is_muted=True)
        ]

    def end_what_is_not_allowed(self, member: Member) -> Notices:
        """End the tracks that a member has no right to send any more."""
        return [
            notice
            for track in list(member.tracks.values())
            if RIGHT_TO_SEND[track.kind] not in member.rights
            for notice in self._end(member, track, by=None)
        ]

    def raise_hand(self, member_id: str, *, is_raised: bool, now: float) -> Notices:
        """Raise or lower one's hand; raised twice it keeps its turn."""
        member = self._crowd.inside(member_id)
        return self._set_hand(member, is_raised=is_raised, now=now)

    def lower_hand(self, by: str, member_id: str, *, now: float) -> Notices:
        """Lower somebody else's hand, as a moderator."""
        self._crowd.entitled(by, Right.MODERATE)
        return self._set_hand(self._crowd.inside(member_id), is_raised=False, now=now)

    def react(self, member_id: str, emoji: str, *, now: float) -> Notices:
        """Show a reaction to those in the same place."""
        member = self._crowd.inside(member_id)
        if not emoji or len(emoji) > self._limits.reaction_length or not emoji.isprintable():
            raise InvalidRequestError("A reaction is one emoji.")
        self._count_reaction(member, now)
        heard = (
            other.id
            for other in self._crowd.all_inside()
            if other is member or self._crowd.hears(other, member)
        )
        return [Notice(frozenset(heard), Reaction(member.id, emoji))]

    def _check_limits(self, member: Member, kind: TrackKind) -> None:
        count = sum(track.kind is kind for track in member.tracks.values())
        if count >= self._limits.tracks_of_one[kind]:
            raise TooManyError(f"You send as many tracks as one person may ({_NAMES[kind]}).")
        if kind is TrackKind.SCREEN and self._screens() >= self._limits.screens:
            raise TooManyError("As many screens as fit are shared already; wait for one to end.")
        if kind is TrackKind.SCREEN_SOUND and not any(
            track.kind is TrackKind.SCREEN for track in member.tracks.values()
        ):
            raise InvalidRequestError("The sound of a screen needs a shared screen.")

    def _screens(self) -> int:
        return sum(
            track.kind is TrackKind.SCREEN
            for member in self._crowd.members.values()
            for track in member.tracks.values()
        )

    def _end(self, member: Member, track: Track, *, by: Member | None) -> Notices:
        del member.tracks[track.id]
        event = TrackEnded(member.id, track.id, by.id if by else "")
        return [Notice(self._crowd.who_see(member), event)]

    def _mute(self, member: Member, track: Track, *, by: Member, is_muted: bool) -> Notices:
        if track.is_muted == is_muted:
            return []
        track.is_muted = is_muted
        event = TrackMuted(member.id, track.id, is_muted, by.id)
        return [Notice(self._crowd.who_see(member), event)]

    def _set_hand(self, member: Member, *, is_raised: bool, now: float) -> Notices:
        if is_raised == (member.hand_raised_at is not None):
            return []
        member.hand_raised_at = now if is_raised else None
        return [Notice(self._crowd.who_see(member), PersonChanged(member.view()))]

    def _count_reaction(self, member: Member, now: float) -> None:
        past = member.reactions
        while past and past[0] <= now - self._limits.reactions_within_s:
            past.popleft()
        if len(past) >= self._limits.reactions:
            raise TooManyError("These are many reactions at once; wait a moment.")
        past.append(now)


def _track(member: Member, track_id: str) -> Track:
    try:
        return member.tracks[track_id]
    except KeyError as error:
        raise NotFoundError("That track has ended.") from error
