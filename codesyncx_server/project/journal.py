"""The activity journal on disk: SQLite, written in batches by one thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from codesyncx_server.errors import StorageError
from codesyncx_server.events.bus import Event

from .activity import Entry, Recorder
from .old_names import MOST_RENAMES, OldNames, Rename

if TYPE_CHECKING:
    from pathlib import Path

    from codesyncx_server.events.bus import EventBus

#: Shows one entry as a person may read it, or not at all.
View = Callable[[dict[str, Any]], "dict[str, Any] | None"]

logger = logging.getLogger(__name__)

MOST_ENTRIES = 10_000
MOST_NAMES = 10_000
FLUSH_S = 0.2
#: Entries beyond the bound are dropped in portions, not one by one.
TRIM_EVERY = 500
_PORTION = 500
RECORDED = "activity.recorded"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS activity (
  id INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  time REAL NOT NULL,
  last_time REAL NOT NULL,
  path TEXT NOT NULL,
  old_path TEXT,
  username TEXT,
  name TEXT,
  is_dir INTEGER NOT NULL,
  count INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS renames (time REAL NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS seen (username TEXT PRIMARY KEY, id INTEGER NOT NULL);
"""
_COLUMNS = "id, type, time, last_time, path, old_path, username, name, is_dir, count"
_WRITE = f"INSERT OR REPLACE INTO activity ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)"  # noqa: S608 - constants
_READ = f"SELECT {_COLUMNS} FROM activity WHERE id < ? ORDER BY id DESC LIMIT ?"  # noqa: S608 - constants
_UNSEEN = "SELECT count(*) FROM activity WHERE id > ? AND (username IS NULL OR username != ?)"


