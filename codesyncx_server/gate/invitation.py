"""What a link is for, told to whoever holds it before they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..access import links
from ..errors import RefusedError

if TYPE_CHECKING:
    from ..access.model import Grant
    from ..access.service import AccessService

_ARTICLES = {"owner": "an owner", "editor": "an editor"}


def look_at(access: AccessService, secret: str, address: str) -> dict[str, str]:
    """Give who invites, to what and as what; counts as a try at guessing, lets nobody in."""
    access.attempts.begin(address)
    snapshot = access.snapshot
    link = snapshot.links.get(links.link_id_in(secret))
    if not links.fits(secret, link) or link is None:
        access.attempts.failed()
        raise RefusedError("This link isn't valid. Check that it was copied as a whole.")
    grant = snapshot.grant_of_link(link, access.now())
    links.check_usable(link, is_over=grant is None)
    return {
        "invited_by": snapshot.people.get(link.created_by, ""),
        "place": _place(grant),
        "role": _role(grant),
    }


def _place(grant: Grant | None) -> str:
    if grant is None:
        return ""
    path, range_id = grant.resource
    return path if range_id is None else f"a part of {path}"


def _role(grant: Grant | None) -> str:
    if grant is None or grant.role is None:
        return "a guest"
    return _ARTICLES.get(grant.role, f"a {grant.role}")
