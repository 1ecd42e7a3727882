"""The audit log: who granted, used and was refused what.

Nothing here alters an entry, and the database itself refuses to. Refusals are merged and bounded,
so that nobody can fill the disk by being refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from . import tables
from .model import Subject, SubjectKind
from .tables import below

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_TEXT = 512
LONGEST_DETAIL = 2048
MOST_WAITING = 1000


class What(StrEnum):
    """What an entry tells."""

    GRANTED = "granted"
    CHANGED = "changed"
    REVOKED = "revoked"
    LINK_CREATED = "link_created"
    LINK_REVOKED = "link_revoked"
    JOINED = "joined"
    REFUSED = "refused"
    EXPIRED = "expired"
    RANGE_LOST = "range_lost"
    PREVIEW_PUBLISHED = "preview_published"
    PREVIEW_CLOSED = "preview_closed"
    SECRET_SET = "secret_set"  # noqa: S105 - a name
    SECRET_REMOVED = "secret_removed"  # noqa: S105 - a name
    SECRET_USED = "secret_used"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; it has an id once it is kept."""

    time: float
    who: str
    what: What
    subject: Subject | None = None
    path: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give the entry as the API tells it."""
        return {
            "id": self.id,
            "time": self.time,
            "who": self.who,
            "what": self.what.value,
            "subject": None
            if self.subject is None
            else {"kind": self.subject.kind.value, "name": self.subject.name},
            "path": self.path,
            "detail": dict(self.detail),
        }

    def to_row(self) -> dict[str, Any]:
        """Give the entry as the database keeps it, every text within its bound."""
        detail = json.dumps(self.detail, ensure_ascii=False, separators=(",", ":"))
        if len(detail) > LONGEST_DETAIL:
            detail = json.dumps({"cut": detail[: LONGEST_DETAIL // 2]}, ensure_ascii=False)
        return {
            "time": self.time,
            "who": self.who[:LONGEST_TEXT],
            "what": self.what.value,
            "subject_kind": None if self.subject is None else self.subject.kind.value,
            "subject_name": None if self.subject is None else self.subject.name[:LONGEST_TEXT],
            "path": self.path,
            "detail": detail,
        }


def entry_of(row: Any) -> Entry:
    """Give the entry that a row of the database is."""
    subject = None
    if row.subject_kind is not None:
        subject = Subject(SubjectKind(row.subject_kind), row.subject_name)
    return Entry(
        row.time, row.who, What(row.what), subject, row.path, json.loads(row.detail), row.id
    )


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries to give; without `before`, `after` asks for the oldest first."""

    limit: int = 100
    before: int | None = None
    after: int | None = None
    what: str | None = None
    who: str | None = None
    path: str | None = None

    def select(self) -> sa.Select[Any]:
        """Give it as a question to the database; a path stands for what is below it too."""
        columns = tables.audit.c
        query = sa.select(tables.audit).limit(self.limit)
        if self.before is not None:
            query = query.where(columns.id < self.before)
        if self.after is not None:
            query = query.where(columns.id > self.after)
        if self.what is not None:
            query = query.where(columns.what == self.what)
        if self.who is not None:
            query = query.where(columns.who == self.who)
        if self.path:
            query = query.where(sa.or_(columns.path == self.path, below(columns.path, self.path)))
        return query.order_by(columns.id if self.after is not None else columns.id.desc())


@dataclass(slots=True)
class _Repeats:
    """How often the same was refused since it was last written."""

    since: float
    count: int = 0


class Refusals:
    """Decides which refusals are written; the same one again is only counted for a while."""

    def __init__(self, *, merge_s: float = 60.0, per_person: int = 60, overall: int = 300) -> None:
        """Write at most so many entries per hour, for one person and for all."""
        self._merge_s = merge_s
        self._per_person = per_person
        self._overall = overall
        self._hour = -1
        self._written: dict[str, int] = {}
        self._total = 0
        self._unwritten = 0
        self._seen: dict[tuple[str, str, str], _Repeats] = {}
        self._due: list[Entry] = []

    def note(self, who: str, permission: str, path: str, now: float) -> None:
        """Take a refusal in."""
        who, path = who[:LONGEST_TEXT], path[:LONGEST_TEXT]
        self._begin_hour(now)
        repeats = self._seen.get((who, permission, path))
        if repeats is not None and now < repeats.since + self._merge_s:
            repeats.count += 1
            return
        written = self._written.get(who, 0)
        if written >= self._per_person or self._total >= self._overall:
            self._unwritten += 1
            return
        self._written[who] = written + 1
        self._total += 1
        self._seen[who, permission, path] = _Repeats(now)
        detail: dict[str, Any] = {"permission": permission}
        if repeats is not None and repeats.count:
            detail["repeated"] = repeats.count
        self._due.append(Entry(now, who, What.REFUSED, path=path, detail=detail))

    def take(self) -> list[Entry]:
        """Give what is to be written now."""
        due, self._due = self._due, []
        return due

    def put_back(self, entries: list[Entry]) -> None:
        """Take back what couldn't be written, as much as may wait."""
        self._due = [*entries, *self._due][:MOST_WAITING]

    def _begin_hour(self, now: float) -> None:
        hour = int(now // 3600)
        if hour == self._hour:
            return
        for (who, permission, path), repeats in self._seen.items():
            if repeats.count:
                detail = {"permission": permission, "repeated": repeats.count}
                self._due.append(Entry(now, who, What.REFUSED, path=path, detail=detail))
        if self._unwritten:
            self._due.append(Entry(now, "", What.REFUSED, detail={"unwritten": self._unwritten}))
        self._hour = hour
        self._written.clear()
        self._seen.clear()
        self._total = self._unwritten = 0
