"""Says in sentences what was decided and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import Permission, Resource, Subject, SubjectKind
from .policy import Decision, Reason

if TYPE_CHECKING:
    from .model import Grant

_DOING = {
    Permission.READ: "see {place}",
    Permission.EDIT: "change {place}",
    Permission.CREATE: "create anything in {place}",
    Permission.DELETE: "delete {place}",
    Permission.EXECUTE: "run code in {place}",
    Permission.COMMENT: "write messages in {place}",
    Permission.SPEAK: "speak in {place}",
    Permission.SHARE_SCREEN: "share your screen in {place}",
    Permission.SHARE: "share {place}",
    Permission.ADMIN: "manage {place}",
}


def name_of(resource: Resource) -> str:
    """Give what a person calls a resource."""
    if resource.range_id is not None:
        return f"this part of {resource.path}"
    return resource.path or "the project"


def refusal(permission: Permission, resource: Resource, decision: Decision) -> str:
    """Say what may not be done, and why; nothing about what the person can't see."""
    doing = _DOING[permission].format(place=name_of(resource))
    return f"You may not {doing}: {why(decision)}"


def why(decision: Decision) -> str:
    """Say why a decision is as it is, as a sentence that can follow a colon."""
    match decision.why:
        case Reason.OWNER:
            return "you own this project."
        case Reason.NOTHING:
            return "nobody has given you access."
        case Reason.UNAVAILABLE:
            return "access can't be checked right now; please try again in a moment."
    by = "; ".join(_grant(grant) for grant in decision.grants)
    if decision.allowed or not any(grant.permissions for grant in decision.grants):
        return f"{by}."
    return f"{by}, and that doesn't include it."


def subject(of: Subject) -> str:
    """Give what a person calls a subject."""
    match of.kind:
        case SubjectKind.EVERYONE:
            return "everyone in the project"
        case SubjectKind.GROUP:
            return f"the group {of.name}"
        case SubjectKind.LINK:
            return "everyone with your link"
        case SubjectKind.USER:
            return "you"


def _grant(grant: Grant) -> str:
    has = "has" if grant.subject.kind in {SubjectKind.EVERYONE, SubjectKind.GROUP} else "have"
    if grant.subject.kind is SubjectKind.LINK:
        has = "has"
    place = name_of(grant.resource)
    if not grant.permissions:
        return f"{subject(grant.subject)} {has} no access to {place}"
    return f"{subject(grant.subject)} {has} {_what(grant)} on {place}"


def _what(grant: Grant) -> str:
    if grant.role is not None:
        return f"the role {grant.role}"
    return ", ".join(sorted(permission.replace("_", " ") for permission in grant.permissions))
