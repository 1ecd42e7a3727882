"""Takes a Hub's roster over into the project's own database, so that it outlives a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from . import tables
from .model import HUB, PROJECT, ROLES, SubjectKind
from .snapshot import to_text

if TYPE_CHECKING:
    from .roster import Roster
    from .snapshot import Snapshot

_BY = "Hub"


def enrol(connection: sa.Connection, snapshot: Snapshot, roster: Roster, now: float) -> None:
    """Have everybody be what the roster says, and nobody else anything; an older one is ignored.

    What people of the project have granted each other stays, for those who are in it. A group of
    theirs that is called as a team is one from now on.
    """
    known = snapshot.roster_revision
    if known is not None and roster.revision < known:
        return
    connection.execute(sa.delete(tables.roster))
    connection.execute(sa.insert(tables.roster).values(id=1, revision=roster.revision))
    _enrol_people(connection, snapshot, roster, now)
    _enrol_teams(connection, snapshot, roster)
    _keep_names(connection, snapshot, roster)


def _enrol_people(
    connection: sa.Connection, snapshot: Snapshot, roster: Roster, now: float
) -> None:
    grants = tables.grants
    there = {grant.subject.name: grant for grant in snapshot.policy.grants if grant.origin == HUB}
    stale = [one.id for name, one in there.items() if roster.roles.get(name) != one.role]
    if stale:
        connection.execute(sa.delete(grants).where(grants.c.id.in_(stale)))
    rows = [
        {
            "subject_kind": SubjectKind.USER.value,
            "subject_name": name,
            "path": PROJECT.path,
            "range_id": None,
            "role": role,
            "permissions": to_text(ROLES[role]),
            "expires_at": None,
            "granted_by": _BY,
            "granted_at": now,
            "origin": HUB,
        }
        for name, role in roster.roles.items()
        if name not in there or there[name].role != role
    ]
    if rows:
        connection.execute(sa.insert(grants), rows)


def _enrol_teams(connection: sa.Connection, snapshot: Snapshot, roster: Roster) -> None:
    groups, members = tables.groups, tables.members
    gone = snapshot.hub_groups - roster.teams.keys()
    kept = {
        name
        for name, people in roster.teams.items()
        if name in snapshot.hub_groups and snapshot.groups.get(name) == people
    }
    changed = roster.teams.keys() - kept
    concerned = gone | changed
    if not concerned:
        return
    connection.execute(sa.delete(members).where(members.c.group_name.in_(concerned)))
    connection.execute(sa.delete(groups).where(groups.c.name.in_(concerned)))
    if changed:
        connection.execute(
            sa.insert(groups), [{"name": name, "origin": HUB} for name in sorted(changed)]
        )
    rows = [
        {"group_name": name, "username": one}
        for name in sorted(changed)
        for one in sorted(roster.teams[name])
    ]
    if rows:
        connection.execute(sa.insert(members), rows)


def _keep_names(connection: sa.Connection, snapshot: Snapshot, roster: Roster) -> None:
    people = tables.people
    new = {who: name for who, name in roster.names.items() if snapshot.people.get(who) != name}
    if new:
        connection.execute(sa.delete(people).where(people.c.username.in_(new)))
        rows = [{"username": who, "display_name": name} for who, name in new.items()]
        connection.execute(sa.insert(people), rows)
