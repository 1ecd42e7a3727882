"""Turns what happens in the project into versions."""

from __future__ import annotations

import asyncio
import logging
import math
import time as clock
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from tornado.web import HTTPError

from ..errors import CodeSyncXError
from . import rooms, saved_content
from .store import HistoryStore
from .versions import DocumentRef, Person

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ..events.bus import Event, EventBus

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
# A large file is read anew for each version: the larger, the longer the pause in between.
_SHORTEST_PAUSE_S = 5.0
# A file that was saved this long ago holds nothing that isn't in a version already.
_QUIET_S = 15.0
_PAUSE_S_PER_BYTE = 30.0 / (10 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class _Save:
    """A save that waits for its version."""

    ref: DocumentRef
    usernames: frozenset[str]
    time: float


class HistoryRecorder:
    """Listens to the bus and keeps versions; also the way to the store for everyone else."""

    def __init__(
        self,
        database: Path,
        settings: Mapping[str, Any],
        shortest_pause_s: float = _SHORTEST_PAUSE_S,
        now: Callable[[], float] = clock.time,
    ) -> None:
        self._database = database
        self._settings = settings
        self._shortest_pause_s = shortest_pause_s
        self._now = now
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="codesyncx-history")
        self._store: HistoryStore | None = None
        self._waiting: dict[str, _Save] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._baselines: set[asyncio.Task[None]] = set()
        self._saved_at: dict[str, float] = {}
        self._unsubscribe: list[Callable[[], None]] = []
        self._closing = asyncio.Event()

    def listen(self, bus: EventBus) -> None:
        """Hear saves, first edits and renames until `close`."""
        self._unsubscribe = [
            bus.subscribe("document.saved", self._on_saved),
            bus.subscribe("document.edited", self._on_edited),
            bus.subscribe("file.renamed", self._on_renamed),
        ]

    async def close(self) -> None:
        """Keep what still waits, then close the store."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._closing.set()
        await self.settle()
        if self._store is not None:
            await self._in_thread(self._store.close)
        self._thread.shutdown(wait=False)

    async def settle(self) -> None:
        """Wait until everything heard so far is kept."""
        while tasks := [*self._baselines, *self._tasks.values()]:
            await asyncio.gather(*tasks, return_exceptions=True)

    async def call(self, method: Callable[[HistoryStore], _T]) -> _T:
        """Run `method` on the store in its thread."""
        return await self._in_thread(lambda: method(self._open_store()))

    def ref_of(self, path: str) -> DocumentRef:
        """Name the document that is now at `path`."""
        manager = self._settings.get("file_id_manager")
        return DocumentRef(path, manager.get_id(path) if manager is not None else None)

    def _on_saved(self, event: Event) -> None:
        data = event.data
        path = str(data["path"])
        usernames = frozenset(str(name) for name in data.get("usernames") or ())
        self._saved_at[path] = self._now()
        earlier = self._waiting.get(path)
        if earlier is not None:
            usernames |= earlier.usernames
        self._waiting[path] = _Save(
            DocumentRef(path, data.get("file_id")),
            usernames,
            float(data.get("time") or self._now()),
        )
        if path not in self._tasks:
            self._tasks[path] = asyncio.get_running_loop().create_task(self._keep_saves(path))

    def _on_edited(self, event: Event) -> None:
        ref = DocumentRef(str(event.data["path"]), event.data.get("file_id"))
        now = self._now()
        if now - self._saved_at.get(ref.path, -math.inf) < _QUIET_S:
            return
        self._saved_at[ref.path] = now
        task = asyncio.get_running_loop().create_task(self._keep_baseline(ref))
        self._baselines.add(task)
        task.add_done_callback(self._baselines.discard)

    def _on_renamed(self, event: Event) -> None:
        old_path, path = str(event.data["old_path"]), str(event.data["path"])
        task = asyncio.get_running_loop().create_task(self._rename(old_path, path))
        self._baselines.add(task)
        task.add_done_callback(self._baselines.discard)

    async def _rename(self, old_path: str, path: str) -> None:
        try:
            await self.call(lambda store: store.rename(old_path, path))
        except CodeSyncXError:
            logger.exception("The history could not follow a rename to %s", path)

    async def _keep_saves(self, path: str) -> None:
        """Keep one version after another while saves of `path` come in."""
        try:
            while (save := self._waiting.pop(path, None)) is not None:
                size_bytes = await self._keep(save)
                pause_s = max(self._shortest_pause_s, size_bytes * _PAUSE_S_PER_BYTE)
                await self._pause(pause_s)
        finally:
            self._tasks.pop(path, None)

    async def _pause(self, pause_s: float) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), pause_s)
        except TimeoutError:
            return

    async def _keep(self, save: _Save) -> int:
        """Store one version; a failure is logged, the document's own saving goes on."""
        try:
            authors = rooms.authors_of(self._settings, save.ref.path)
            names = {person.username: person for person in authors.values()}
            people = [names.get(name, Person(name, name)) for name in sorted(save.usernames)]
            clocks = rooms.clocks_of(self._settings, save.ref.path)
            content = await self._read(save.ref.path)
            await self.call(lambda store: store.record(save.ref, content, people, save.time))
            if clocks:
                await self.call(lambda store: store.mark_clocks(save.ref, clocks, save.time))
        except (CodeSyncXError, HTTPError):
            logger.exception("No version of %s could be kept", save.ref.path)
            return 0
        return len(content)

    async def _keep_baseline(self, ref: DocumentRef) -> None:
        """Keep what was on the disk before somebody's first edit is saved over it."""
        try:
            content = await self._read(ref.path)
            await self.call(lambda store: store.record(ref, content, (), self._now()))
        except (CodeSyncXError, HTTPError):
            logger.exception("The first version of %s could not be kept", ref.path)

    async def _read(self, path: str) -> bytes:
        contents_manager = self._settings["contents_manager"]
        os_path = saved_content.os_path_of(contents_manager, path)
        if os_path is None:
            return await saved_content.read_model(contents_manager, path)
        return await asyncio.to_thread(saved_content.read_bytes, os_path)

    def _open_store(self) -> HistoryStore:
        if self._store is None:
            self._store = HistoryStore(self._database)
        return self._store

    async def _in_thread(self, function: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)
