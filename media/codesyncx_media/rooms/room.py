"""A call room: its doors, and the parts of it that have a file of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesyncx_server.errors import ExistsError

from ..errors import RoomLockedError, TooManyError
from ..rights import Right, Rights
from .breakouts import Breakouts
from .crowd import Crowd, Notice, Notices, ids
from .events import (
    PersonChanged,
    PersonJoined,
    PersonLeft,
    PersonStoppedWaiting,
    PersonWaiting,
    RecordingEnded,
    Removed,
    RightsChanged,
    RoomChanged,
    RoomView,
    WaitInLobby,
)
from .floor import Floor
from .gestures import Gestures
from .interruptions import Interruptions
from .limits import RoomLimits
from .lines import Lines
from .people import MAIN_ROOM, Member

if TYPE_CHECKING:
    from .people import PersonView, Track

_NO_LIMITS_GIVEN = RoomLimits()


class CallRoom:
    """Who is in a call and who waits to come in.

    `floor`, `interruptions`, `gestures`, `lines` and `breakouts` are the rest.

    Each method that changes something gives the notices to send, in their order.
    """

    def __init__(self, limits: RoomLimits = _NO_LIMITS_GIVEN) -> None:
        self._limits = limits
        self._crowd = Crowd()
        self._removed: dict[str, None] = {}
        self.is_locked = False
        self.has_lobby = False
        self.is_recorded = False
        self.floor = Floor(self._crowd, limits)
        self.interruptions = Interruptions(self.floor)
        self.gestures = Gestures(self._crowd, limits)
        self.lines = Lines(self._crowd)
        self.breakouts = Breakouts(self._crowd, limits, self.view_for)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is in it, the lobby included."""
        return not self._crowd.members

    def may_receive(self, member_id: str, track_id: str) -> bool:
        """Whether a track may be forwarded to a member now."""
        listener = self._crowd.members.get(member_id)
        if listener is None:
            return False
        for sender in self._crowd.members.values():
            track = sender.tracks.get(track_id)
            if track is not None:
                return not track.is_muted and self._crowd.hears(listener, sender)
        return False

    def tracks_for(self, member_id: str) -> dict[str, tuple[str, Track]]:
        """Give what a member is sent, muted or not: by track id, whose it is and the track."""
        listener = self._crowd.members.get(member_id)
        if listener is None:
            return {}
        return {
            track.id: (sender.id, track)
            for sender in self._crowd.members.values()
            if self._crowd.hears(listener, sender)
            for track in sender.tracks.values()
        }

    def view_for(self, member: Member) -> RoomView:
        """Give all that one member may see."""
        others = (m for m in self._crowd.all_inside() if m is not member)
        waiting = self._crowd.all_waiting() if member.is_moderator else []
        return RoomView(
            you=member.view(),
            people=_views([m for m in others if self._crowd.sees(member, m)]),
            waiting=_views(waiting),
            breakout_rooms=self.breakouts.rooms_for(member),
            are_breakouts_open=self.breakouts.are_open,
            is_locked=self.is_locked,
            has_lobby=self.has_lobby,
            is_recorded=self.is_recorded,
        )

    def name_of(self, member_id: str) -> str:
        """Give the name that a member goes by."""
        return self._crowd.member(member_id).display_name

    def join(self, member_id: str, *, person_id: str, display_name: str, rights: Rights) -> Notices:
        """Let somebody in, or into the lobby.

        Moderators always come in, and so does who is in already and connects again. Who was
        removed waits, so that a removal can be undone.
        """
        if member_id in self._crowd.members:
            raise ExistsError("This connection is in the call already.")
        member = Member(member_id, person_id, display_name, rights)
        if not (member.is_moderator or self._is_inside(person_id)):
            if self.is_locked:
                raise RoomLockedError("This call is locked: nobody comes in any more.")
            member.is_waiting = self.has_lobby or person_id in self._removed
        self._check_space(member)
        self._crowd.members[member_id] = member
        if not member.is_waiting:
            return self._enter(member)
        return [
            Notice(frozenset({member.id}), WaitInLobby()),
            Notice(self._crowd.moderators(), PersonWaiting(member.view())),
        ]

    def resume(self, member_id: str, *, rights: Rights) -> Notices:
        """Show a member who heard nothing for a while all that they may see now."""
        member = self._crowd.member(member_id)
        notices = [] if member.rights == rights else self._change_rights(member, rights)
        view = WaitInLobby() if member.is_waiting else self.view_for(member)
        return [*notices, Notice(frozenset({member.id}), view)]

    def leave(self, member_id: str) -> Notices:
        """Let somebody go, who may be gone already."""
        member = self._crowd.members.get(member_id)
        return [] if member is None else self._go(member)

    def admit(self, by: str, member_id: str) -> Notices:
        """Let somebody in from the lobby, as a moderator."""
        self._crowd.entitled(by, Right.MODERATE)
        member = self._crowd.member(member_id)
        if not member.is_waiting:
            return []
        if len(self._crowd.all_inside()) >= self._limits.people:
            raise TooManyError("The call is full.")
        self._removed.pop(member.person_id, None)
        return self._let_in(member)

    def remove(self, by: str, member_id: str) -> Notices:
        """Remove a person with all their connections, or turn them away, as a moderator."""
        moderator = self._crowd.entitled(by, Right.MODERATE)
        person_id = self._crowd.member(member_id).person_id
        if len(self._removed) >= self._limits.removed_people:
            self._removed.pop(next(iter(self._removed)))
        self._removed[person_id] = None
        return self._put_out(person_id, by=moderator.id)

    def expel(self, person_id: str) -> Notices:
        """Remove a person who lost the right to be here, by the server's word."""
        return self._put_out(person_id, by="")

    def set_rights(self, person_id: str, rights: Rights) -> Notices:
        """Give a person other rights, by the server's word; tracks they don't cover end."""
        notices: Notices = []
        for member in self._crowd.of_person(person_id):
            if member.rights != rights:
                notices += self._change_rights(member, rights)
        return notices

    def set_locked(self, by: str, *, is_locked: bool) -> Notices:
        """Lock the room: nobody but moderators comes in any more."""
        self._crowd.entitled(by, Right.MODERATE)
        self.is_locked = is_locked
        return self._changed()

    def set_lobby(self, by: str, *, has_lobby: bool) -> Notices:
        """Have people wait until they are let in; who waits goes on waiting when it is ended."""
        self._crowd.entitled(by, Right.MODERATE)
        self.has_lobby = has_lobby
        return self._changed()

    def set_recorded(self, by: str, *, is_recorded: bool) -> Notices:
        """Start or stop a recording, which everybody is told of."""
        self._crowd.entitled(by, Right.RECORD)
        self.is_recorded = is_recorded
        return self._changed()

    def recording_over(self) -> Notices:
        """Note that a recording ended by itself."""
        if not self.is_recorded:
            return []
        self.is_recorded = False
        return self._changed()

    def recording_ended(self, reason: str, path: str) -> Notices:
        """Tell everybody where the film of a recording is, and why it ended."""
        return [Notice(self._crowd.everybody(), RecordingEnded(reason, path))]

    def people_to_record(self) -> list[PersonView]:
        """Give those whom a recording shows: everybody who is in no breakout room."""
        return [member.view() for member in self._recorded()]

    def may_be_recorded(self, track_id: str) -> bool:
        """Whether a track may be forwarded to a recorder now."""
        tracks = (member.tracks.get(track_id) for member in self._recorded())
        return any(track is not None and not track.is_muted for track in tracks)

    def _recorded(self) -> list[Member]:
        return [member for member in self._crowd.all_inside() if member.place == MAIN_ROOM]

    def _is_inside(self, person_id: str) -> bool:
        return any(not member.is_waiting for member in self._crowd.of_person(person_id))

    def _check_space(self, member: Member) -> None:
        own = len(self._crowd.of_person(member.person_id))
        if own >= self._limits.connections_of_one_person:
            raise TooManyError("You are in this call from several windows; close one of them.")
        if member.is_waiting and len(self._crowd.all_waiting()) >= self._limits.waiting:
            raise TooManyError("The lobby of this call is full.")
        if not member.is_waiting and len(self._crowd.all_inside()) >= self._limits.people:
            raise TooManyError("The call is full.")

    def _enter(self, member: Member) -> Notices:
        member.place = self.breakouts.place_of(member.person_id)
        me = frozenset({member.id})
        return [
            Notice(me, self.view_for(member)),
            Notice(self._crowd.who_see(member) - me, PersonJoined(member.view())),
        ]

    def _let_in(self, member: Member) -> Notices:
        stopped = Notice(self._crowd.moderators(), PersonStoppedWaiting(member.id))
        member.is_waiting = False
        return [stopped, *self._enter(member)]

    def _go(self, member: Member) -> Notices:
        who = self._crowd.who_see(member) - {member.id}
        del self._crowd.members[member.id]
        gone = PersonStoppedWaiting(member.id) if member.is_waiting else PersonLeft(member.id)
        return [Notice(who, gone)]

    def _put_out(self, person_id: str, *, by: str) -> Notices:
        notices: Notices = []
        for member in self._crowd.of_person(person_id):
            notices.append(Notice(frozenset({member.id}), Removed(by)))
            notices += self._go(member)
        return notices

    def _change_rights(self, member: Member, rights: Rights) -> Notices:
        was_moderator = member.is_moderator
        member.rights = rights
        notices = self.floor.end_what_is_not_allowed(member)
        me = frozenset({member.id})
        notices.append(Notice(me, RightsChanged(tuple(sorted(rights)))))
        if member.is_waiting:
            return notices + (self._let_in(member) if member.is_moderator else [])
        notices.append(Notice(self._crowd.who_see(member) - me, PersonChanged(member.view())))
        if member.is_moderator != was_moderator:
            notices.append(Notice(me, self.view_for(member)))
        return notices

    def _changed(self) -> Notices:
        event = RoomChanged(self.is_locked, self.has_lobby, self.is_recorded)
        return [Notice(ids(self._crowd.all_inside()), event)]


def _views(members: list[Member]) -> tuple[PersonView, ...]:
    return tuple(member.view() for member in members)
