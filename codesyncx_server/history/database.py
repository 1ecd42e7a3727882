"""The SQLite file of the history: opened, checked, and set aside when damaged."""

from __future__ import annotations

import logging
import sqlite3
import time
from typing import TYPE_CHECKING

from ..errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE document (
    doc_id INTEGER PRIMARY KEY,
    file_id TEXT UNIQUE,
    path TEXT UNIQUE
);
CREATE TABLE person (username TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE version (
    version_id INTEGER PRIMARY KEY AUTOINCREMENT,
    doc_id INTEGER NOT NULL REFERENCES document,
    started REAL NOT NULL,
    time REAL NOT NULL,
    usernames TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    added INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    label TEXT NOT NULL DEFAULT '',
    piece_keys BLOB NOT NULL
);
CREATE INDEX version_of_document ON version (doc_id, time);
CREATE INDEX version_by_time ON version (time);
CREATE TABLE piece (
    doc_id INTEGER NOT NULL REFERENCES document,
    key BLOB NOT NULL,
    size INTEGER NOT NULL,
    uses INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (doc_id, key)
);
CREATE TABLE clock_mark (
    doc_id INTEGER NOT NULL REFERENCES document,
    client_id INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY (doc_id, client_id, clock)
) WITHOUT ROWID;
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the history at `path`; a damaged file is kept beside it and a new one begun."""
    try:
        return _open(path)
    except sqlite3.OperationalError as error:
        raise StorageError(f"The history can't be opened: {error}") from error
    except sqlite3.DatabaseError:
        kept = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
        logger.exception("The history %s is damaged; it is kept as %s", path, kept.name)
        path.rename(kept)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return _open(path)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA busy_timeout=5000")
        _migrate(connection)
    except (sqlite3.Error, StorageError):
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > _SCHEMA_VERSION:
        raise StorageError(
            f"The history was written by a newer CodeSyncX (format {found}); update CodeSyncX."
        )
    if found == 0:
        connection.executescript(
            f"BEGIN IMMEDIATE; PRAGMA auto_vacuum=INCREMENTAL; {_SCHEMA}"
            f"PRAGMA user_version={_SCHEMA_VERSION}; COMMIT;"
        )
