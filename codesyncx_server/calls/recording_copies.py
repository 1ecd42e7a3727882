"""Copies finished recordings to the artifact store; what it doesn't take now is tried again.

The folder of the project is the queue: a film in it that isn't in the list of what is stored waits
for its turn, also when the server was killed meanwhile. So nothing is lost but what people delete.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from codesyncx_server.errors import ArtifactStoreError, NotFoundError
from codesyncx_server.events.bus import Event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from codesyncx_server.artifacts import ArtifactStore
    from codesyncx_server.events.bus import EventBus

logger = logging.getLogger(__name__)

STORED, NOT_STORED = "recording.stored", "recording.not_stored"
LOOK_EVERY_S = 5.0
LONGEST_PAUSE_S = 600.0
_FOLDER = "recordings"
_FILM = re.compile(r"\d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d( \(\d+\))?\.mp4")
_CONTENT_TYPE = "video/mp4"
_DAY_S = 24 * 3600.0

Mark = list[int]
"""The size of a film and when it was changed: another one of its name isn't stored."""


class RecordingCopies:
    """The recordings of one project in its artifact store."""

    def __init__(
        self,
        store: ArtifactStore,
        folder: Path,
        shown_folder: str,
        ledger: Path,
        bus: EventBus,
        *,
        days: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the folder that films come into, and where the list of what is stored is kept."""
        self._store = store
        self._folder = folder
        self._shown_folder = shown_folder
        self._ledger = ledger
        self._bus = bus
        self._days = days
        self._clock = clock
        self._stored: dict[str, Mark] = {}
        self._unreadable: set[str] = set()
        self._failed: set[str] = set()
        self._pause_s = LOOK_EVERY_S
        self._forgot_at = float("-inf")
        self._working: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with what is there."""
        with suppress(OSError, ValueError):
            self._stored = dict(json.loads(self._ledger.read_text()))
        self._working = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """End; the next server goes on."""
        if self._working is not None:
            self._working.cancel()
            with suppress(asyncio.CancelledError):
                await self._working

    async def link(self, name: str) -> str:
        """Give an address to load a film from; NotFoundError, ArtifactStoreError."""
        if name not in self._stored:
            raise NotFoundError("That recording isn't in the artifact store.")
        return await self._store.link(f"{_FOLDER}/{name}")

    async def _work(self) -> None:
        while True:
            try:
                await self._look()
            except ArtifactStoreError as error:
                logger.warning("Old recordings can't be forgotten for now: %s", error)
            except Exception:  # the outermost frame of a task: films must go on being stored
                logger.exception("Recordings can't be stored for now")
            await asyncio.sleep(self._pause_s)

    async def _look(self) -> None:
        """Store what waits, the oldest first; one failure of the store ends the attempt."""
        for name, mark in (await asyncio.to_thread(self._waiting)).items():
            try:
                await self._store.keep(f"{_FOLDER}/{name}", self._folder / name, _CONTENT_TYPE)
            except OSError as error:
                logger.warning("The recording %s can't be stored: %s", name, error)
                self._unreadable.add(name)
            except ArtifactStoreError as error:
                self._put_off(name, error)
                return
            else:
                await self._note(name, mark)
        self._pause_s = LOOK_EVERY_S
        if self._days and self._clock() - self._forgot_at >= _DAY_S:
            self._forgot_at = self._clock()
            await self._store.forget_older(_FOLDER, self._days)

    def _waiting(self) -> dict[str, Mark]:
        waiting = {}
        with suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            for entry in entries:
                about = entry.stat(follow_symlinks=False)
                mark = [about.st_size, about.st_mtime_ns]
                is_film = stat.S_ISREG(about.st_mode) and _FILM.fullmatch(entry.name)
                if is_film and self._stored.get(entry.name) != mark:
                    waiting[entry.name] = mark
        return {name: waiting[name] for name in sorted(waiting) if name not in self._unreadable}

    def _put_off(self, name: str, error: ArtifactStoreError) -> None:
        logger.warning("The recording %s isn't stored yet: %s", name, error)
        if name not in self._failed:
            self._failed.add(name)
            self._pause_s = LOOK_EVERY_S
            self._tell(NOT_STORED, name, reason=str(error))
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    async def _note(self, name: str, mark: Mark) -> None:
        self._stored[name] = mark
        await asyncio.to_thread(_write, self._ledger, json.dumps(self._stored))
        if name in self._failed:
            self._failed.discard(name)
            self._tell(STORED, name)

    def _tell(self, topic: str, name: str, **facts: str) -> None:
        path = f"{self._shown_folder}/{name}"
        self._bus.publish(Event(topic, {"path": path, "time": time.time(), **facts}))


def _write(file: Path, text: str) -> None:
    draft = file.with_suffix(".new")
    draft.write_text(text)
    draft.replace(file)
