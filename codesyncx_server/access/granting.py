"""Who may hand out, change and take back access: never more than they have, nor for longer.

A change is judged by what it does: for everybody whom it concerns, on the place itself and wherever
below it the one who makes it has something else, at every moment at which something ends. What
somebody gains or loses there must be the maker's own, and theirs to share.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..errors import InvalidRequestError, RefusedError
from .explain import name_of
from .model import EVERYONE, PROJECT, Grant, Permission, Person, Resource, Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .model import Permissions
    from .policy import Policy

_ON_A_RANGE = frozenset({Permission.READ, Permission.EDIT, Permission.COMMENT})


def check_grant(policy: Policy, granter: Person, grant: Grant, now: float) -> None:
    """Check that `granter` may add `grant`, or put it in the place of the one with its id.

    Raises RefusedError or InvalidRequestError, with the reason in the person's words.
    """
    _check_sense(policy, grant, now)
    others = [one for one in policy.grants if one.id != grant.id]
    _check_share(policy, granter, grant.resource, now)
    if granter.is_owner:
        return
    after = policy.with_grants([*others, grant])
    _check_owners(policy, after, now)
    if not policy.is_owner(granter, math.inf):
        for old in policy.grants:
            if old.id == grant.id:
                _check_within(policy, granter, old, now)
        _check_gift(policy, granter, grant, now)
        _check_effect(policy, after, granter, grant, now)


def check_revoke(policy: Policy, granter: Person, grant: Grant, now: float) -> None:
    """Check that `granter` may take `grant` back; raises RefusedError with the reason."""
    _check_share(policy, granter, grant.resource, now)
    if granter.is_owner:
        return
    after = policy.with_grants(one for one in policy.grants if one.id != grant.id)
    _check_owners(policy, after, now)
    if not policy.is_owner(granter, math.inf):
        _check_within(policy, granter, grant, now)
        _check_effect(policy, after, granter, grant, now)


def check_groups(policy: Policy, person: Person, now: float) -> None:
    """Check that `person` may say who is in which group."""
    if not policy.is_owner(person, now):
        raise RefusedError("Only an owner may change groups.")


def stand_in(policy: Policy, subject: Subject) -> Person:
    """Give a person who is nothing but `subject`, to see what it comes to for them."""
    match subject.kind:
        case SubjectKind.USER:
            return Person(subject.name, link=policy.guests.get(subject.name))
        case SubjectKind.GROUP:
            return Person("", frozenset({subject.name}))
        case SubjectKind.LINK:
            return Person("", link=subject.name)
        case SubjectKind.EVERYONE:
            return Person("")


# -- does it make sense -------------------------------------------------------------------------


def _check_sense(policy: Policy, grant: Grant, now: float) -> None:
    permissions, subject = grant.permissions, grant.subject
    if not grant.holds(now):
        raise InvalidRequestError("The end of this access is in the past.")
    if Permission.ADMIN in permissions and grant.resource != PROJECT:
        raise InvalidRequestError("An owner owns the whole project; choose another role here.")
    if Permission.ADMIN in permissions and subject.kind is not SubjectKind.USER:
        raise InvalidRequestError("Only a person by name can become an owner.")
    if stand_in(policy, subject).is_guest and permissions & {Permission.SHARE, Permission.ADMIN}:
        raise InvalidRequestError("Guests can't hand out access; choose another role.")
    if grant.resource.range_id is not None:
        if Permission.READ not in permissions:
            raise InvalidRequestError(
                "Lines can be locked but not hidden from who may read the file. Give them no access"
                " to the file, and then the lines that they may see."
            )
        if grant.role is None and not permissions <= _ON_A_RANGE:
            raise InvalidRequestError("In a range one can read, edit and comment, nothing else.")


def _check_share(policy: Policy, granter: Person, resource: Resource, now: float) -> None:
    if granter.is_guest or not policy.allows(granter, Permission.SHARE, resource, now):
        raise RefusedError(f"You may not share {name_of(resource)}.")


def _check_within(policy: Policy, granter: Person, grant: Grant, now: float) -> None:
    """Check that a grant that is to go gives nothing that the granter doesn't have themselves."""
    if not grant.permissions <= policy.permissions(granter, grant.resource, now):
        raise RefusedError("That gives more than you have yourself; ask somebody who has it.")


def _check_owners(before: Policy, after: Policy, now: float) -> None:
    """Check that somebody still owns the project, where its server is nobody's."""
    for moment in (now, math.inf):
        if _has_owner(before, moment) and not _has_owner(after, moment):
            raise RefusedError("The project needs an owner: make somebody else one first.")


def _has_owner(policy: Policy, moment: float) -> bool:
    return any(
        Permission.ADMIN in grant.permissions and grant.holds(moment) for grant in policy.grants
    )


# -- is it theirs to give -----------------------------------------------------------------------


