"""The database of projects: SQLite in a file, or PostgreSQL; every call blocks."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from codesyncx_server import database
from codesyncx_server.access.roster import Roster
from codesyncx_server.errors import NotFoundError
from codesyncx_server.migrating import FormError, bring_up_to_date

from ..errors import ProjectsUnavailableError
from . import tables
from .model import Invitation, Membership, Project, ProjectState

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSION_TABLE = "project_version"


class ProjectsStore:
    """Reads and writes projects; ProjectsUnavailableError when it can't."""

    def __init__(self, url: str | sa.URL) -> None:
        """Open nothing yet; InvalidRequestError for a URL that can't be used."""
        self._url = database.read_url(url, "projects_database_url")
        self._engine: sa.Engine | None = None

    def open(self) -> None:
        """Bring the database to the form that this version knows."""
        self._opened()

    def close(self) -> None:
        """Let go of the database; the next call opens it again."""
        if self._engine is not None:
            self._engine.dispose()
        self._engine = None

    @contextlib.contextmanager
    def change(self) -> Iterator[sa.Connection]:
        """Begin a transaction; errors of the caller roll it back."""
        with self._failing(), self._opened().begin() as connection:
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give one moment of the database, to be read from."""
        with self._failing(), self._opened().connect() as connection:
            yield connection.execution_options(**database.reading(self._url))

    def membership(self, project_id: str) -> Membership:
        """Give a project with everybody in it; NotFoundError if there is none."""
        with self.reading() as connection:
            return membership_in(connection, project_id)

    def memberships(self, username: str | None = None) -> list[Membership]:
        """Give the projects that somebody is in, or all; by name."""
        chosen = sa.select(tables.projects)
        if username is not None:
            mine = sa.select(tables.members.c.project_id).where(
                tables.members.c.username == username
            )
            chosen = chosen.where(tables.projects.c.id.in_(mine))
        with self.reading() as connection:
            projects = [_project_of(row) for row in connection.execute(chosen)]
            ids = [project.id for project in projects]
            roles: dict[str, dict[str, str]] = {project_id: {} for project_id in ids}
            table = tables.members
            for row in connection.execute(sa.select(table).where(table.c.project_id.in_(ids))):
                roles[row.project_id][row.username] = row.role
        found = [Membership(project, roles[project.id]) for project in projects]
        return sorted(found, key=lambda one: (one.project.name.casefold(), one.project.id))

    def roster(self, project_id: str) -> Roster:
        """Give what a project's server is to know; nobody is in one that isn't active."""
        with self.reading() as connection:
            membership = membership_in(connection, project_id)
            known = tables.people
            chosen = sa.select(known).where(known.c.username.in_(membership.roles))
            names = {row.username: row.display_name for row in connection.execute(chosen)}
        revision = membership.project.revision
        if membership.project.state is not ProjectState.ACTIVE:
            return Roster(revision)
        return Roster(revision, membership.roles, membership.teams, names)

    def invitations(self, project_id: str) -> list[Invitation]:
        """Give the invitations to a project that haven't ended, the newest first."""
        table = tables.invitations
        chosen = (
            sa.select(table)
            .where(table.c.project_id == project_id, table.c.ended.is_(other=False))
            .order_by(table.c.created_at.desc())
        )
        with self.reading() as connection:
            return [Invitation(**row._mapping) for row in connection.execute(chosen)]

    def names(self) -> dict[str, str]:
        """Give what people are called, by user name."""
        with self.reading() as connection:
            rows = connection.execute(sa.select(tables.people))
            return {row.username: row.display_name for row in rows}

    def audit(self, project_id: str, *, limit: int, before: int | None) -> list[dict[str, Any]]:
        """Give entries of the audit of a project, the newest first."""
        table = tables.audit
        chosen = sa.select(table).where(table.c.project_id == project_id)
        if before is not None:
            chosen = chosen.where(table.c.id < before)
        with self.reading() as connection:
            rows = connection.execute(chosen.order_by(table.c.id.desc()).limit(limit))
            return [{**row._mapping, "detail": json.loads(row.detail)} for row in rows]

    def _opened(self) -> sa.Engine:
        if self._engine is None:
            engine = database.make_engine(self._url)
            try:
                with engine.begin() as connection:
                    folder = Path(__file__).parent / "migrations"
                    bring_up_to_date(connection, folder, tables.metadata, _VERSION_TABLE)
            except BaseException:
                engine.dispose()
                raise
            if self._url.get_backend_name() == "sqlite":
                Path(self._url.database or "").chmod(0o600)
            self._engine = engine
        return self._engine

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Let go of the database when it fails, and say so in one line."""
        try:
            yield
        except (SQLAlchemyError, OSError, FormError) as error:
            self.close()
            cause = getattr(error, "orig", None) or error
            line = (str(cause).strip() or type(cause).__name__).splitlines()[0]
            raise ProjectsUnavailableError(
                f"The database of projects can't be used: {line}"
            ) from error


def membership_in(connection: sa.Connection, project_id: str) -> Membership:
    """Give a project with everybody in it, as a transaction sees it; NotFoundError without one."""
    table = tables.projects
    row = connection.execute(sa.select(table).where(table.c.id == project_id)).first()
    if row is None:
        raise NotFoundError("There is no such project.")

    def rows_of(table: sa.Table) -> Any:
        return connection.execute(sa.select(table).where(table.c.project_id == project_id))

    roles = {member.username: member.role for member in rows_of(tables.members)}
    teams: dict[str, set[str]] = {team.name: set() for team in rows_of(tables.teams)}
    for member in rows_of(tables.team_members):
        teams[member.team].add(member.username)
    frozen = {name: frozenset(people) for name, people in teams.items()}
    return Membership(_project_of(row), roles, frozen)


def _project_of(row: Any) -> Project:
    return Project(
        row.id,
        row.name,
        row.created_by,
        row.created_at,
        row.description,
        ProjectState(row.state),
        row.delete_at,
        row.revision,
    )
