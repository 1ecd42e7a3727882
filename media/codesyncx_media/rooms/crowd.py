"""Everybody in a call room, and who of them sees whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from codesyncx_server.errors import NotFoundError

from ..errors import RefusedError
from ..rights import Right

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .events import Event
    from .people import Member


class Notice(NamedTuple):
    """An event and the members who are told of it."""

    to: frozenset[str]
    event: Event


Notices = list[Notice]

_REFUSED: dict[Right, str] = {
    Right.SPEAK: "You may listen and watch here; to speak, ask for the right to.",
    Right.SHARE_SCREEN: "You may not share your screen in this call.",
    Right.MODERATE: "Only who leads this call may do that.",
    Right.RECORD: "You may not record this call.",
}


class Crowd:
    """The members of one room by their ids, those in the lobby too."""

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}

    def member(self, member_id: str) -> Member:
        """Give a member wherever they are; NotFoundError when they are gone."""
        try:
            return self.members[member_id]
        except KeyError as error:
            raise NotFoundError("That person is not in the call any more.") from error

    def inside(self, member_id: str) -> Member:
        """Give a member who asks for something; RefusedError when they are in the lobby."""
        member = self.member(member_id)
        if member.is_waiting:
            raise RefusedError("Wait until somebody lets you in.")
        return member

    def entitled(self, member_id: str, right: Right) -> Member:
        """Give a member who asks for something that needs a right; RefusedError without it."""
        member = self.inside(member_id)
        if right not in member.rights:
            raise RefusedError(_REFUSED[right])
        return member

    def all_inside(self) -> list[Member]:
        """Give everybody who isn't in the lobby."""
        return [member for member in self.members.values() if not member.is_waiting]

    def all_waiting(self) -> list[Member]:
        """Give everybody in the lobby."""
        return [member for member in self.members.values() if member.is_waiting]

    def of_person(self, person_id: str) -> list[Member]:
        """Give all connections of one person."""
        return [member for member in self.members.values() if member.person_id == person_id]

    def sees(self, viewer: Member, other: Member) -> bool:
        """Whether `viewer` knows that `other` is in the call."""
        if viewer is other:
            return True
        if viewer.is_waiting or (other.is_waiting and not viewer.is_moderator):
            return False
        return viewer.is_moderator or viewer.place == other.place

    def hears(self, listener: Member, other: Member) -> bool:
        """Whether what `other` sends goes to `listener`."""
        if listener.is_waiting or other.is_waiting:
            return False
        return listener is not other and listener.place == other.place

    def who_see(self, member: Member) -> frozenset[str]:
        """Give the ids of those who know that a member is in the call, theirs among them."""
        return ids(viewer for viewer in self.members.values() if self.sees(viewer, member))

    def moderators(self) -> frozenset[str]:
        """Give the ids of those who have a say over others."""
        return ids(member for member in self.all_inside() if member.is_moderator)

    def everybody(self) -> frozenset[str]:
        """Give the ids of all who aren't in the lobby."""
        return ids(self.all_inside())


def ids(members: Iterable[Member]) -> frozenset[str]:
    """Give the ids of members."""
    return frozenset(member.id for member in members)
