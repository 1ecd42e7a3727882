"""The finished recordings of a project: those in its folder, and those in the artifact store."""

from __future__ import annotations

import asyncio
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesyncx_media.recording.film_facts import FilmFacts, read_facts
from codesyncx_server.errors import NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

    from .recording_copies import RecordingCopies

FILM_NAME = re.compile(r"\d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d( \(\d+\))?\.mp4")
"""How recordings are called; other films in the folder are somebody's own."""
Mark = tuple[int, int]
"""The size of a film and when it was changed, in ns."""


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """A recording on the shelf; `duration_s` is None where it doesn't say how long it is."""

    name: str
    size: int
    duration_s: float | None
    recorded_by: str
    is_in_project: bool
    is_stored: bool


class RecordingShelf:
    """Lists the recordings of one folder, and deletes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.copies: RecordingCopies | None = None
        """Those in the artifact store, where there is one."""
        self._facts: dict[str, tuple[Mark, FilmFacts]] = {}

    async def list(self) -> list[StoredRecording]:
        """Give all, the newest first."""
        here = await asyncio.to_thread(self._look)
        kept = self.copies.stored if self.copies is not None else {}
        films = [
            StoredRecording(name, mark[0], *facts, is_in_project=True, is_stored=name in kept)
            for name, (mark, facts) in here.items()
        ]
        films += [
            StoredRecording(
                name,
                copy.size,
                copy.duration_s,
                copy.recorded_by,
                is_in_project=False,
                is_stored=True,
            )
            for name, copy in kept.items()
            if name not in here
        ]
        return sorted(films, key=lambda film: film.name, reverse=True)

    async def delete(self, name: str) -> None:
        """Delete a recording wherever it is; NotFoundError, ArtifactStoreError, OSError.

        The copy goes first: when the store refuses, the recording is still on the list.
        """
        if not FILM_NAME.fullmatch(name):
            raise NotFoundError("There is no such recording.")
        was_stored = self.copies is not None and await self.copies.delete(name)
        try:
            await asyncio.to_thread((self._folder / name).unlink)
        except FileNotFoundError:
            if not was_stored:
                raise NotFoundError("There is no such recording.") from None

    def _look(self) -> dict[str, tuple[Mark, FilmFacts]]:
        found: dict[str, tuple[Mark, FilmFacts]] = {}
        with suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            for entry in entries:
                mark = mark_of(entry)
                if mark is None:
                    continue
                known = self._facts.get(entry.name)
                is_known = known is not None and known[0] == mark
                found[entry.name] = known if known and is_known else (mark, _read(entry.path))
        self._facts = found
        return found


def mark_of(entry: os.DirEntry[str]) -> Mark | None:
    """Give a recording's mark; None for what is no recording, or a link."""
    about = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(about.st_mode) or not FILM_NAME.fullmatch(entry.name):
        return None
    return about.st_size, about.st_mtime_ns


def _read(path: str) -> FilmFacts:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return FilmFacts()  # it is on the list, and opening it says what is wrong
    with os.fdopen(descriptor, "rb") as file:
        return read_facts(file, os.fstat(descriptor).st_size)


def facts_of(path: Path) -> FilmFacts:
    """Read what a film in the folder says of itself; nothing of what can't be read."""
    return _read(str(path))
