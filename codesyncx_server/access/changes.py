"""Changes of who may do what: each checks, writes and audits, within one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ..errors import ExistsError, InvalidRequestError, NotFoundError, RefusedError, TooManyError
from . import links, tables
from .audit import Entry, What
from .granting import check_grant, check_groups, check_revoke
from .model import (
    HUB,
    PROJECT,
    Grant,
    Permission,
    Permissions,
    Person,
    Resource,
    Subject,
    SubjectKind,
)
from .snapshot import Snapshot, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_GRANTS = 20_000
MOST_LINKS = 2_000
MOST_GUESTS = 20_000
MOST_MEMBERS = 10_000
LONGEST_SUBJECT = 255
CHATS = "chats"
_CHAT_PERMISSIONS = frozenset({Permission.READ, Permission.COMMENT})


@dataclass(frozen=True, slots=True)
class Change:
    """A transaction under way: who changes what they see, and when."""

    connection: sa.Connection
    snapshot: Snapshot
    by: Person
    now: float

    def audit(
        self, what: What, subject: Subject | None, path: str, detail: dict[str, Any] | None = None
    ) -> None:
        """Put into the audit log what is done."""
        entry = Entry(self.now, self.by.username, what, subject, path, detail or {})
        self.connection.execute(sa.insert(tables.audit).values(entry.to_row()))


@dataclass(frozen=True, slots=True)
class Terms:
    """What a grant gives, and until when."""

    permissions: Permissions
    role: str | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a new link shall be like."""

    resource: Resource
    terms: Terms
    max_uses: int | None = None
    name: str = ""
    with_chat: bool = False


def add_grant(change: Change, subject: Subject, resource: Resource, terms: Terms) -> Grant:
    """Give `subject` something."""
    _check_subject(change.snapshot, subject)
    if len(change.snapshot.policy.grants) >= MOST_GRANTS:
        raise TooManyError(f"There may be {MOST_GRANTS} grants in a project.")
    grant = _granted(change, subject, resource, terms)
    change.audit(What.GRANTED, subject, resource.path, _detail(grant))
    return grant


def change_grant(change: Change, grant_id: int, terms: Terms) -> Grant:
    """Let a grant give something else, or for another time."""
    old = _grant(change.snapshot, grant_id)
    _check_ours(old.origin)
    new = replace(
        old,
        permissions=terms.permissions,
        role=terms.role,
        expires_at=terms.expires_at,
        granted_by=change.by.username,
        granted_at=change.now,
    )
    check_grant(change.snapshot.policy, change.by, new, change.now)
    table = tables.grants
    change.connection.execute(sa.update(table).where(table.c.id == grant_id).values(_row(new)))
    change.audit(
        What.CHANGED, new.subject, new.resource.path, {**_detail(new), "before": _detail(old)}
    )
    return new


def revoke(change: Change, grant_id: int) -> Grant:
    """Take a grant back; that of a link ends the link."""
    grant = _grant(change.snapshot, grant_id)
    _check_ours(grant.origin)
    for link in change.snapshot.links.values():
        if link.grant_id == grant_id and link.ended is None:
            revoke_link(change, link.id)
            return grant
    check_revoke(change.snapshot.policy, change.by, grant, change.now)
    _delete_grants(change.connection, [grant_id])
    change.audit(What.REVOKED, grant.subject, grant.resource.path, _detail(grant))
    return grant


def add_link(change: Change, invitation: Invitation) -> tuple[links.Link, Grant, str]:
    """Make a link; its secret exists nowhere but in the answer."""
    if sum(link.ended is None for link in change.snapshot.links.values()) >= MOST_LINKS:
        raise TooManyError(f"There may be {MOST_LINKS} links in a project.")
    if not invitation.terms.permissions:
        raise InvalidRequestError("A link must give something.")
    link_id = links.new_id()
    secret = links.secret_of(link_id)
    subject = Subject(SubjectKind.LINK, link_id)
    grant = _granted(change, subject, invitation.resource, invitation.terms)
    if invitation.with_chat and not _gives_chat(grant):
        terms = Terms(_CHAT_PERMISSIONS, expires_at=grant.expires_at)
        _granted(change, subject, Resource(CHATS), terms)
    link = links.Link(
        link_id,
        invitation.name,
        links.hash_of(secret),
        grant.id,
        invitation.max_uses,
        0,
        change.by.username,
        change.now,
    )
    change.connection.execute(
        sa.insert(tables.links).values({name: getattr(link, name) for name in link.__slots__})
    )
    detail = {**_detail(grant), "name": link.name, "max_uses": link.max_uses}
    change.audit(What.LINK_CREATED, subject, grant.resource.path, detail)
    return link, grant, secret


