"""The database of access: SQLite in a file, or PostgreSQL; every call blocks.

One transaction at a time writes: it sees the newest state, and a revision tells every other process
that there is something new.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from .. import database
from ..errors import AccessUnavailableError, InvalidRequestError
from . import migrations, tables
from .audit import entry_of
from .links import GuestIdentity, Link
from .model import HUB, Grant, Resource, Subject, SubjectKind
from .policy import Policy
from .snapshot import RangeRecord, Snapshot, from_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .audit import AuditQuery, Entry

_MARK_TEXT = """\
This project has a database of access rights. While it is gone or empty, CodeSyncX lets nobody in
but the server's owner. To begin anew, with no rights given to anybody, delete this file.
"""


class AccessStore:
    """Reads and writes who may do what; AccessUnavailableError when it can't."""

    def __init__(self, url: str | sa.URL, mark: Path, default: Grant | None = None) -> None:
        """Take the database's URL and what everyone has by default; opens nothing yet.

        The file `mark` remembers that there has been a database, so that one that got lost isn't
        taken for a new project's.
        """
        self._default = default
        self._url = url
        self._mark = mark
        self._engine: sa.Engine | None = None
        self._file: Path | None = None
        self._reading: dict[str, Any] = {}
        self._identity: tuple[int, int] | None = None
        self._snapshot: Snapshot | None = None

    def read(self) -> Snapshot:
        """Give the state as it is now; opens the database where needed."""
        with self._failing(), self._opened().connect() as connection:
            return self._current(connection.execution_options(**self._reading))

    @contextlib.contextmanager
    def change(self) -> Iterator[tuple[sa.Connection, Snapshot]]:
        """Begin a transaction that nobody else writes in; it ends with a new revision.

        Errors of the caller roll it back. Call `read` afterwards to see what came of it.
        """
        with self._failing(), self._opened().begin() as connection:
            connection.execute(sa.update(tables.state).values(revision=tables.state.c.revision + 1))
            yield connection, self._current(connection, raised=1)

    @contextlib.contextmanager
    def quiet_change(self) -> Iterator[sa.Connection]:
        """Begin a transaction for what decides nothing, and needs no new revision."""
        with self._failing(), self._opened().begin() as connection:
            yield connection

    def put_ranges(self, records: Iterable[RangeRecord]) -> Snapshot:
        """Keep ranges, in place of those with their ids; these stay at their paths.

        Only a rename moves a range: who read one before a rename can't put it back to where it was.
        """
        ids = {each.id: each for each in records}
        with self.quiet_change() as connection:
            here = tables.ranges.c.id.in_(ids)
            known = sa.select(tables.ranges.c.id, tables.ranges.c.path).where(here)
            paths = {row.id: row.path for row in connection.execute(known)}
            kept = [replace(each, path=paths.get(key, each.path)) for key, each in ids.items()]
            values = [{**asdict(each), "anchor": json.dumps(each.anchor)} for each in kept]
            connection.execute(sa.delete(tables.ranges).where(here))
            connection.execute(sa.insert(tables.ranges), values)
        snapshot = self.read()
        ranges = {**snapshot.ranges, **{each.id: each for each in kept}}
        self._snapshot = replace(snapshot, ranges=ranges)
        return self._snapshot

    def delete_range(self, range_id: str) -> Snapshot:
        """Forget a range."""
        with self.quiet_change() as connection:
            connection.execute(sa.delete(tables.ranges).where(tables.ranges.c.id == range_id))
        snapshot = self.read()
        rest = {key: record for key, record in snapshot.ranges.items() if key != range_id}
        self._snapshot = replace(snapshot, ranges=rest)
        return self._snapshot

    def remember(self, people: dict[str, str]) -> Snapshot:
        """Keep what people are called."""
        with self.quiet_change() as connection:
            names = tables.people.c.username.in_(people)
            connection.execute(sa.delete(tables.people).where(names))
            rows = [{"username": who, "display_name": name} for who, name in people.items()]
            connection.execute(sa.insert(tables.people), rows)
        snapshot = self.read()
        self._snapshot = replace(snapshot, people={**snapshot.people, **people})
        return self._snapshot

    def write_audit(self, entries: list[Entry]) -> None:
        """Append to the audit what goes with no change."""
        with self.quiet_change() as connection:
            connection.execute(sa.insert(tables.audit), [entry.to_row() for entry in entries])

    def audit_page(self, query: AuditQuery) -> list[Entry]:
        """Give entries of the audit."""
        with self._failing(), self._opened().connect() as connection:
            reading = connection.execution_options(**self._reading)
            return [entry_of(row) for row in reading.execute(query.select())]

    def close(self) -> None:
        """Let go of the database; the next call opens it again."""
        if self._engine is not None:
            self._engine.dispose()
        self._engine = None
        self._snapshot = None

    # -- opening --------------------------------------------------------------------------------

    def _opened(self) -> sa.Engine:
        if self._engine is not None:
            self._check_file()
            return self._engine
        engine = self._make_engine()
        try:
            with engine.begin() as connection:
                migrations.upgrade(connection, may_begin=not self._mark.exists())
            self._note_begun()
        except BaseException:
            engine.dispose()
            raise
        self._engine = engine
        return engine

    def _make_engine(self) -> sa.Engine:
        try:
            url = database.read_url(self._url, "access_database_url")
        except InvalidRequestError as error:
            raise AccessUnavailableError(str(error)) from error
        if url.get_backend_name() == "sqlite":
            self._file = Path(url.database or "")
            if self._mark.exists() and not self._file.exists():
                raise self._gone(self._file)
        self._reading = database.reading(url)
        return database.make_engine(url)

    def _note_begun(self) -> None:
        if self._file is not None:
            self._identity = _identity_of(self._file)
            self._file.chmod(0o600)
        if not self._mark.exists():
            self._mark.write_text(_MARK_TEXT)

    def _check_file(self) -> None:
        """Notice that the file was taken away or replaced while it was open."""
        if self._file is not None and _identity_of(self._file) != self._identity:
            raise self._gone(self._file)

    def _gone(self, file: Path) -> AccessUnavailableError:
        return AccessUnavailableError(
            f"the access database {file} is gone; put it back, or delete {self._mark.name} to"
            " begin anew"
        )

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Let go of the database when it fails, and say so in one line."""
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            self.close()
            raise AccessUnavailableError(_first_line(error)) from error
        except AccessUnavailableError:
            self.close()
            raise

    # -- reading --------------------------------------------------------------------------------

    def _current(self, connection: sa.Connection, raised: int = 0) -> Snapshot:
        """Give the state; from memory when the revision is the one that was last read."""
        revision = connection.execute(sa.select(tables.state.c.revision)).scalar_one() - raised
        if self._snapshot is None or self._snapshot.revision != revision:
            try:
                self._snapshot = self._load(connection, revision)
            except (ValueError, LookupError, TypeError) as error:
                raise AccessUnavailableError(_first_line(error)) from error
        return self._snapshot

    def _load(self, connection: sa.Connection, revision: int) -> Snapshot:
        groups: dict[str, set[str]] = {}
        hub_groups = set()
        for row in connection.execute(sa.select(tables.groups)):
            groups[row.name] = set()
            if row.origin == HUB:
                hub_groups.add(row.name)
        of_person: dict[str, set[str]] = {}
        for row in connection.execute(sa.select(tables.members)):
            groups[row.group_name].add(row.username)
            of_person.setdefault(row.username, set()).add(row.group_name)
        grants = [_grant_of(row) for row in connection.execute(sa.select(tables.grants))]
        told = connection.execute(sa.select(tables.roster.c.revision)).scalar_one_or_none()
        members = {grant.subject.name for grant in grants if grant.origin == HUB}
        guests, tokens = {}, {}
        for row in connection.execute(sa.select(tables.guests)):
            guests[row.id] = GuestIdentity(row.id, row.name, row.link_id)
            tokens[row.token_hash] = row.id
        return Snapshot(
            revision,
            Policy(
                grants,
                {name: frozenset(found) for name, found in of_person.items()},
                self._default,
                {guest.id: guest.link_id for guest in guests.values()},
                None if told is None else frozenset(members),
            ),
            {name: frozenset(found) for name, found in groups.items()},
            {row.id: Link(**row._mapping) for row in connection.execute(sa.select(tables.links))},
            guests,
            tokens,
            {row.id: range_of(row) for row in connection.execute(sa.select(tables.ranges))},
            {
                row.username: row.display_name
                for row in connection.execute(sa.select(tables.people))
            },
            frozenset(hub_groups),
            told,
        )


def range_of(row: Any) -> RangeRecord:
    """Give the range that a row of the database is."""
    return RangeRecord(**{**row._mapping, "anchor": json.loads(row.anchor)})


def _grant_of(row: Any) -> Grant:
    return Grant(
        row.id,
        Subject(SubjectKind(row.subject_kind), row.subject_name),
        Resource(row.path, row.range_id),
        from_text(row.permissions),
        row.role,
        row.expires_at,
        row.granted_by,
        row.granted_at,
        row.origin,
    )


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    text = str(cause).strip() or type(cause).__name__
    return f"the access database can't be used: {text.splitlines()[0]}"


def _identity_of(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
