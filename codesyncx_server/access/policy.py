"""Decides who may do what; the only place that does.

The closest resource with a grant for the person decides, and may give more or less than those
around it. On one resource the grants of a person add up; but "no access" given to the person, or to
a group of theirs, shuts out what the more general subjects get there. Who owns the server, or is
an owner of the project, can't be locked out. Without a grant the answer is no.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from .model import (
    EVERYONE,
    EVERYTHING,
    NOTHING,
    PROJECT,
    Grant,
    Permission,
    Permissions,
    Person,
    Resource,
    Subject,
    SubjectKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_Tiers = tuple[tuple[Subject, ...], ...]

# Who has these on everything can do on the disk whatever a kernel of the server's can do there.
_TRUST = frozenset(
    {
        Permission.READ,
        Permission.EDIT,
        Permission.CREATE,
        Permission.DELETE,
        Permission.EXECUTE,
    }
)


class Reason(StrEnum):
    """Why a decision is as it is."""

    OWNER = "owner"
    GRANTED = "granted"
    NOT_GRANTED = "not_granted"
    CLOSER = "closer"
    NOTHING = "nothing"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, why, and the grants that made it."""

    allowed: bool
    why: Reason
    grants: tuple[Grant, ...] = ()


_OWNER = Decision(allowed=True, why=Reason.OWNER)
_NOTHING = Decision(allowed=False, why=Reason.NOTHING)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a person has at one place, and by which grants."""

    permissions: Permissions
    grants: tuple[Grant, ...]
    place: Resource


@dataclass(slots=True)
class _Branch:
    """One folder or file in the tree of places that have grants."""

    grants: dict[Subject, list[Grant]] = field(default_factory=dict)
    ranges: dict[str, dict[Subject, list[Grant]]] = field(default_factory=dict)
    children: set[str] = field(default_factory=set)


class Policy:
    """All grants of a project at one moment; never changes, make a new one instead."""

    def __init__(
        self,
        grants: Iterable[Grant],
        groups: Mapping[str, frozenset[str]] | None = None,
        default: Grant | None = None,
        guests: Mapping[str, str] | None = None,
        members: frozenset[str] | None = None,
    ) -> None:
        """Take the grants and the project's own groups (username -> names of groups).

        `default` is what everyone has on the project while no other grant says it; `guests` are the
        names of those who came by a link, with the link's id. Where a Hub says who is in the
        project, `members` are their names, and nobody else has anything but guests.
        """
        self.grants = tuple(grants)
        self.groups: Mapping[str, frozenset[str]] = dict(groups or {})
        self.default = default
        self.guests: Mapping[str, str] = dict(guests or {})
        self.members = members
        self.ends: dict[Subject, set[float]] = {}
        self._granted: dict[Subject, list[Resource]] = {}
        self._branches: dict[str, _Branch] = {"": _Branch()}
        for grant in self.grants:
            self._place(grant)

    def with_grants(self, grants: Iterable[Grant]) -> Policy:
        """Give the policy that has these grants in place of its own."""
        return Policy(grants, self.groups, self.default, self.guests, self.members)

    # -- the questions --------------------------------------------------------------------------

    def decide(
        self, person: Person, permission: Permission, resource: Resource, now: float
    ) -> Decision:
        """Whether `person` may do this to `resource` at time `now`, and why."""
        tiers = self._tiers(person)
        if self._owns(person, tiers, now):
            return _OWNER
        standing = self._standing(tiers, resource, now)
        if standing is None:
            return _NOTHING
        if permission in standing.permissions:
            return Decision(allowed=True, why=Reason.GRANTED, grants=standing.grants)
        why = Reason.NOT_GRANTED if standing.place == PROJECT else Reason.CLOSER
        return Decision(allowed=False, why=why, grants=standing.grants)

    def allows(
        self, person: Person, permission: Permission, resource: Resource, now: float
    ) -> bool:
        """Whether `person` may do this to `resource` at time `now`."""
        return self.decide(person, permission, resource, now).allowed

    def permissions(self, person: Person, resource: Resource, now: float) -> Permissions:
        """Give all that `person` may do to `resource`."""
        tiers = self._tiers(person)
        if self._owns(person, tiers, now):
            return EVERYTHING
        standing = self._standing(tiers, resource, now)
        return NOTHING if standing is None else standing.permissions

    def is_owner(self, person: Person, now: float) -> bool:
        """Whether the server or the project is theirs."""
        return self._owns(person, self._tiers(person), now)

    def covers(self, person: Person, permissions: Permissions, path: str, now: float) -> bool:
        """Whether `person` has these on `path` and on everything below it, every range too."""
        tiers = self._tiers(person)
        return self._owns(person, tiers, now) or all(
            permissions <= self.permissions(person, place, now)
            for place in self._places_of(tiers, path)
        )

    def is_trusted(self, person: Person, now: float) -> bool:
        """Whether a kernel of the server's own user gives `person` nothing they don't have.

        Never so for guests: a kernel would also give them what is outside the project.
        """
        return not person.is_guest and self.covers(person, _TRUST, "", now)

    def reaches(self, person: Person, path: str, now: float) -> bool:
        """Whether `person` may read `path` or anything below it, so that it shows in a listing."""
        return self.allows_within(person, Permission.READ, path, now)

    def allows_within(
        self,
        person: Person,
        permission: Permission,
        path: str,
        now: float,
        *,
        in_ranges: bool = True,
    ) -> bool:
        """Whether `person` may do this to `path` or to anything below it."""
        return any(
            self.allows(person, permission, place, now)
            for place in self._places_of(self._tiers(person), path)
            if in_ranges or place.range_id is None
        )

    def paths_allowing(self, person: Person, permission: Permission, now: float) -> set[str]:
        """Give the project, folders and files that something is said about and allow this."""
        return {
            place.path
            for place in self._places_of(self._tiers(person), "")
            if place.range_id is None and self.allows(person, permission, place, now)
        }

    def ranges(self, person: Person, path: str, now: float) -> dict[str, Permissions]:
        """Give each range of the file that has a grant for `person`, with what they may do there.

        Empty for an owner, whom no range concerns.
        """
        branch = self._branches.get(path)
        tiers = self._tiers(person)
        if branch is None or not branch.ranges or self._owns(person, tiers, now):
            return {}
        found = {}
        for range_id in branch.ranges:
            standing = self._at(tiers, Resource(path, range_id), now)
            if standing is not None:
                found[range_id] = standing.permissions
        return found

    def places_below(self, path: str) -> Iterator[Resource]:
        """Give every resource below `path` that has a grant of its own, the ranges of it too."""
        branch = self._branches.get(path)
        if branch is None:
            return
        for range_id in branch.ranges:
            yield Resource(path, range_id)
        for child in branch.children:
            yield Resource(child)
            yield from self.places_below(child)

    def subjects(self, person: Person) -> tuple[Subject, ...]:
        """Give every subject that stands for `person`."""
        return tuple(subject for tier in self._tiers(person) for subject in tier)

    def grants_at(self, place: Resource) -> Mapping[Subject, list[Grant]]:
        """Give what is granted on exactly this place and to whom, what has ended too."""
        branch = self._branches.get(place.path)
        if branch is None:
            return {}
        if place.range_id is None:
            return branch.grants
        return branch.ranges.get(place.range_id, {})

    def next_expiry(self, now: float) -> float | None:
        """When the next grant ends, so that those it concerns can be told."""
        ends = [grant.expires_at for grant in self.grants if grant.expires_at is not None]
        return min((end for end in ends if end > now), default=None)

    # -- how ------------------------------------------------------------------------------------

    def _place(self, grant: Grant) -> None:
        path, range_id = grant.resource
        branch = self._branch(path)
        there = branch.grants if range_id is None else branch.ranges.setdefault(range_id, {})
        if grant.subject not in there:
            self._granted.setdefault(grant.subject, []).append(grant.resource)
        there.setdefault(grant.subject, []).append(grant)
        if grant.expires_at is not None:
            self.ends.setdefault(grant.subject, set()).add(grant.expires_at)

    def _places_of(self, tiers: _Tiers, path: str) -> Iterator[Resource]:
        """Give `path` and what of the places below it has a grant for these subjects.

        Anywhere else below they have what they have around it.
        """
        yield Resource(path)
        below = f"{path}/" if path else ""
        for tier in tiers:
            for subject in tier:
                for place in self._granted.get(subject, ()):
                    if place.path.startswith(below) or (place.path == path and place.range_id):
                        yield place

    def _branch(self, path: str) -> _Branch:
        branch = self._branches.get(path)
        if branch is None:
            branch = self._branches[path] = _Branch()
            self._branch(path.rpartition("/")[0]).children.add(path)
        return branch

    def _tiers(self, person: Person) -> _Tiers:
        """Give the subjects that stand for `person`, those that mean only them first."""
        named = Subject(SubjectKind.USER, person.username)
        if person.link is not None:
            # A guest isn't in the project: only the link speaks for them.
            return ((named, Subject(SubjectKind.LINK, person.link)),)
        # Nobody is called "": that stands for a group, or for everyone.
        if self.members is not None and person.username and person.username not in self.members:
            return ()
        groups = person.groups | self.groups.get(person.username, frozenset())
        # Somebody who only bears a guest's name has nothing of theirs.
        own = () if person.username in self.guests else (named,)
        if not groups:
            return (own, (EVERYONE,))
        return (
            own,
            tuple(Subject(SubjectKind.GROUP, group) for group in sorted(groups)),
            (EVERYONE,),
        )

    def _owns(self, person: Person, tiers: _Tiers, now: float) -> bool:
        if person.is_owner:
            return True
        standing = self._at(tiers, PROJECT, now)
        return standing is not None and Permission.ADMIN in standing.permissions

    def _standing(self, tiers: _Tiers, resource: Resource, now: float) -> _Standing | None:
        for place in resource.places():
            standing = self._at(tiers, place, now)
            if standing is not None:
                return standing
        return None

    def _at(self, tiers: _Tiers, place: Resource, now: float) -> _Standing | None:
        there = self.grants_at(place)
        default = self.default if place == PROJECT else None
        if not there and default is None:
            return None
        grants: list[Grant] = []
        for tier in tiers:
            here = [
                grant
                for subject in tier
                if subject in there
                for grant in there[subject]
                if grant.holds(now)
            ]
            if default is not None and not here and EVERYONE in tier:
                here = [default]
            grants += here
            if any(not grant.permissions for grant in here):
                break
        if not grants:
            return None
        return _Standing(
            frozenset().union(*(grant.permissions for grant in grants)), tuple(grants), place
        )
