"""Ways into a project: links, and invitations of one e-mail address.

A secret is `<id>.<random>`; only its hash is kept, so that whoever reads the database can't come in
by it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from codesyncx_server.errors import InvalidRequestError, NotFoundError, RefusedError, TooManyError

from . import names, rules, tables
from .changes import What, join_team, let_in
from .model import PROJECT_ROLES, Deed, Invitation, ProjectState
from .store import membership_in

if TYPE_CHECKING:
    from .changes import Change

MOST_INVITATIONS = 2_000
LONGEST_SECRET = 256
_NO_HASH = "0" * 64
NOT_VALID = "This invitation isn't valid. Check that the link was copied as a whole."


@dataclass(frozen=True, slots=True)
class Terms:
    """What an invitation gives, to whom, how often and until when (Unix seconds)."""

    role: str
    expires_at: float | None = None
    max_uses: int | None = None
    email: str = ""
    team: str = ""


def invite(change: Change, project_id: str, terms: Terms) -> tuple[Invitation, str]:
    """Make an invitation; its secret exists nowhere but in the answer."""
    membership = change.seen(project_id, Deed.INVITE)
    by = change.by
    rules.check_gift(membership, by.username, terms.role, is_admin=by.is_admin)
    if terms.expires_at is not None and terms.expires_at <= change.now:
        raise InvalidRequestError("The end of this invitation is in the past.")
    if terms.max_uses is not None and terms.max_uses < 1:
        raise InvalidRequestError("An invitation can be used once at least.")
    table = tables.invitations
    open_ones = sa.select(sa.func.count()).where(
        table.c.project_id == project_id, table.c.ended.is_(other=False)
    )
    if change.connection.execute(open_ones).scalar_one() >= MOST_INVITATIONS:
        raise TooManyError(f"A project may have {MOST_INVITATIONS} open invitations.")
    invitation_id = secrets.token_hex(8)
    secret = f"{invitation_id}.{secrets.token_urlsafe(32)}"
    invitation = Invitation(
        invitation_id,
        project_id,
        terms.role,
        _hash_of(secret),
        by.username,
        change.now,
        terms.expires_at,
        1 if terms.email else terms.max_uses,
        email=terms.email,
        team=names.clean_name(terms.team, "team") if terms.team else "",
    )
    row = {field: getattr(invitation, field) for field in invitation.__slots__}
    change.connection.execute(sa.insert(table).values(row))
    detail = {"role": terms.role, "email": terms.email, "team": invitation.team}
    change.audit(What.INVITED, project_id, invitation_id, detail)
    return invitation, secret


def look(connection: sa.Connection, secret: str, now: float) -> Invitation:
    """Give the invitation that a secret opens; RefusedError, with the reason, if it opens none."""
    table = tables.invitations
    given = secret[:LONGEST_SECRET]
    named = given.partition(".")[0]
    # What no id looks like isn't asked for: databases refuse some texts.
    chosen = sa.select(table).where(table.c.id == (named if named.isalnum() else ""))
    row = connection.execute(chosen).first()
    expected = _NO_HASH if row is None else row.secret_hash
    if not hmac.compare_digest(_hash_of(given), expected) or row is None:
        raise RefusedError(NOT_VALID)
    invitation = Invitation(**row._mapping)
    _check_usable(connection, invitation, now)
    return invitation


def accept(change: Change, secret: str) -> Invitation:
    """Let the one who changes in by an invitation; one who is in already keeps a higher role."""
    invitation = look(change.connection, secret, change.now)
    table, username = tables.invitations, change.by.username
    used = (
        sa.update(table)
        .where(
            table.c.id == invitation.id,
            sa.or_(table.c.max_uses.is_(None), table.c.uses < table.c.max_uses),
        )
        .values(uses=table.c.uses + 1)
    )
    change.touch(invitation.project_id)  # before it is looked at: nobody else changes it now
    membership = membership_in(change.connection, invitation.project_id)
    before = membership.roles.get(username)
    gains = before is None or PROJECT_ROLES.index(invitation.role) < PROJECT_ROLES.index(before)
    joins = bool(invitation.team) and username not in membership.teams.get(invitation.team, ())
    if not gains and not joins:
        return invitation
    if change.connection.execute(used).rowcount != 1:
        raise RefusedError("This invitation has been used as often as it may be.")
    if gains:
        let_in(change, invitation.project_id, username, invitation.role)
    if joins:
        join_team(change, invitation.project_id, invitation.team, username)
    detail = {"role": invitation.role, "before": before, "invitation": invitation.id}
    change.audit(What.JOINED, invitation.project_id, username, detail)
    return invitation


def end(change: Change, project_id: str, invitation_id: str) -> None:
    """Take an invitation back; who came by it stays."""
    change.seen(project_id, Deed.INVITE)
    table = tables.invitations
    ended = sa.update(table).where(
        table.c.id == invitation_id,
        table.c.project_id == project_id,
        table.c.ended.is_(other=False),
    )
    if change.connection.execute(ended.values(ended=True)).rowcount != 1:
        raise NotFoundError("There is no such invitation.")
    change.audit(What.INVITATION_ENDED, project_id, invitation_id)


def _check_usable(connection: sa.Connection, invitation: Invitation, now: float) -> None:
    if invitation.ended:
        raise RefusedError("This invitation was taken back. Ask for a new one.")
    if invitation.expires_at is not None and now >= invitation.expires_at:
        raise RefusedError("This invitation has expired. Ask for a new one.")
    project = membership_in(connection, invitation.project_id).project
    if project.state is not ProjectState.ACTIVE:
        raise RefusedError(f"You can't come into this project now: it is {project.state}.")


def _hash_of(secret: str) -> str:
    # It is random and long, so that no salt is needed.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
