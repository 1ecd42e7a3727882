"""Versions in SQLite. Every call blocks: run them in one worker thread."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import NotFoundError, StorageError
from . import chunks
from .database import open_database
from .lines import count_changes
from .retention import RetentionPolicy, VersionTime, belongs_to_last, versions_to_drop
from .versions import ClockMark, DocumentRef, Person, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_VERSION_COLUMNS = (
    "version_id, started, time, usernames, sha256, size, added, removed, label, piece_keys, doc_id"
)
_MOST_MARKS = 4_000
_MARK_EVERY_S = 60.0


class HistoryStore:
    """The versions of every document of one project."""

    def __init__(self, path: Path, policy: RetentionPolicy | None = None) -> None:
        self.policy = policy or RetentionPolicy()
        self._connection = open_database(path)

    def close(self) -> None:
        """Close the file; nothing may be called afterwards."""
        self._connection.close()

    def record(
        self, ref: DocumentRef, content: bytes, people: Sequence[Person], time: float
    ) -> int | None:
        """Keep `content` as a version by `people`; None when it equals the last version."""
        with self._transaction():
            doc_id = self._ensure_document(ref)
            last = self._last_row(doc_id)
            sha256 = hashlib.sha256(content).hexdigest()
            if last is not None and last["sha256"] == sha256:
                return None
            self._remember(people)
            usernames = sorted({person.username for person in people})
            if last is not None and self._continues(last, usernames, time):
                self._replace(last, content, sha256, time, ref.path)
                version_id = int(last["version_id"])
            else:
                version_id = self._append(doc_id, last, content, sha256, usernames, time, ref.path)
            self._thin(doc_id, time)
            return version_id

    def versions(self, ref: DocumentRef) -> list[Version]:
        """List the versions of a document, newest first."""
        doc_id = self._find_document(ref)
        rows = self._rows("doc_id = ? ORDER BY time DESC, version_id DESC", doc_id)
        names = self._names()
        return [_to_version(row, names) for row in rows]

    def read(self, version_id: int) -> tuple[DocumentRef, Version, bytes]:
        """Give a version with its content and the document it belongs to."""
        row = self._row_of(version_id)
        with _storage_errors():
            found = self._connection.execute(
                "SELECT path, file_id FROM document WHERE doc_id = ?", (row["doc_id"],)
            ).fetchone()
        ref = DocumentRef(path=found[0] or "", file_id=found[1])
        return ref, _to_version(row, self._names()), self._content(row)

    def set_label(self, version_id: int, label: str) -> None:
        """Name a version; named versions are kept whatever their age."""
        self._row_of(version_id)
        with self._transaction():
            self._connection.execute(
                "UPDATE version SET label = ? WHERE version_id = ?", (label, version_id)
            )

    def last_sha256(self, ref: DocumentRef) -> str | None:
        """Give the hash of the newest version, None where there is none."""
        doc_id = self._find_document(ref)
        row = None if doc_id is None else self._last_row(doc_id)
        return None if row is None else str(row["sha256"])

    def rename(self, old_path: str, new_path: str) -> None:
        """Follow a file or a folder with everything below it to its new path."""
        with self._transaction():
            moved = self._connection.execute(
                "SELECT doc_id, path FROM document WHERE path = ? OR substr(path, 1, ?) = ?",
                (old_path, len(old_path) + 1, f"{old_path}/"),
            ).fetchall()
            for doc_id, path in moved:
                target = new_path + path[len(old_path) :]
                self._release_path(target, doc_id)
                self._connection.execute(
                    "UPDATE document SET path = ? WHERE doc_id = ?", (target, doc_id)
                )

    def mark_clocks(self, ref: DocumentRef, clocks: Mapping[int, int], time: float) -> None:
        """Note how much each client had written by `time`."""
        with self._transaction():
            doc_id = self._ensure_document(ref)
            last = {
                client_id: (clock, marked)
                for client_id, clock, marked in self._connection.execute(
                    "SELECT client_id, max(clock), time FROM clock_mark"
                    " WHERE doc_id = ? GROUP BY client_id",
                    (doc_id,),
                )
            }
            for client_id, clock in clocks.items():
                known, marked = last.get(client_id, (0, 0.0))
                if clock > known and time - marked >= _MARK_EVERY_S:
                    self._connection.execute(
                        "INSERT INTO clock_mark VALUES (?, ?, ?, ?)",
                        (doc_id, client_id, clock, time),
                    )
            self._connection.execute(
                "DELETE FROM clock_mark WHERE doc_id = ?1 AND time <= ("
                "SELECT time FROM clock_mark WHERE doc_id = ?1"
                " ORDER BY time DESC LIMIT 1 OFFSET ?2)",
                (doc_id, _MOST_MARKS),
            )

    def clock_marks(self, ref: DocumentRef) -> list[ClockMark]:
        """List what `mark_clocks` noted, by client and clock."""
        doc_id = self._find_document(ref)
        with _storage_errors():
            rows = self._connection.execute(
                "SELECT client_id, clock, time FROM clock_mark WHERE doc_id = ?"
                " ORDER BY client_id, clock",
                (doc_id,),
            ).fetchall()
        return [ClockMark(*row) for row in rows]

    def stored_bytes(self) -> int:
        """Give the room that all pieces take."""
        (total,) = self._connection.execute("SELECT coalesce(sum(size), 0) FROM piece").fetchone()
        return int(total)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _storage_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _find_document(self, ref: DocumentRef) -> int | None:
        with _storage_errors():
            row = self._connection.execute(
                "SELECT doc_id FROM document WHERE file_id = ? OR path = ?"
                " ORDER BY file_id = ? DESC LIMIT 1",
                (ref.file_id, ref.path, ref.file_id),
            ).fetchone()
        return None if row is None else int(row[0])

    def _ensure_document(self, ref: DocumentRef) -> int:
        doc_id = self._find_document(ref)
        if doc_id is None:
            cursor = self._connection.execute(
                "INSERT INTO document (file_id, path) VALUES (?, ?)", (ref.file_id, ref.path)
            )
            return int(cursor.lastrowid or 0)
        self._release_path(ref.path, doc_id)
        self._connection.execute(
            "UPDATE document SET path = ?, file_id = coalesce(?, file_id) WHERE doc_id = ?",
            (ref.path, ref.file_id, doc_id),
        )
        return doc_id

    def _release_path(self, path: str, doc_id: int) -> None:
        """Take `path` from any other document, which its file id still finds."""
        self._connection.execute(
            "UPDATE document SET path = NULL WHERE path = ? AND doc_id != ?", (path, doc_id)
        )

    def _remember(self, people: Sequence[Person]) -> None:
        self._connection.executemany(
            "INSERT INTO person VALUES (?, ?)"
            " ON CONFLICT (username) DO UPDATE SET name = excluded.name",
            [(person.username, person.name) for person in people],
        )

    def _names(self) -> dict[str, str]:
        with _storage_errors():
            return dict(self._connection.execute("SELECT username, name FROM person").fetchall())

    def _continues(self, last: sqlite3.Row, usernames: list[str], time: float) -> bool:
        is_plain = not last["label"] and bool(usernames)
        return is_plain and belongs_to_last(
            self.policy,
            last["started"],
            frozenset(json.loads(last["usernames"])),
            time,
            frozenset(usernames),
        )

    def _append(
        self,
        doc_id: int,
        last: sqlite3.Row | None,
        content: bytes,
        sha256: str,
        usernames: list[str],
        time: float,
        path: str,
    ) -> int:
        previous = b"" if last is None else self._content(last)
        added, removed = count_changes(previous, content, path)
        keys = self._add_pieces(doc_id, content)
        cursor = self._connection.execute(
            "INSERT INTO version (doc_id, started, time, usernames, sha256, size, added, removed,"
            " piece_keys) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                doc_id, time, time, json.dumps(usernames), sha256,
                len(content), added, removed, keys,
            ),
        )  # fmt: skip
        return int(cursor.lastrowid or 0)

    def _replace(
        self, last: sqlite3.Row, content: bytes, sha256: str, time: float, path: str
    ) -> None:
        doc_id, version_id = last["doc_id"], last["version_id"]
        before = self._rows(
            "doc_id = ? AND version_id < ? ORDER BY version_id DESC LIMIT 1", doc_id, version_id
        )
        previous = self._content(before[0]) if before else b""
        added, removed = count_changes(previous, content, path)
        keys = self._add_pieces(doc_id, content)
        self._drop_pieces(doc_id, last["piece_keys"])
        self._connection.execute(
            "UPDATE version SET time = ?, sha256 = ?, size = ?, added = ?, removed = ?,"
            " piece_keys = ? WHERE version_id = ?",
            (time, sha256, len(content), added, removed, keys, version_id),
        )

    def _add_pieces(self, doc_id: int, content: bytes) -> bytes:
        keys: list[bytes] = []
        for piece in chunks.split_content(content):
            key = chunks.key_of(piece)
            keys.append(key)
            updated = self._connection.execute(
                "UPDATE piece SET uses = uses + 1 WHERE doc_id = ? AND key = ?", (doc_id, key)
            )
            if not updated.rowcount:
                data = chunks.pack(piece)
                self._connection.execute(
                    "INSERT INTO piece VALUES (?, ?, ?, 1, ?)", (doc_id, key, len(data), data)
                )
        return b"".join(keys)

    def _drop_pieces(self, doc_id: int, keys: bytes) -> None:
        self._connection.executemany(
            "UPDATE piece SET uses = uses - 1 WHERE doc_id = ? AND key = ?",
            [(doc_id, key) for key in _split_keys(keys)],
        )
        self._connection.execute("DELETE FROM piece WHERE doc_id = ? AND uses <= 0", (doc_id,))

    def _content(self, row: sqlite3.Row) -> bytes:
        parts: list[bytes] = []
        with _storage_errors():
            for key in _split_keys(row["piece_keys"]):
                found = self._connection.execute(
                    "SELECT data FROM piece WHERE doc_id = ? AND key = ?", (row["doc_id"], key)
                ).fetchone()
                if found is None:
                    raise StorageError("A part of this version is missing from the history.")
                parts.append(chunks.unpack(found[0]))
        return b"".join(parts)

    def _thin(self, doc_id: int, now: float) -> None:
        rows = self._rows("doc_id = ? ORDER BY time, version_id", doc_id)
        times = [VersionTime(row["version_id"], row["time"], bool(row["label"])) for row in rows]
        superfluous = set(versions_to_drop(self.policy, times, now))
        for row in rows:
            if row["version_id"] in superfluous:
                self._drop(row)
        self._bound_file(doc_id, [row for row in rows if row["version_id"] not in superfluous])
        self._bound_total()

    def _bound_file(self, doc_id: int, oldest_first: list[sqlite3.Row]) -> None:
        for row in sorted(oldest_first[:-1], key=lambda row: bool(row["label"])):
            (size,) = self._connection.execute(
                "SELECT coalesce(sum(size), 0) FROM piece WHERE doc_id = ?", (doc_id,)
            ).fetchone()
            if size <= self.policy.file_limit_bytes:
                return
            self._drop(row)

    def _bound_total(self) -> None:
        while self.stored_bytes() > self.policy.total_limit_bytes:
            oldest = self._rows(
                "version_id NOT IN (SELECT max(version_id) FROM version GROUP BY doc_id)"
                " ORDER BY label != '', time LIMIT 1"
            )
            if not oldest:
                return
            self._drop(oldest[0])

    def _drop(self, row: sqlite3.Row) -> None:
        self._connection.execute("DELETE FROM version WHERE version_id = ?", (row["version_id"],))
        self._drop_pieces(row["doc_id"], row["piece_keys"])

    def _last_row(self, doc_id: int) -> sqlite3.Row | None:
        rows = self._rows("doc_id = ? ORDER BY version_id DESC LIMIT 1", doc_id)
        return rows[0] if rows else None

    def _row_of(self, version_id: int) -> sqlite3.Row:
        rows = self._rows("version_id = ?", version_id)
        if not rows:
            raise NotFoundError("This version is no longer in the history.")
        return rows[0]

    def _rows(self, condition: str, *values: object) -> list[sqlite3.Row]:
        with _storage_errors():
            cursor = self._connection.cursor()
            cursor.row_factory = sqlite3.Row
            # `condition` is a literal of this module; every value is bound.
            query = f"SELECT {_VERSION_COLUMNS} FROM version WHERE {condition}"  # noqa: S608
            return cursor.execute(query, values).fetchall()


@contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, zlib.error) as error:
        raise StorageError(f"The history can't be read or written: {error}") from error


def _split_keys(keys: bytes) -> list[bytes]:
    size = chunks.KEY_BYTES
    return [keys[start : start + size] for start in range(0, len(keys), size)]


def _to_version(row: sqlite3.Row, names: Mapping[str, str]) -> Version:
    people = tuple(
        Person(username, names.get(username, username)) for username in json.loads(row["usernames"])
    )
    return Version(
        version_id=row["version_id"],
        started=row["started"],
        time=row["time"],
        people=people,
        sha256=row["sha256"],
        size_bytes=row["size"],
        added=row["added"],
        removed=row["removed"],
        label=row["label"],
    )
