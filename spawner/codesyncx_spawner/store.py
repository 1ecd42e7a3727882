"""Runs and their output in an SQLite file. Blocks: for a thread of its own.

What was asked for, and each ending, is on the disk before anybody is told; the steps between are
the operating system's to write, so that they survive a killed server but not a power cut. An
ending is written once: whoever comes second, because another attempt was begun meanwhile or the
run has ended already, is told that it wasn't written.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
from typing import TYPE_CHECKING

from codesyncx_server.errors import StorageError

from .errors import NoSandboxError
from .output import Piece, Told, told_by
from .run import Run, read_run
from .states import ENDINGS, State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_OVER = ", ".join(f"'{state.value}'" for state in sorted(ENDINGS))
_SCHEMA = f"""
    CREATE TABLE IF NOT EXISTS runs (
      id TEXT PRIMARY KEY, state TEXT NOT NULL, attempt INTEGER NOT NULL,
      submitted_at REAL NOT NULL, told TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS output (
      run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE, number INTEGER NOT NULL,
      text TEXT NOT NULL, ends_line INTEGER NOT NULL, is_notice INTEGER NOT NULL,
      PRIMARY KEY (run_id, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS snapshots (
      run_id TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE, told TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER IF NOT EXISTS nothing_under_way AFTER UPDATE OF state ON runs
      WHEN NEW.state IN ({_OVER}, '{State.QUEUED.value}')
      BEGIN DELETE FROM snapshots WHERE run_id = NEW.id; END;
"""  # noqa: S608 - our own words


class RunStore:
    """The runs of one project, of one server at a time."""

    def __init__(self, folder: Path) -> None:
        """Open the file in `folder`; NoSandboxError if another server has it open."""
        self._lock = (folder / "runs.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise NoSandboxError(
                "Another server of the same project carries out its runs: use that one."
            ) from error
        try:
            self._database = sqlite3.connect(folder / "runs.db", check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute("PRAGMA foreign_keys=ON")
            self._database.executescript(_SCHEMA)
        except sqlite3.Error as error:
            self._lock.close()
            raise StorageError(f"The runs in {folder} can't be opened: {error}") from error

    def close(self) -> None:
        """Leave the file to the next server."""
        self._database.close()
        self._lock.close()

    def add(self, run: Run) -> None:
        """Keep a new run."""
        row = (run.id, run.state, run.attempt, run.submitted_at, _told(run))
        self._write("INSERT INTO runs VALUES (?, ?, ?, ?, ?)", row, is_step=False)

    def begin(self, run: Run) -> bool:
        """Keep a run's next attempt; False if it has ended, or another has begun it."""
        return self._change(run, run.attempt - 1)

    def save(self, run: Run) -> bool:
        """Keep a run's new state; False if it has ended, or another attempt has begun."""
        return self._change(run, run.attempt)

    def keep_snapshot(self, run_id: str, told: str) -> None:
        """Keep what has gone into the sandbox of a run under way."""
        row = (run_id, told)
        self._write("INSERT OR REPLACE INTO snapshots VALUES (?, ?)", row, is_step=True)

    def snapshot(self, run_id: str) -> str | None:
        """Give what has gone into the sandbox of a run."""
        found = self._database.execute(
            "SELECT told FROM snapshots WHERE run_id = ?", (run_id,)
        ).fetchone()
        return None if found is None else str(found[0])

    def _change(self, run: Run, attempt: int) -> bool:
        return bool(
            self._write(
                "UPDATE runs SET state = ?, attempt = ?, told = ? "  # noqa: S608 - our own words
                f"WHERE id = ? AND attempt = ? AND state NOT IN ({_OVER})",
                (run.state, run.attempt, _told(run), run.id, attempt),
                is_step=not run.state.is_over,
            )
        )

    def remove(self, run_id: str) -> None:
        """Forget a run and its output."""
        self._write("DELETE FROM runs WHERE id = ?", (run_id,), is_step=True)

    def all(self) -> list[Run]:
        """Give all runs in the order of their submission."""
        rows = self._database.execute("SELECT told FROM runs ORDER BY submitted_at, rowid")
        return [read_run(json.loads(told)) for (told,) in rows]

    def add_output(self, run_id: str, pieces: Iterable[Piece]) -> None:
        """Keep what a run has printed; some of it may be kept already."""
        rows = [(run_id, *piece) for piece in pieces]
        try:
            with self._database:
                self._database.executemany(
                    "INSERT OR REPLACE INTO output VALUES (?, ?, ?, ?, ?)", rows
                )
        except sqlite3.Error as error:
            raise StorageError(f"A run's output can't be kept: {error}") from error

    def next_number(self, run_id: str) -> int:
        """Give the number of a run's next piece of output."""
        (number,) = self._database.execute(
            "SELECT coalesce(max(number) + 1, 0) FROM output WHERE run_id = ?", (run_id,)
        ).fetchone()
        return int(number)

    def told(self, run: Run) -> Told:
        """Say how much of the output of a run's present attempt is kept."""
        return told_by(self.output(run.id, run.first_piece - 1, -1))

    def output(self, run_id: str, after: int, most: int) -> list[Piece]:
        """Give what a run has printed, so many pieces after `after` at most; -1 for all."""
        rows = self._database.execute(
            "SELECT number, text, ends_line, is_notice FROM output "
            "WHERE run_id = ? AND number > ? ORDER BY number LIMIT ?",
            (run_id, after, most),
        )
        return [
            Piece(number, text, bool(ends), bool(notice)) for number, text, ends, notice in rows
        ]

    def _write(self, statement: str, values: tuple[object, ...], *, is_step: bool) -> int:
        try:
            self._database.execute(f"PRAGMA synchronous={'NORMAL' if is_step else 'FULL'}")
            with self._database:
                return self._database.execute(statement, values).rowcount
        except sqlite3.Error as error:
            raise StorageError(f"A run can't be kept: {error}") from error


def _told(run: Run) -> str:
    return json.dumps(run.to_json(), ensure_ascii=False)
