"""How the API tells projects, members and invitations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .changes import Actor
    from .model import Invitation, Membership


def project(found: Membership, actor: Actor, names: Mapping[str, str]) -> dict[str, Any]:
    """Tell a project with everybody in it, and what the one who asks may do with it."""
    one = found.project
    return {
        "id": one.id,
        "name": one.name,
        "description": one.description,
        "state": one.state.value,
        "created_by": one.created_by,
        "created_at": one.created_at,
        "delete_at": one.delete_at,
        "role": found.roles.get(actor.username),
        "deeds": sorted(rules.deeds(found, actor.username, is_admin=actor.is_admin)),
        "members": [
            {"username": name, "display_name": names.get(name, name), "role": role}
            for name, role in sorted(found.roles.items())
        ],
        "teams": {name: sorted(members) for name, members in sorted(found.teams.items())},
    }


def invitation(one: Invitation) -> dict[str, Any]:
    """Tell an invitation; never its secret, which nobody knows any more."""
    return {
        "id": one.id,
        "role": one.role,
        "email": one.email,
        "team": one.team,
        "expires_at": one.expires_at,
        "max_uses": one.max_uses,
        "uses": one.uses,
        "created_by": one.created_by,
        "created_at": one.created_at,
    }
