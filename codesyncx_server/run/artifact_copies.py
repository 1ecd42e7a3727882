"""What runs have made, moved to the artifact store; what it doesn't take now is tried again.

A run is over when its files are kept on this server. Those are in the folder of its artifacts until
all of them are in the store: so nothing is lost when that refuses, or this server is killed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from codesyncx_spawner.attempt import artifacts_folder

from ..errors import ArtifactStoreError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from codesyncx_spawner.run import Run

    from ..artifacts import ArtifactStore

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
LONGEST_PAUSE_S = 600.0
_STORED = "runs"
_LEDGER = "artifacts-stored.json"
_CONTENT_TYPE = "application/octet-stream"
_DAY_S = 24 * 3600.0


class ArtifactCopies:
    """The artifacts of one project's runs in its artifact store, or on this server for some time.

    After `days` both are forgotten; 0 is never.
    """

    def __init__(
        self,
        store: ArtifactStore | None,
        folder: Path,
        *,
        days: int = 0,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take the folder of the runner; `changed` is told when there is something new to say."""
        self._store = store
        self._folder = folder
        self._days = days
        self._changed = changed
        self._clock = clock
        self._stored: dict[str, float] = {}
        self._notes: dict[str, str] = {}
        self._pause_s = LOOK_EVERY_S
        self._working: asyncio.Task[None] | None = None

    def start(self, runs: Callable[[], Sequence[Run]]) -> None:
        """Begin with what is there; `runs` gives all runs that are known."""
        if self._working is None and (self._store is not None or self._days):
            with suppress(OSError, ValueError):
                self._stored = dict(json.loads((self._folder / _LEDGER).read_text()))
            self._working = asyncio.create_task(self._work(runs))

    async def stop(self) -> None:
        """End; the next server goes on."""
        if self._working is not None:
            self._working.cancel()
            with suppress(asyncio.CancelledError):
                await self._working

    def note(self, run_id: str) -> str:
        """Say what people should know of where a run's files are; mostly nothing."""
        return self._notes.get(run_id, "")

    async def link(self, run_id: str, path: str) -> str:
        """Give an address to load a file from; NotFoundError, ArtifactStoreError."""
        return await self._store_with(run_id).link(_key(run_id, path))

    async def read(self, run_id: str, path: str) -> AsyncIterator[bytes]:
        """Give a file's content piece by piece; NotFoundError, ArtifactStoreError."""
        return await self._store_with(run_id).read(_key(run_id, path))

    def _store_with(self, run_id: str) -> ArtifactStore:
        if self._store is None or run_id not in self._stored:
            raise NotFoundError("The file is no longer kept.")
        return self._store

    async def _work(self, runs: Callable[[], Sequence[Run]]) -> None:
        while True:
            try:
                await self._look(runs())
            except ArtifactStoreError as error:
                logger.warning("Old artifacts can't be forgotten for now: %s", error)
            except Exception:  # the outermost frame of a task: artifacts must go on being stored
                logger.exception("Artifacts can't be stored for now")
            await asyncio.sleep(self._pause_s)

    async def _look(self, runs: Sequence[Run]) -> None:
        """Store what waits, the oldest first; one failure of the store ends the attempt."""
        for run in reversed(runs):
            if not run.state.is_over or not run.artifacts or run.id in self._stored:
                continue
            if self._store is None or not await asyncio.to_thread(self._local(run.id).is_dir):
                continue
            try:
                await self._move(self._store, run)
            except (ArtifactStoreError, OSError) as error:
                self._put_off(run, error)
                return
        self._pause_s = LOOK_EVERY_S
        await self._forget_old(runs)

    async def _move(self, store: ArtifactStore, run: Run) -> None:
        local = self._local(run.id)
        for artifact in run.artifacts:
            await store.keep(_key(run.id, artifact.path), local / artifact.path, _CONTENT_TYPE)
        self._stored[run.id] = self._clock()
        await self._save()
        await asyncio.to_thread(shutil.rmtree, local, ignore_errors=True)
        if self._notes.pop(run.id, ""):
            self._changed()

    def _put_off(self, run: Run, error: Exception) -> None:
        reason = str(error) if isinstance(error, ArtifactStoreError) else "They can't be read."
        if not isinstance(error, ArtifactStoreError) or run.id not in self._notes:
            logger.warning("The artifacts of run %s aren't stored yet: %s", run.id, error)
        note = f"{reason} The files are kept on this server, and storing them is tried again."
        if self._notes.get(run.id) != note:
            self._notes[run.id] = note
            self._changed()
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    async def _forget_old(self, runs: Sequence[Run]) -> None:
        """Forget what is too old, and what belongs to runs that are forgotten."""
        known = {run.id for run in runs}
        oldest = self._clock() - self._days * _DAY_S if self._days else float("-inf")
        for run_id, stored_at in list(self._stored.items()):
            if self._store is not None and (run_id not in known or stored_at < oldest):
                await self._store.forget(f"{_STORED}/{run_id}")
                del self._stored[run_id]
                await self._save()
        for run in runs:
            if run.artifacts and run.state.is_over and (run.ended_at or 0.0) < oldest:
                await asyncio.to_thread(shutil.rmtree, self._local(run.id), ignore_errors=True)

    async def _save(self) -> None:
        await asyncio.to_thread(_write, self._folder / _LEDGER, json.dumps(self._stored))

    def _local(self, run_id: str) -> Path:
        return artifacts_folder(self._folder, run_id)


def _key(run_id: str, path: str) -> str:
    return f"{_STORED}/{run_id}/{path}"


def _write(file: Path, text: str) -> None:
    draft = file.with_suffix(".new")
    draft.write_text(text)
    draft.replace(file)
