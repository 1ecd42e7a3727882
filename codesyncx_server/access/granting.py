"""Who may hand out, change and take back access: never more than they have, nor for longer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..errors import InvalidRequestError, RefusedError
from .model import PROJECT, Grant, Permission, Person, Resource, Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .model import Permissions
    from .policy import Policy

_MOMENT_S = 0.001
_ON_A_RANGE = frozenset({Permission.READ, Permission.EDIT, Permission.COMMENT})


def check_grant(policy: Policy, granter: Person, grant: Grant, now: float) -> None:
    """Check that `granter` may add `grant`, or put it in the place of the one with its id.

    Raises RefusedError or InvalidRequestError, with the reason in the person's words.
    """
    _check_sense(grant, now)
    others = [one for one in policy.grants if one.id != grant.id]
    if len(others) < len(policy.grants):
        old = next(one for one in policy.grants if one.id == grant.id)
        _check_share(policy, granter, old.resource, now)
    _check_share(policy, granter, grant.resource, now)
    _check_effect(policy, policy.with_grants([*others, grant]), granter, grant, now)
    until = math.inf if grant.expires_at is None else grant.expires_at - _MOMENT_S
    if not grant.permissions <= policy.permissions(granter, grant.resource, until):
        raise RefusedError("Your own access ends before that; choose an earlier end.")


def check_revoke(policy: Policy, granter: Person, grant: Grant, now: float) -> None:
    """Check that `granter` may take `grant` back; raises RefusedError with the reason."""
    _check_share(policy, granter, grant.resource, now)
    rest = [one for one in policy.grants if one.id != grant.id]
    _check_effect(policy, policy.with_grants(rest), granter, grant, now)


def check_groups(policy: Policy, person: Person, now: float) -> None:
    """Check that `person` may say who is in which group."""
    if not policy.is_owner(person, now):
        raise RefusedError("Only an owner may change groups.")


def stand_in(policy: Policy, subject: Subject) -> Person:
    """Give a person who is nothing but `subject`, to see what it comes to for them."""
    match subject.kind:
        case SubjectKind.USER:
            return Person(subject.name, policy.groups.get(subject.name, frozenset()))
        case SubjectKind.GROUP:
            return Person("", frozenset({subject.name}))
        case SubjectKind.LINK:
            return Person("", link=subject.name)
        case SubjectKind.EVERYONE:
            return Person("")


def _check_sense(grant: Grant, now: float) -> None:
    if not grant.holds(now):
        raise InvalidRequestError("The end of this access is in the past.")
    if Permission.ADMIN in grant.permissions and grant.resource != PROJECT:
        raise InvalidRequestError("An owner owns the whole project; choose another role here.")
    if Permission.ADMIN in grant.permissions and grant.subject.kind is not SubjectKind.USER:
        raise InvalidRequestError("Only a person by name can become an owner.")
    if grant.resource.range_id is not None:
        if Permission.READ not in grant.permissions:
            raise InvalidRequestError(
                "Lines can be locked but not hidden from who may read the file. Give them no access"
                " to the file, and then the lines that they may see."
            )
        if grant.role is None and not grant.permissions <= _ON_A_RANGE:
            raise InvalidRequestError("In a range one can read, edit and comment, nothing else.")


def _check_share(policy: Policy, granter: Person, resource: Resource, now: float) -> None:
    if not policy.allows(granter, Permission.SHARE, resource, now):
        raise RefusedError(f"You may not share {_named(resource)}.")


def _check_effect(before: Policy, after: Policy, granter: Person, grant: Grant, now: float) -> None:
    """Check that nobody gets or loses, there or below, what the granter doesn't have."""
    subject = stand_in(after, grant.subject)
    for place in _places(grant.resource, before, after):
        had = before.permissions(subject, place, now)
        has = after.permissions(subject, place, now)
        own = before.permissions(granter, place, now)
        if not has - had <= own:
            raise RefusedError(
                f"You can't give more than you have: {_listed(has - had - own)} on {_named(place)}."
            )
        if not had - has <= own:
            raise RefusedError(
                f"You can't take away what you don't have: {_listed(had - has - own)} on"
                f" {_named(place)}."
            )


def _places(resource: Resource, *policies: Policy) -> Iterable[Resource]:
    below = {place for policy in policies for place in policy.places_below(resource.path)}
    return [resource] if resource.range_id is not None else [resource, *sorted(below, key=str)]


def _named(resource: Resource) -> str:
    if resource.range_id is not None:
        return f"these lines of {resource.path}"
    return resource.path or "the project"


def _listed(permissions: Permissions) -> str:
    return ", ".join(sorted(permission.replace("_", " ") for permission in permissions))
