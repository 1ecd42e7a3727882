"""Copies finished recordings to the artifact store; what it doesn't take now is tried again.

The folder of the project is the queue: a film in it that isn't in the list of what is stored waits
for its turn, also when the server was killed meanwhile. So nothing is lost but what people delete.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from codesyncx_server.errors import ArtifactStoreError, NotFoundError
from codesyncx_server.events.bus import Event

from .recording_shelf import Mark, facts_of, mark_of

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
_CONTENT_TYPE = "video/mp4"
_DAY_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Copy:
    """What is stored of a film: its facts, and the mark of the file that was copied."""

    size: int
    changed_ns: int
    duration_s: float | None = None
    recorded_by: str = ""
    is_there: bool = True
    """False when the store has forgotten it, and the project hasn't: it isn't stored again."""

    @property
    def mark(self) -> Mark:
        """The mark of the file that was copied."""
        return self.size, self.changed_ns


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
        self._known: dict[str, Copy] = {}
        self._unreadable: set[str] = set()
        self._failed: set[str] = set()
        self._pause_s = LOOK_EVERY_S
        self._forgot_at = float("-inf")
        self._working: asyncio.Task[None] | None = None

    @property
    def stored(self) -> dict[str, Copy]:
        """What is in the store, by name."""
        return {name: copy for name, copy in self._known.items() if copy.is_there}

    def start(self) -> None:
        """Begin with what is there."""
        with suppress(OSError, ValueError):
            self._known = _read_ledger(json.loads(self._ledger.read_text()))
        self._working = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """End; the next server goes on."""
        if self._working is not None:
            self._working.cancel()
            with suppress(asyncio.CancelledError):
                await self._working

    async def link(self, name: str) -> str:
        """Give an address to load a film from; NotFoundError, ArtifactStoreError."""
        if name not in self.stored:
            raise NotFoundError("That recording isn't in the artifact store.")
        return await self._store.link(f"{_FOLDER}/{name}")

    async def delete(self, name: str) -> bool:
        """Forget a copy; whether there was one. ArtifactStoreError."""
        if name not in self.stored:
            return False
        await self._store.delete(f"{_FOLDER}/{name}")
        del self._known[name]
        await self._save()
        return True

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
            await self._forget(await self._store.forget_older(_FOLDER, self._days))

    def _waiting(self) -> dict[str, Mark]:
        waiting = {}
        with suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            for entry in entries:
                mark, copy = mark_of(entry), self._known.get(entry.name)
                if mark is not None and (copy is None or copy.mark != mark):
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
        facts = await asyncio.to_thread(facts_of, self._folder / name)
        self._known[name] = Copy(*mark, *facts)
        await self._save()
        if name in self._failed:
            self._failed.discard(name)
            self._tell(STORED, name)

    async def _forget(self, keys: list[str]) -> None:
        """Note what the store has forgotten."""
        for name in {key.rpartition("/")[2] for key in keys} & set(self._known):
            if await asyncio.to_thread((self._folder / name).exists):
                self._known[name] = replace(self._known[name], is_there=False)
            else:
                del self._known[name]
        if keys:
            await self._save()

    async def _save(self) -> None:
        ledger = {name: asdict(copy) for name, copy in self._known.items()}
        await asyncio.to_thread(_write, self._ledger, json.dumps(ledger))

    def _tell(self, topic: str, name: str, **facts: str) -> None:
        path = f"{self._shown_folder}/{name}"
        self._bus.publish(Event(topic, {"path": path, "time": time.time(), **facts}))


def _read_ledger(ledger: dict[str, Any]) -> dict[str, Copy]:
    """Read what is stored; once the list had nothing but the marks."""
    return {
        name: Copy(**entry) if isinstance(entry, dict) else Copy(*entry)
        for name, entry in ledger.items()
    }


def _write(file: Path, text: str) -> None:
    draft = file.with_suffix(".new")
    draft.write_text(text)
    draft.replace(file)