class Journal:
    """Keeps what happened, and how far each person has read."""

    def __init__(
        self, bus: EventBus, locate: Callable[[], Path], most_entries: int = MOST_ENTRIES
    ) -> None:
        self._bus = bus
        self._locate = locate
        self._most_entries = most_entries
        self._recorder = Recorder()
        self._names: dict[str, str] = {}
        self._waiting: dict[int, Entry] = {}
        self._waiting_renames: list[Rename] = []
        self.old_names = OldNames()
        self._flushing: asyncio.TimerHandle | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="codesyncx-journal")
        self._connection: sqlite3.Connection | None = None
        self._unsubscribe = [bus.subscribe("file.renamed", self._note_rename)]
        self._tasks: set[asyncio.Task[None]] = set()
        self._written_since_trim = 0
        self.failure: str | None = None

    async def start(self) -> None:
        """Open the journal; without one, nothing is kept but everything else goes on."""
        try:
            last_id, renames = await self._in_thread(self._open)
        except (sqlite3.Error, StorageError) as error:
            self.failure = str(error)
            logger.warning("The activity journal can't be used, nothing is kept: %s", error)
            return
        self._recorder.next_id = 1 + last_id
        self.old_names.note(renames)
        self._unsubscribe += [
            self._bus.subscribe("file", self._receive),
            self._bus.subscribe("document.edited", self._receive),
        ]

    async def stop(self) -> None:
        """Write what waits, and close."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        if self._flushing is not None:
            self._flushing.cancel()
        if self._waiting or self._waiting_renames:
            await self._flush()
        await self._in_thread(self._close)
        self._thread.shutdown(wait=False)

    def note_name(self, username: str, name: str) -> None:
        """Remember what a person is called, for events that only say who."""
        self._names.pop(username, None)
        self._names[username] = name
        if len(self._names) > MOST_NAMES:
            del self._names[next(iter(self._names))]

    async def page(
        self, username: str, before: int | None, limit: int, view: View | None = None
    ) -> dict[str, Any]:
        """Give the entries before one, newest first, and how far the person has read.

        With a `view` only what it shows is given and counted.
        """
        await self._flush()
        return await self._ask(self._read, username, before, limit, view)

    async def mark_seen(self, username: str, seen: int, view: View | None = None) -> dict[str, Any]:
        """Remember that the person has read up to an entry; never back."""
        await self._flush()
        return await self._ask(self._mark, username, seen, view)

    def _note_rename(self, event: Event) -> None:
        """Remember it whether or not the journal can be written, or keeps it."""
        facts = event.data
        rename = Rename(float(facts.get("time", time.time())), facts["old_path"], facts["path"])
        self.old_names.note([rename])
        self._waiting_renames.append(rename)
        del self._waiting_renames[:-MOST_RENAMES]
        if self._flushing is None and self._connection is not None:
            self._flushing = asyncio.get_running_loop().call_later(FLUSH_S, self._flush_soon)

    def _receive(self, event: Event) -> None:
        entry = self._recorder.record(event, time.time())
        if entry is None:
            return
        if entry.name is None and entry.username is not None:
            entry = replace(entry, name=self._names.get(entry.username))
        self._waiting[entry.id] = entry
        if self._flushing is None:
            loop = asyncio.get_running_loop()
            self._flushing = loop.call_later(FLUSH_S, self._flush_soon)

    def _flush_soon(self) -> None:
        task = asyncio.get_running_loop().create_task(self._flush())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _flush(self) -> None:
        self._flushing = None
        entries, self._waiting = list(self._waiting.values()), {}
        renames, self._waiting_renames = self._waiting_renames, []
        if not entries and not renames:
            return
        try:
            await self._in_thread(self._write, entries, renames)
        except sqlite3.Error as error:
            self.failure = str(error)
            logger.warning("The activity journal couldn't be written: %s", error)
            return
        self.failure = None
        if not entries:
            return
        facts = {"entries": [entry.to_json() for entry in entries]}
        self._bus.publish(Event(RECORDED, facts))

    async def _ask(self, work: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
        try:
            return await self._in_thread(work, *arguments)
        except sqlite3.Error as error:
            raise StorageError(f"The activity journal can't be used: {error}") from error

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    # The rest runs in the journal's thread.

    def _open(self) -> tuple[int, list[Rename]]:
        path = self._locate()
        try:
            self._connection = _connect(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            aside = path.with_suffix(f".damaged-{int(time.time())}")
            logger.warning("The activity journal was damaged and begins anew; see %s", aside)
            path.replace(aside)
            self._connection = _connect(path)
        row = self._connection.execute("SELECT max(id) FROM activity").fetchone()
        renames = self._connection.execute("SELECT time, old, new FROM renames ORDER BY rowid")
        return int(row[0] or 0), [Rename(*rename) for rename in renames]

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.OperationalError(self.failure or "it isn't open")
        return self._connection

    def _write(self, entries: list[Entry], renames: list[Rename]) -> None:
        rows = [tuple(entry.to_json().values()) for entry in entries]
        with self._db() as db:
            db.executemany(_WRITE, rows)
            db.executemany("INSERT INTO renames (time, old, new) VALUES (?, ?, ?)", renames)
            self._written_since_trim += len(rows)
            if self._written_since_trim >= min(TRIM_EVERY, self._most_entries):
                self._written_since_trim = 0
                db.execute(
                    "DELETE FROM activity WHERE id <= (SELECT max(id) FROM activity) - ?",
                    (self._most_entries,),
                )
                # Older names stand in no entry any more.
                db.execute("DELETE FROM renames WHERE time < (SELECT min(time) FROM activity)")

    def _read(
        self, username: str, before: int | None, limit: int, view: View | None
    ) -> dict[str, Any]:
        bound = before if before is not None else 2**62
        found = list(islice(self._entries(bound, limit + 1, view), limit + 1))
        return {
            "entries": found[:limit],
            "has_more": len(found) > limit,
            **self._progress(username, view),
        }

    def _entries(self, bound: int, portion: int, view: View | None) -> Iterator[dict[str, Any]]:
        """Give the entries before one, newest first, as they may be read."""
        while True:
            rows = self._db().execute(_READ, (bound, portion)).fetchall()
            for row in rows:
                entry = _entry_of(row).to_json()
                shown = entry if view is None else view(entry)
                if shown is not None:
                    yield shown
            if len(rows) < portion:
                return
            bound, portion = rows[-1][0], _PORTION

    def _mark(self, username: str, seen: int, view: View | None) -> dict[str, Any]:
        with self._db() as db:
            (last,) = db.execute("SELECT coalesce(max(id), 0) FROM activity").fetchone()
            db.execute(
                "INSERT INTO seen (username, id) VALUES (?, ?)"
                " ON CONFLICT (username) DO UPDATE SET id = max(id, excluded.id)",
                (username, min(seen, last)),
            )
        return self._progress(username, view)

    def _progress(self, username: str, view: View | None) -> dict[str, Any]:
        db = self._db()
        row = db.execute("SELECT id FROM seen WHERE username = ?", (username,)).fetchone()
        seen = int(row[0]) if row else 0
        if view is None:
            (unseen,) = db.execute(_UNSEEN, (seen, username)).fetchone()
            return {"seen": seen, "unseen": int(unseen)}
        newer = takewhile(lambda entry: entry["id"] > seen, self._entries(2**62, _PORTION, view))
        return {"seen": seen, "unseen": sum(entry["username"] != username for entry in newer)}


def _entry_of(row: tuple[Any, ...]) -> Entry:
    facts = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return Entry(**{**facts, "is_dir": bool(facts["is_dir"])})


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        with contextlib.closing(connection.executescript(_SCHEMA)):
            pass
    except sqlite3.Error:
        connection.close()
        raise
    return connection