def revoke_link(change: Change, link_id: str) -> None:
    """End a link; whoever came by it is out."""
    link = change.snapshot.links.get(link_id)
    if link is None or link.ended is not None:
        raise NotFoundError("There is no such link.")
    subject = Subject(SubjectKind.LINK, link_id)
    given = [grant for grant in change.snapshot.policy.grants if grant.subject == subject]
    main = next((grant for grant in given if grant.id == link.grant_id), None)
    # Links of one's own may always be taken back: that gives nothing to anybody.
    if link.created_by != change.by.username or change.by.is_guest:
        for grant in given:
            check_revoke(change.snapshot.policy, change.by, grant, change.now)
    end_link(change.connection, change.snapshot, link_id, "revoked")
    path = "" if main is None else main.resource.path
    change.audit(What.LINK_REVOKED, subject, path, {"name": link.name})


def end_link(connection: sa.Connection, snapshot: Snapshot, link_id: str, why: str) -> None:
    """Take from a link, and from its guests, all that they have."""
    guests = [guest.id for guest in snapshot.guests.values() if guest.link_id == link_id]
    gone = {Subject(SubjectKind.LINK, link_id)} | {
        Subject(SubjectKind.USER, guest) for guest in guests
    }
    _delete_grants(
        connection, [grant.id for grant in snapshot.policy.grants if grant.subject in gone]
    )
    connection.execute(sa.delete(tables.guests).where(tables.guests.c.link_id == link_id))
    table = tables.links
    connection.execute(sa.update(table).where(table.c.id == link_id).values(ended=why))


def redeem(
    change: Change, secret: str, display_name: str, token: str | None
) -> tuple[links.Admission, bool]:
    """Let a guest in; and whether they are new. One who is in by this link stays who they are."""
    snapshot = change.snapshot
    link = snapshot.links.get(links.link_id_in(secret))
    if not links.fits(secret, link) or link is None:
        raise RefusedError(links.NOT_VALID)
    name = links.clean_name(display_name)
    if token is not None:
        known = snapshot.guest_by_token(links.hash_of(token), change.now)
        if known is not None and known.link_id == link.id:
            return links.Admission(known, token), False
    grant = snapshot.grant_of_link(link, change.now)
    links.check_usable(link, is_over=grant is None)
    if len(snapshot.guests) >= MOST_GUESTS:
        raise TooManyError("There are too many guests in this project.")
    guest = links.GuestIdentity(links.GUEST_PREFIX + links.new_id(), name, link.id)
    new_token = links.secret_of(link.id)
    table = tables.links
    change.connection.execute(
        sa.update(table).where(table.c.id == link.id).values(uses=table.c.uses + 1)
    )
    change.connection.execute(
        sa.insert(tables.guests).values(
            id=guest.id,
            link_id=link.id,
            name=name,
            token_hash=links.hash_of(new_token),
            joined_at=change.now,
        )
    )
    entry = Entry(
        change.now,
        guest.id,
        What.JOINED,
        Subject(SubjectKind.LINK, link.id),
        "" if grant is None else grant.resource.path,
        {"name": name, "link": link.name},
    )
    change.connection.execute(sa.insert(tables.audit).values(entry.to_row()))
    return links.Admission(guest, new_token), True


def put_group(change: Change, name: str, members: Iterable[str], *, must_be_new: bool) -> None:
    """Make a group, or give it other members."""
    if must_be_new and name in change.snapshot.groups:
        raise ExistsError(f"There is a group {name} already.")
    wanted = frozenset(members)
    _check_name(name)
    _check_ours(HUB if name in change.snapshot.hub_groups else "")
    for member in wanted:
        _check_name(member)
    if len(wanted) > MOST_MEMBERS:
        raise TooManyError(f"A group may have {MOST_MEMBERS} members.")
    check_groups(change.snapshot.policy, change.by, change.now)
    _write_group(change.connection, name, wanted)
    before = sorted(change.snapshot.groups.get(name, ()))
    subject = Subject(SubjectKind.GROUP, name)
    detail = {
        "added": sorted(wanted.difference(before)),
        "removed": sorted(set(before) - wanted),
    }
    change.audit(What.CHANGED, subject, "", detail)


def delete_group(change: Change, name: str) -> None:
    """Dissolve a group; what it was granted goes with it."""
    if name not in change.snapshot.groups:
        raise NotFoundError(f"There is no group {name}.")
    _check_ours(HUB if name in change.snapshot.hub_groups else "")
    check_groups(change.snapshot.policy, change.by, change.now)
    subject = Subject(SubjectKind.GROUP, name)
    grants = [grant for grant in change.snapshot.policy.grants if grant.subject == subject]
    _delete_grants(change.connection, [grant.id for grant in grants])
    _write_group(change.connection, name, frozenset())
    change.connection.execute(sa.delete(tables.groups).where(tables.groups.c.name == name))
    change.audit(What.REVOKED, subject, "", {"members": sorted(change.snapshot.groups[name])})


