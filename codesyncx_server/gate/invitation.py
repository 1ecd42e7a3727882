"""What a link is for, told to whoever holds it before they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..access.model import Grant
    from ..access.service import AccessService

_ARTICLES = {"owner": "an owner", "editor": "an editor"}


def look_at(access: AccessService, secret: str, address: str) -> dict[str, str]:
    """Give who invites, to what and as what; counts as a try at guessing, lets nobody in."""
    link, grant = access.invitation(secret, address=address)
    return {
        "invited_by": access.snapshot.people.get(link.created_by, ""),
        "place": _place(grant),
        "role": _role(grant),
    }


def _place(grant: Grant) -> str:
    path, range_id = grant.resource
    return path if range_id is None else f"a part of {path}"


def _role(grant: Grant) -> str:
    if grant.role is None:
        return "a guest"
    return _ARTICLES.get(grant.role, f"a {grant.role}")