def _check_gift(policy: Policy, granter: Person, grant: Grant, now: float) -> None:
    """Check that all that is given is the granter's own, wherever it reaches and until it ends.

    Whether somebody has it already doesn't matter: they may lose that, and this would stay.
    """
    if not grant.permissions:
        return
    end = math.inf if grant.expires_at is None else grant.expires_at
    for moment in _moments(policy, granter, stand_in(policy, grant.subject), now):
        if moment >= end:
            break
        for place in _places(policy, granter, grant):
            if _decides_closer(policy, grant, place, moment):
                continue
            own = policy.permissions(granter, place, moment)
            if not grant.permissions <= own:
                raise _too_much(grant.permissions - own, place, is_later=moment > now)


def _check_effect(before: Policy, after: Policy, granter: Person, grant: Grant, now: float) -> None:
    """Check that nobody gets or loses what isn't the granter's to share."""
    places = list(_places(before, granter, grant))
    for person in _concerned(before, grant):
        for moment in _moments(before, granter, person, now, grant.expires_at):
            for place in places:
                had = before.permissions(person, place, moment)
                has = after.permissions(person, place, moment)
                if had != has:
                    own = before.permissions(granter, place, moment)
                    _check_change(had, has, own, place, is_later=moment > now)


def _check_change(
    had: Permissions, has: Permissions, own: Permissions, place: Resource, *, is_later: bool
) -> None:
    if not has - had <= own:
        raise _too_much(has - had - own, place, is_later=is_later)
    if is_later:
        return  # who may take something away now may do so for good
    if not had - has <= own:
        raise RefusedError(
            f"You can't take away what you don't have: {_listed(had - has - own)} on"
            f" {name_of(place)}."
        )
    if Permission.SHARE not in own:
        raise RefusedError(f"You may not share {name_of(place)}, which this concerns.")


def _too_much(permissions: Permissions, place: Resource, *, is_later: bool) -> RefusedError:
    if is_later:
        return RefusedError(
            f"Your own access ends before that: {_listed(permissions)} on {name_of(place)}. Choose"
            " an earlier end."
        )
    return RefusedError(
        f"You can't give more than you have: {_listed(permissions)} on {name_of(place)}."
    )


def _places(policy: Policy, granter: Person, grant: Grant) -> Iterator[Resource]:
    """Give the place, and those it reaches where the granter has something of their own.

    Anywhere else below, everybody has what they have here, or something closer that stays. Ranges
    of one file may overlap, so each of them counts as reached by every other.
    """
    resource = grant.resource
    yield resource
    subjects = set(policy.subjects(granter))
    if resource.range_id is None and not stand_in(policy, grant.subject).is_guest:
        subjects.discard(EVERYONE)  # what everyone has there, they have too
    for place in policy.places_below(resource.path):
        if place == resource or (resource.range_id is not None and place.path != resource.path):
            continue
        if not subjects.isdisjoint(policy.grants_at(place)):
            yield place


def _decides_closer(policy: Policy, grant: Grant, place: Resource, moment: float) -> bool:
    """Whether something closer to `place` decides for the same subject, so that `grant` doesn't.

    A range of the same file may be the same text, so that one doesn't protect it.
    """
    if grant.resource.range_id is not None:
        return False
    subjects = {grant.subject}
    if not stand_in(policy, grant.subject).is_guest:
        subjects.add(EVERYONE)
    for closer in place.places():
        if closer == grant.resource:
            return False
        there = policy.grants_at(closer)
        if any(one.holds(moment) for subject in subjects for one in there.get(subject, ())):
            return True
    return False


def _concerned(policy: Policy, grant: Grant) -> Iterator[Person]:
    """Give people such that what the change does to anybody, it does to one of them.

    Each permission that somebody has there comes from one subject. So it is enough to look at those
    who are the grant's subject and at most one more that has something there, or above.
    """
    subject = grant.subject
    yield stand_in(policy, subject)
    there = {one for place in grant.resource.places() for one in policy.grants_at(place)}
    users = {one.name for one in there if one.kind is SubjectKind.USER}
    people = sorted(users - set(policy.guests))
    groups = sorted(one.name for one in there if one.kind is SubjectKind.GROUP)
    match subject.kind:
        case SubjectKind.USER:
            if subject.name not in policy.guests:
                yield from (Person(subject.name, frozenset({group})) for group in groups)
        case SubjectKind.GROUP:
            yield from (Person(name, frozenset({subject.name})) for name in people)
            yield from (Person("", frozenset({subject.name, group})) for group in groups)
        case SubjectKind.LINK:
            for guest, link in policy.guests.items():
                if link == subject.name and guest in users:
                    yield Person(guest, link=link)
        case SubjectKind.EVERYONE:
            yield from (Person(name) for name in people)
            yield from (Person("", frozenset({group})) for group in groups)


def _moments(
    policy: Policy, granter: Person, person: Person, now: float, end: float | None = None
) -> list[float]:
    """Give now, and every moment at which something that one of them has ends."""
    ends = {
        moment
        for subject in (*policy.subjects(granter), *policy.subjects(person))
        for moment in policy.ends.get(subject, ())
        if moment > now
    }
    if end is not None and end > now:
        ends.add(end)
    return [now, *sorted(ends)]


def _listed(permissions: Permissions) -> str:
    return ", ".join(sorted(permission.replace("_", " ") for permission in permissions))
