"""Breakout rooms: a plan of who belongs where, and the moves when they open and close."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesyncx_server.errors import NotFoundError

from ..errors import InvalidRequestError, RefusedError, TooManyError
from ..rights import Right
from .crowd import Crowd, Notice, Notices
from .events import (
    BreakoutRoom,
    BreakoutsChanged,
    BreakoutsClosing,
    Broadcast,
    PersonChanged,
    PersonJoined,
    PersonLeft,
)
from .people import MAIN_ROOM, Member

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random

    from .events import RoomView
    from .limits import RoomLimits


class Breakouts:
    """The breakout rooms of one call, with who belongs to them by person id."""

    def __init__(
        self, crowd: Crowd, limits: RoomLimits, view_for: Callable[[Member], RoomView]
    ) -> None:
        self._crowd = crowd
        self._limits = limits
        self._view_for = view_for
        self._names: dict[str, str] = {}
        self._assigned: dict[str, str] = {}
        self._made = 0
        self._closes_at: float | None = None
        self._told_of_closing: set[str] = set()
        self.are_open = False

    def rooms_for(self, member: Member) -> tuple[BreakoutRoom, ...]:
        """Give the rooms that a member may know of, others' assignments only to moderators."""
        if member.is_moderator:
            return tuple(self._room(room_id) for room_id in self._names)
        own = self._assigned.get(member.person_id) if self.are_open else None
        return () if own is None else (BreakoutRoom(own, self._names[own], (member.person_id,)),)

    def place_of(self, person_id: str) -> str:
        """Give where somebody belongs who comes in now."""
        return self._assigned.get(person_id, MAIN_ROOM) if self.are_open else MAIN_ROOM

    def plan(self, by: str, names: Sequence[str]) -> Notices:
        """Plan rooms of these names with nobody in them, instead of those planned before."""
        self._crowd.entitled(by, Right.MODERATE)
        self._refuse_while_open()
        if len(names) > self._limits.breakout_rooms:
            raise TooManyError(f"There can be {self._limits.breakout_rooms} breakout rooms.")
        cleaned = [name.strip() for name in names]
        if not all(0 < len(name) <= self._limits.breakout_name_length for name in cleaned):
            raise InvalidRequestError("Each breakout room needs a name that isn't too long.")
        if len(set(cleaned)) < len(cleaned):
            raise InvalidRequestError("Two breakout rooms can't have the same name.")
        self._names = {self._new_id(): name for name in cleaned}
        self._assigned = {}
        return self._changed()

    def assign(self, by: str, person_id: str, room_id: str) -> Notices:
        """Assign somebody to a room, or to none; while the rooms are open they move at once."""
        self._crowd.entitled(by, Right.MODERATE)
        self._check_room(room_id)
        if not self._crowd.of_person(person_id):
            raise NotFoundError("That person is not in the call any more.")
        if room_id == MAIN_ROOM:
            self._assigned.pop(person_id, None)
        else:
            self._assigned[person_id] = room_id
        moved = self._move_all([person_id]) if self.are_open else []
        return self._changed() + moved

    def assign_at_random(self, by: str, random: Random) -> Notices:
        """Spread everybody but moderators evenly over the planned rooms."""
        self._crowd.entitled(by, Right.MODERATE)
        self._refuse_while_open()
        rooms = self._planned()
        people = sorted({m.person_id for m in self._crowd.all_inside() if not m.is_moderator})
        random.shuffle(people)
        self._assigned = {who: rooms[at % len(rooms)] for at, who in enumerate(people)}
        return self._changed()

    def assign_by_team(self, by: str, teams: Mapping[str, str]) -> Notices:
        """Plan a room for each team, by the team of each person id, and assign its people."""
        here = {member.person_id for member in self._crowd.all_inside()}
        placed = {person: team.strip() for person, team in teams.items() if person in here}
        self.plan(by, sorted(set(placed.values())))
        ids = {name: room_id for room_id, name in self._names.items()}
        self._assigned = {person: ids[team] for person, team in placed.items()}
        return self._changed()

    def open(self, by: str) -> Notices:
        """Open the rooms: everybody goes where they belong. Rooms that are closing stay open."""
        self._crowd.entitled(by, Right.MODERATE)
        self._planned()
        if self.are_open:
            return self._keep_open()
        self.are_open = True
        return self._changed() + self._move_all(list(self._assigned))

    def close(self, by: str, *, in_s: float = 0.0, now: float = 0.0) -> Notices:
        """Close the rooms, at once or after a while that everybody is told of.

        Everybody comes back. The plan stays, to open them again.
        """
        self._crowd.entitled(by, Right.MODERATE)
        if not self.are_open:
            return []
        if in_s <= 0:
            return self._close()
        self._closes_at = now + in_s
        self._told_of_closing.clear()
        return self.poll(now)

    def poll(self, now: float) -> Notices:
        """Tell who came in meanwhile that the rooms are closing, and close them when it is time."""
        if self._closes_at is None:
            return []
        if now >= self._closes_at:
            return self._close()
        untold = self._crowd.everybody() - self._told_of_closing
        if not untold:
            return []
        self._told_of_closing |= untold
        return [Notice(untold, BreakoutsClosing(round(self._closes_at - now, 1)))]

    def visit(self, member_id: str, room_id: str) -> Notices:
        """Go to a room: moderators to any, others to their own and back to the main room."""
        member = self._crowd.inside(member_id)
        own = {MAIN_ROOM, self.place_of(member.person_id)}
        if not member.is_moderator and room_id not in own:
            raise RefusedError("You can go to your own breakout room and to the main room.")
        self._check_room(room_id)
        if room_id != MAIN_ROOM and not self.are_open:
            raise InvalidRequestError("The breakout rooms are closed.")
        return self._move(member, room_id)

    def broadcast(self, by: str, text: str) -> Notices:
        """Say something to everybody in all rooms."""
        moderator = self._crowd.entitled(by, Right.MODERATE)
        if not text.strip() or len(text) > self._limits.broadcast_length:
            most = self._limits.broadcast_length
            raise InvalidRequestError(f"Say something to all rooms in 1 to {most} characters.")
        event = Broadcast(moderator.id, moderator.display_name, text)
        return [Notice(self._crowd.everybody(), event)]

    def _close(self) -> Notices:
        self.are_open = False
        self._closes_at = None
        moved = [notice for m in self._crowd.all_inside() for notice in self._move(m, MAIN_ROOM)]
        return self._changed() + moved

    def _keep_open(self) -> Notices:
        if self._closes_at is None:
            return []
        self._closes_at = None
        return [Notice(self._crowd.everybody(), BreakoutsClosing(None))]

    def _new_id(self) -> str:
        self._made += 1
        return f"b{self._made}"

    def _room(self, room_id: str) -> BreakoutRoom:
        people = sorted(who for who, room in self._assigned.items() if room == room_id)
        return BreakoutRoom(room_id, self._names[room_id], tuple(people))

    def _planned(self) -> list[str]:
        if not self._names:
            raise InvalidRequestError("Plan breakout rooms first.")
        return list(self._names)

    def _check_room(self, room_id: str) -> None:
        if room_id != MAIN_ROOM and room_id not in self._names:
            raise NotFoundError("There is no such breakout room.")

    def _refuse_while_open(self) -> None:
        if self.are_open:
            raise InvalidRequestError("Close the breakout rooms before you plan others.")

    def _changed(self) -> Notices:
        notices: Notices = []
        for member in self._crowd.all_inside():
            event = BreakoutsChanged(self.rooms_for(member), self.are_open)
            notices.append(Notice(frozenset({member.id}), event))
        return notices

    def _move_all(self, people: list[str]) -> Notices:
        return [
            notice
            for person_id in people
            for member in self._crowd.of_person(person_id)
            if not member.is_waiting
            for notice in self._move(member, self.place_of(person_id))
        ]

    def _move(self, member: Member, place: str) -> Notices:
        """Move one member: gone to those left behind, there to those they come to."""
        if member.place == place:
            return []
        before = self._crowd.who_see(member)
        member.place = place
        after = self._crowd.who_see(member)
        me = frozenset({member.id})
        notices = [
            Notice(before - after, PersonLeft(member.id)),
            Notice(after - before, PersonJoined(member.view())),
            Notice((before & after) - me, PersonChanged(member.view())),
            Notice(me, self._view_for(member)),
        ]
        return [notice for notice in notices if notice.to]
