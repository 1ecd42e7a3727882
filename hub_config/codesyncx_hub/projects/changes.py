"""Changes of projects and of who is in them: each checks, writes and audits in one transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from codesyncx_server.errors import NotFoundError, TooManyError

from . import names, rules, tables
from .model import OWNER, PROJECT_ROLES, Deed, Project, ProjectState
from .store import membership_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .member_list import Listed
    from .model import Membership

MOST_MEMBERS = 5_000
MOST_TEAMS = 500
LONGEST_DETAIL = 4_096


class What(StrEnum):
    """What an entry of the audit tells."""

    CREATED = "created"
    DESCRIBED = "described"
    STATE = "state"
    ROLE = "role"
    LEFT = "left"
    TEAM = "team"
    INVITED = "invited"
    INVITATION_ENDED = "invitation_ended"
    JOINED = "joined"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes something; an administrator of the Hub may what an owner may."""

    username: str
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A transaction under way: by whom, and when in Unix seconds."""

    connection: sa.Connection
    by: Actor
    now: float

    def seen(self, project_id: str, deed: Deed) -> Membership:
        """Give a project as it is now, if this may be done with it; it can't change meanwhile."""
        # Written to first: two changes of one project come one after the other.
        self.touch(project_id)
        membership = membership_in(self.connection, project_id)
        rules.require(membership, self.by.username, deed, is_admin=self.by.is_admin)
        return membership

    def touch(self, project_id: str) -> None:
        """Have those who follow a project look again."""
        table = tables.projects
        self.connection.execute(
            sa.update(table).where(table.c.id == project_id).values(revision=table.c.revision + 1)
        )

    def audit(
        self,
        what: What,
        project_id: str,
        subject: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Put into the audit what is done."""
        text = json.dumps(detail or {}, ensure_ascii=False)
        if len(text) > LONGEST_DETAIL:
            text = json.dumps({"cut": text[: LONGEST_DETAIL // 2]}, ensure_ascii=False)
        self.connection.execute(
            sa.insert(tables.audit).values(
                time=self.now,
                who=self.by.username,
                what=what.value,
                project_id=project_id,
                subject=subject,
                detail=text,
            )
        )


def create(change: Change, name: str, description: str = "", *, most_owned: int) -> Project:
    """Make a project that its maker owns; TooManyError if they own so many already."""
    projects, members = tables.projects, tables.members
    owned = (
        sa.select(sa.func.count())
        .select_from(projects.join(members, projects.c.id == members.c.project_id))
        .where(members.c.username == change.by.username, members.c.role == OWNER)
    )
    if change.connection.execute(owned).scalar_one() >= most_owned:
        raise TooManyError(
            f"You own {most_owned} projects, as many as one may here; delete one that isn't needed."
        )
    project = Project(
        names.new_project_id(),
        names.clean_name(name),
        change.by.username,
        change.now,
        names.clean_description(description),
        revision=1,
    )
    row = {field: getattr(project, field) for field in project.__slots__}
    change.connection.execute(sa.insert(projects).values(row))
    _put_member(change, project.id, change.by.username, OWNER)
    change.audit(What.CREATED, project.id, detail={"name": project.name})
    return project


def describe(change: Change, project_id: str, name: str | None, description: str | None) -> None:
    """Give a project another name or description; what is None stays."""
    before = change.seen(project_id, Deed.DESCRIBE).project
    values = {}
    if name is not None:
        values["name"] = names.clean_name(name)
    if description is not None:
        values["description"] = names.clean_description(description)
    if values:
        _update(change, project_id, values)
        change.audit(What.DESCRIBED, project_id, detail={"before": before.name, **values})


def set_state(
    change: Change, project_id: str, state: ProjectState, *, grace_s: float = 0.0
) -> None:
    """Archive, restore or delete a project; one that is deleted can be restored for `grace_s`."""
    deed = {
        ProjectState.ACTIVE: Deed.RESTORE,
        ProjectState.ARCHIVED: Deed.ARCHIVE,
        ProjectState.DELETED: Deed.DELETE,
    }[state]
    before = change.seen(project_id, deed).project.state
    delete_at = change.now + grace_s if state is ProjectState.DELETED else None
    _update(change, project_id, {"state": state.value, "delete_at": delete_at})
    change.audit(What.STATE, project_id, detail={"before": before.value, "state": state.value})


def set_role(change: Change, project_id: str, username: str, role: str | None) -> None:
    """Give somebody a role in a project, or take them out (None); they lose their teams then."""
    membership = change.seen(project_id, Deed.SEE)
    by = change.by
    rules.check_role_change(membership, by.username, username, role, is_admin=by.is_admin)
    before = membership.roles.get(username)
    if role is None:
        if before is None:
            raise NotFoundError(f"{username} isn't in this project.")
        for table in (tables.members, tables.team_members):
            change.connection.execute(
                sa.delete(table).where(
                    table.c.project_id == project_id, table.c.username == username
                )
            )
    else:
        name = names.clean_username(username)
        if before is None and len(membership.roles) >= MOST_MEMBERS:
            raise TooManyError(f"A project may have {MOST_MEMBERS} members.")
        _put_member(change, project_id, name, role)
    what = What.LEFT if role is None and username == by.username else What.ROLE
    change.audit(what, project_id, username, {"before": before, "role": role})


def let_in(change: Change, project_id: str, username: str, role: str) -> None:
    """Give somebody the role that an invitation of theirs promises; the caller audits it."""
    membership = membership_in(change.connection, project_id)
    if username not in membership.roles and len(membership.roles) >= MOST_MEMBERS:
        raise TooManyError(f"A project may have {MOST_MEMBERS} members.")
    _put_member(change, project_id, names.clean_username(username), role)


def take_in(change: Change, project_id: str, people: Iterable[Listed]) -> None:
    """Give everybody on a list their role and team; who has a higher role keeps it."""
    membership = change.seen(project_id, Deed.INVITE)
    roles, by = dict(membership.roles), change.by
    for one in people:
        before = roles.get(one.username)
        if before is None or PROJECT_ROLES.index(one.role) < PROJECT_ROLES.index(before):
            rules.check_role_change(
                membership, by.username, one.username, one.role, is_admin=by.is_admin
            )
            if len(roles) >= MOST_MEMBERS:
                raise TooManyError(f"A project may have {MOST_MEMBERS} members.")
            _put_member(change, project_id, one.username, one.role)
            roles[one.username] = one.role
            change.audit(What.ROLE, project_id, one.username, {"before": before, "role": one.role})
        if one.team:
            join_team(change, project_id, one.team, one.username)


def put_team(change: Change, project_id: str, name: str, people: Iterable[str]) -> None:
    """Make a team of members of a project, or give it other ones; NotFoundError for strangers."""
    membership = change.seen(project_id, Deed.INVITE)
    name, wanted = names.clean_name(name, "team"), frozenset(people)
    if strangers := sorted(wanted - membership.roles.keys()):
        raise NotFoundError(f"Not in this project: {', '.join(strangers[:10])}.")
    if name not in membership.teams and len(membership.teams) >= MOST_TEAMS:
        raise TooManyError(f"A project may have {MOST_TEAMS} teams.")
    _clear_team(change, project_id, name)
    change.connection.execute(sa.insert(tables.teams).values(project_id=project_id, name=name))
    if wanted:
        change.connection.execute(
            sa.insert(tables.team_members),
            [{"project_id": project_id, "team": name, "username": one} for one in sorted(wanted)],
        )
    change.audit(What.TEAM, project_id, name, {"members": sorted(wanted)})


def delete_team(change: Change, project_id: str, name: str) -> None:
    """Dissolve a team; its people stay in the project."""
    if name not in change.seen(project_id, Deed.INVITE).teams:
        raise NotFoundError(f"There is no team {name}.")
    _clear_team(change, project_id, name)
    change.audit(What.TEAM, project_id, name, {"members": None})


def join_team(change: Change, project_id: str, name: str, username: str) -> None:
    """Put one person more into a team, which is made if it isn't there."""
    teams, members = tables.teams, tables.team_members
    here = sa.select(teams).where(teams.c.project_id == project_id, teams.c.name == name)
    if change.connection.execute(here).first() is None:
        change.connection.execute(sa.insert(teams).values(project_id=project_id, name=name))
    in_it = sa.delete(members).where(
        members.c.project_id == project_id,
        members.c.team == name,
        members.c.username == username,
    )
    change.connection.execute(in_it)
    change.connection.execute(
        sa.insert(members).values(project_id=project_id, team=name, username=username)
    )


def due_for_erasure(connection: sa.Connection, now: float) -> list[str]:
    """Give the ids of deleted projects whose time of grace is over."""
    table = tables.projects
    chosen = sa.select(table.c.id).where(
        table.c.state == ProjectState.DELETED.value, table.c.delete_at <= now
    )
    return list(connection.execute(chosen).scalars())


def erase(change: Change, project_id: str) -> None:
    """Forget a deleted project for good; only its audit stays."""
    table = tables.projects
    change.connection.execute(
        sa.delete(table).where(
            table.c.id == project_id, table.c.state == ProjectState.DELETED.value
        )
    )
    change.audit(What.ERASED, project_id)


def remember(connection: sa.Connection, username: str, display_name: str) -> None:
    """Keep what somebody is called."""
    table, name = tables.people, display_name[: names.LONGEST_NAME] or username
    known = sa.select(table.c.display_name).where(table.c.username == username)
    if connection.execute(known).scalar_one_or_none() == name:
        return
    connection.execute(sa.delete(table).where(table.c.username == username))
    connection.execute(sa.insert(table).values(username=username, display_name=name))
    projects, members = tables.projects, tables.members
    mine = sa.select(members.c.project_id).where(members.c.username == username)
    connection.execute(
        sa.update(projects).where(projects.c.id.in_(mine)).values(revision=projects.c.revision + 1)
    )


def _put_member(change: Change, project_id: str, username: str, role: str) -> None:
    table = tables.members
    here = sa.and_(table.c.project_id == project_id, table.c.username == username)
    change.connection.execute(sa.delete(table).where(here))
    change.connection.execute(
        sa.insert(table).values(project_id=project_id, username=username, role=role)
    )


def _clear_team(change: Change, project_id: str, name: str) -> None:
    for table, column in ((tables.team_members, "team"), (tables.teams, "name")):
        change.connection.execute(
            sa.delete(table).where(table.c.project_id == project_id, table.c[column] == name)
        )


def _update(change: Change, project_id: str, values: Mapping[str, Any]) -> None:
    table = tables.projects
    change.connection.execute(sa.update(table).where(table.c.id == project_id).values(**values))