def follow_rename(connection: sa.Connection, old: str, new: str) -> None:
    """Move what is granted on `old` and below it to `new`."""
    for table in (tables.grants, tables.ranges):
        path = table.c.path
        rest = sa.func.substr(path, len(old) + 1)
        connection.execute(sa.update(table).where(path == old).values(path=new))
        connection.execute(
            sa.update(table)
            .where(tables.below(path, old))
            .values(path=sa.literal(new, sa.Text).concat(rest))
        )


def expire(connection: sa.Connection, snapshot: Snapshot, now: float) -> None:
    """Forget what has ended, and say so in the audit log."""
    over = [grant for grant in snapshot.policy.grants if not grant.holds(now)]
    for grant in over:
        entry = Entry(
            grant.expires_at or now,
            grant.granted_by,
            What.EXPIRED,
            grant.subject,
            grant.resource.path,
            _detail(grant),
        )
        connection.execute(sa.insert(tables.audit).values(entry.to_row()))
    _delete_grants(connection, [grant.id for grant in over])
    numbers = {grant.id for grant in over}
    for link in snapshot.links.values():
        if link.grant_id in numbers and link.ended is None:
            end_link(connection, snapshot, link.id, "expired")


# -- the parts ----------------------------------------------------------------------------------


def _granted(change: Change, subject: Subject, resource: Resource, terms: Terms) -> Grant:
    grant = Grant(
        0,
        subject,
        resource,
        terms.permissions,
        terms.role,
        terms.expires_at,
        change.by.username,
        change.now,
    )
    check_grant(change.snapshot.policy, change.by, grant, change.now)
    result = change.connection.execute(sa.insert(tables.grants).values(_row(grant)))
    if result.inserted_primary_key is None:
        raise NotFoundError("The grant was not kept.")
    return replace(grant, id=result.inserted_primary_key[0])


def _row(grant: Grant) -> dict[str, Any]:
    return {
        "subject_kind": grant.subject.kind.value,
        "subject_name": grant.subject.name,
        "path": grant.resource.path,
        "range_id": grant.resource.range_id,
        "role": grant.role,
        "permissions": to_text(grant.permissions),
        "expires_at": grant.expires_at,
        "granted_by": grant.granted_by,
        "granted_at": grant.granted_at,
    }


def _detail(grant: Grant) -> dict[str, Any]:
    detail: dict[str, Any] = {"grant": grant.id, "role": grant.role}
    if grant.role is None:
        detail["permissions"] = sorted(grant.permissions)
    if grant.resource.range_id is not None:
        detail["range"] = grant.resource.range_id
    if grant.expires_at is not None:
        detail["expires_at"] = grant.expires_at
    return detail


def _grant(snapshot: Snapshot, grant_id: int) -> Grant:
    grant = snapshot.grant(grant_id)
    if grant is None:
        raise NotFoundError("There is no such grant.")
    return grant


def _delete_grants(connection: sa.Connection, numbers: list[int]) -> None:
    if numbers:
        connection.execute(sa.delete(tables.grants).where(tables.grants.c.id.in_(numbers)))


def _write_group(connection: sa.Connection, name: str, members: frozenset[str]) -> None:
    connection.execute(sa.delete(tables.members).where(tables.members.c.group_name == name))
    exists = sa.select(tables.groups).where(tables.groups.c.name == name)
    if connection.execute(exists).first() is None:
        connection.execute(sa.insert(tables.groups).values(name=name))
    if members:
        rows = [{"group_name": name, "username": member} for member in sorted(members)]
        connection.execute(sa.insert(tables.members), rows)


def _check_subject(snapshot: Snapshot, subject: Subject) -> None:
    if subject.kind is SubjectKind.EVERYONE:
        if subject.name:
            raise InvalidRequestError("Everyone has no name.")
        return
    _check_name(subject.name)
    if subject.kind is SubjectKind.LINK:
        link = snapshot.links.get(subject.name)
        if link is None or link.ended is not None:
            raise NotFoundError("There is no such link.")
    is_guest = subject.name in snapshot.guests
    looks_like_guest = subject.name.startswith(links.GUEST_PREFIX)
    if subject.kind is SubjectKind.USER and looks_like_guest and not is_guest:
        raise NotFoundError("There is no such guest.")


def _check_ours(origin: str) -> None:
    if origin == HUB:
        raise RefusedError("Who is in this project is changed on the projects page of the Hub.")


def _check_name(name: str) -> None:
    if not name or len(name) > LONGEST_SUBJECT or not name.isprintable() or name != name.strip():
        raise InvalidRequestError(
            f"A name has 1 to {LONGEST_SUBJECT} visible characters and no spaces around it."
        )


def _gives_chat(grant: Grant) -> bool:
    return grant.resource == PROJECT and grant.permissions >= _CHAT_PERMISSIONS
