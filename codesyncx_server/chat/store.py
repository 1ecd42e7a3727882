"""What outlives a browser: how far each person has read each channel, and who has been here."""

from __future__ import annotations

import json
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

from ..errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME = "chat.sqlite"
_IDENTITY_KEYS = ("username", "name", "display_name", "initials", "color", "avatar_url")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS read_marker (
  username TEXT NOT NULL, channel_id TEXT NOT NULL, read_until REAL NOT NULL,
  PRIMARY KEY (username, channel_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS person (username TEXT PRIMARY KEY, identity TEXT NOT NULL) WITHOUT ROWID;
"""


class ChatStore:
    """Read markers and people, in one SQLite file; calls may come from any thread."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        try:
            self._database = sqlite3.connect(folder / FILE_NAME, check_same_thread=False)
            self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
            self._database.executescript(_SCHEMA)
            rows = self._database.execute("SELECT username, identity FROM person").fetchall()
        except sqlite3.Error as error:
            raise StorageError(f"The chat's own data can't be opened: {error}") from error
        self._people: dict[str, dict[str, Any]] = {name: json.loads(text) for name, text in rows}

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def person(self, username: str) -> Mapping[str, Any] | None:
        """Who `username` is, by the server's word; None when they were never here."""
        return self._people.get(username)

    def people(self) -> list[dict[str, Any]]:
        """Everyone who has been here, by name."""
        return sorted(self._people.values(), key=lambda person: person["display_name"].casefold())

    def remember(self, identity: Mapping[str, Any]) -> bool:
        """Keep who a person is; whether that was news."""
        person = {key: identity.get(key) for key in _IDENTITY_KEYS}
        username = person["username"]
        if not username or self._people.get(username) == person:
            return False
        person["display_name"] = person["display_name"] or person["name"] or username
        if self._people.get(username) == person:
            return False
        self._people[username] = person
        self._write("INSERT OR REPLACE INTO person VALUES (?, ?)", (username, json.dumps(person)))
        return True

    def read_until(self, username: str) -> dict[str, float]:
        """For each channel id, the time of the newest message that `username` has read."""
        with self._lock:
            rows = self._database.execute(
                "SELECT channel_id, read_until FROM read_marker WHERE username = ?", (username,)
            )
            return dict(rows.fetchall())

    def mark_read(self, username: str, channel_id: str, read_until: float) -> bool:
        """Move the marker forward; whether it moved."""
        return self._write(
            "INSERT INTO read_marker VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
            " SET read_until = excluded.read_until WHERE excluded.read_until > read_until",
            (username, channel_id, read_until),
        )

    def mark_unread(self, username: str, channel_id: str, read_until: float) -> bool:
        """Move the marker back, to read from there again."""
        return self._write(
            "INSERT OR REPLACE INTO read_marker VALUES (?, ?, ?)",
            (username, channel_id, read_until),
        )

    def _write(self, statement: str, values: tuple[Any, ...]) -> bool:
        try:
            with self._lock, self._database:
                return self._database.execute(statement, values).rowcount > 0
        except sqlite3.Error as error:
            raise StorageError(f"The chat's own data can't be written: {error}") from error
