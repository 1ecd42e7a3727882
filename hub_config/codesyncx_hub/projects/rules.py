"""Who may do what with a project as a whole; the only place that decides it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesyncx_server.access.model import ROLES
from codesyncx_server.errors import InvalidRequestError, NotFoundError, RefusedError

from .model import OWNER, PROJECT_ROLES, Deed, ProjectState

if TYPE_CHECKING:
    from .model import Membership

_MANAGERS = frozenset({OWNER, "maintainer"})
#: What needs a role, and which; seeing and opening need any.
_WHO: dict[Deed, frozenset[str]] = {
    Deed.SEE: frozenset(PROJECT_ROLES),
    Deed.OPEN: frozenset(PROJECT_ROLES),
    Deed.INVITE: _MANAGERS,
    Deed.DESCRIBE: _MANAGERS,
    Deed.AUDIT: _MANAGERS,
    Deed.ARCHIVE: frozenset({OWNER}),
    Deed.RESTORE: frozenset({OWNER}),
    Deed.DELETE: frozenset({OWNER}),
    Deed.TRANSFER: frozenset({OWNER}),
}
_IN_STATE: dict[Deed, frozenset[ProjectState]] = {
    Deed.OPEN: frozenset({ProjectState.ACTIVE}),
    Deed.INVITE: frozenset({ProjectState.ACTIVE}),
    Deed.DESCRIBE: frozenset({ProjectState.ACTIVE}),
    Deed.TRANSFER: frozenset({ProjectState.ACTIVE}),
    Deed.ARCHIVE: frozenset({ProjectState.ACTIVE}),
    Deed.RESTORE: frozenset({ProjectState.ARCHIVED, ProjectState.DELETED}),
    Deed.DELETE: frozenset({ProjectState.ACTIVE, ProjectState.ARCHIVED}),
}
#: A Hub's administrator looks after projects, and looks into none: to open one they must be in it.
_ADMINS_TOO = frozenset(Deed) - {Deed.OPEN}
_WORDS = {
    Deed.SEE: "see",
    Deed.OPEN: "open",
    Deed.INVITE: "change who is in",
    Deed.DESCRIBE: "rename or describe",
    Deed.ARCHIVE: "archive",
    Deed.RESTORE: "restore",
    Deed.DELETE: "delete",
    Deed.TRANSFER: "give away",
    Deed.AUDIT: "see what happened in",
}


def deeds(membership: Membership, username: str, *, is_admin: bool = False) -> frozenset[Deed]:
    """Give all that somebody may do with a project as it is now."""
    role, state = membership.roles.get(username), membership.project.state
    return frozenset(
        deed
        for deed, who in _WHO.items()
        if (role in who or (is_admin and deed in _ADMINS_TOO))
        and state in _IN_STATE.get(deed, frozenset(ProjectState))
    )


def require(membership: Membership, username: str, deed: Deed, *, is_admin: bool = False) -> None:
    """Raise NotFoundError for a project somebody may not know of, RefusedError for a deed."""
    allowed = deeds(membership, username, is_admin=is_admin)
    if Deed.SEE not in allowed:
        raise NotFoundError("There is no such project.")
    if deed in allowed:
        return
    state, words = membership.project.state, _WORDS[deed]
    if state not in _IN_STATE.get(deed, frozenset(ProjectState)):
        raise RefusedError(f"You can't {words} this project: it is {state}.")
    raise RefusedError(f"You may not {words} this project; ask one of its owners.")


def check_role_change(
    membership: Membership,
    by: str,
    username: str,
    role: str | None,
    *,
    is_admin: bool = False,
) -> None:
    """Check that `by` may give somebody this role, or take them out (None).

    Nobody gives more than they have, nor changes somebody who has more; everybody may go by
    themselves; a project keeps an owner.
    """
    if role is not None and role not in PROJECT_ROLES:
        raise InvalidRequestError(f"There is no role {role!r}; there are {listed_roles()}.")
    before = membership.roles.get(username)
    goes = username == by and role is None and before is not None
    if not goes:
        require(membership, by, Deed.INVITE, is_admin=is_admin)
        own = OWNER if is_admin else membership.roles[by]
        for one in (before, role):
            if one is not None and not ROLES[one] <= ROLES[own]:
                raise RefusedError(f"Only an owner may do that to an {OWNER}.")
    if before == OWNER and role != OWNER:
        owners = [name for name, one in membership.roles.items() if one == OWNER]
        if owners == [username]:
            raise RefusedError("A project needs an owner: make somebody else one first.")


def check_gift(membership: Membership, by: str, role: str, *, is_admin: bool = False) -> None:
    """Check that `by` may invite people as this role; nobody becomes an owner by invitation."""
    check_role_change(membership, by, "", role, is_admin=is_admin)
    if role == OWNER:
        raise RefusedError("Invite them as a maintainer first; an owner is made by name.")


def listed_roles() -> str:
    """Give the names of the roles in a sentence."""
    return ", ".join(PROJECT_ROLES)
