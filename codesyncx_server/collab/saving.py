"""Keeps a room's document and its file on disk together, both ways."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any

from pycrdt import merge_updates

from ..errors import CodeSyncXError, NotFoundError
from . import metrics
from .autosave import Autosave
from .heavy import LARGE_BYTES, is_large
from .merge import merge_disk_change
from .misfits import remove_misfits
from .records import Saved

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_ydoc.ybasedoc import YBaseDoc

    from .contents_file import Loaded
    from .disk import AnyDocumentFile
    from .engine import Engine
    from .log import DocumentLog

logger = logging.getLogger(__name__)

_TRIES_FOR_A_STILL_MOMENT = 3
_LARGE_DOCUMENT_BYTES = 1_000_000
_COMPACT_FACTOR = 2
_COMPACT_SLACK_BYTES = 512_000


class Saver:
    """Writes the file while people type, and takes in what others write to it."""

    def __init__(
        self,
        document: YBaseDoc,
        file: AnyDocumentFile,
        file_type: str,
        log: DocumentLog,
        engine: Engine,
        on_saved: Callable[[str], None],
        owns_path: Callable[[], bool],
        on_problem: Callable[[str], None],
    ) -> None:
        self._document = document
        self._file = file
        self._file_type = file_type
        self._log = log
        self._engine = engine
        self._on_saved = on_saved
        self._owns_path = owns_path
        self._on_problem = on_problem
        self._autosave = Autosave()
        self._has_news = False
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._compacted_size = 0
        self._save_problem = ""
        self._disk_problem = ""
        self.is_missing = False

    @property
    def problem(self) -> str:
        """Why file and document differ and can't be brought together; empty if all is well."""
        return self._save_problem or self._disk_problem

    def start(self) -> None:
        """Begin to save by itself."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Save what isn't saved and end; a failure leaves it to the log."""
        task, self._task = self._task, None
        if task is not None:
            async with self._lock:  # the thread of a save that was broken off would still write
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._autosave.is_unsaved and not self.is_missing and self._engine.failure is None:
            await self._save_quietly()

    def edited(self) -> None:
        """Note that the content changed."""
        if not self._has_news:
            self._has_news = True
            self._autosave.edited(time.monotonic())
            self._wake.set()

    async def take_content(self, loaded: Loaded, *, is_in: bool = False) -> None:
        """Fill a new document with what the file holds, unless that `is_in` there already."""
        if not is_in:
            await self._document.aset(loaded.content)
        self._engine.flush()
        if self._engine.failure is not None:
            raise self._engine.failure
        self._log.append_saved(loaded.sha256, self._log.position)
        self._settle_state(loaded.sha256)
        self._has_news = False

    async def save(self) -> None:
        """Write the file now, also one that was deleted; raises why it can't be written."""
        async with self._lock:
            await self._merge_if_changed()
            if self.is_missing and not self._owns_path():
                raise NotFoundError(f"{self._file.path} was deleted; keep a copy of it instead.")
            await self._save(may_create=True)

    async def catch_up(self) -> None:
        """Write what was typed since the file was written; never a file that was deleted."""
        if self._autosave.is_unsaved and not self.is_missing:
            await self._save_quietly()

    async def check_disk(self) -> None:
        """Take in what somebody else wrote to the file; tells people when that can't be."""
        async with self._lock:
            with contextlib.suppress(CodeSyncXError):  # told to people, once
                await self._merge_if_changed()

    async def compact(self) -> None:
        """Make the log as small as the document."""
        async with self._lock:
            await self._compact()

    async def reconcile(self, loaded: Loaded, base_updates: list[bytes]) -> None:
        """Bring in a file that somebody else changed since `base_updates` were saved."""
        engine, log = self._engine, self._log
        engine.flush()
        if await self._read_in_pieces() == loaded.content:
            engine.flush()
            log.append_saved(loaded.sha256, log.position)
            self._settle_state(loaded.sha256)
            return
        engine.flush()
        mark = log.mark()
        saved = log.saved
        position = mark.position if saved is None else saved.position
        settled = mark._replace(saved=Saved(loaded.sha256, position))
        # One step on the disk: a crash must find the change either nowhere or everywhere, for else
        # the next start would bring it in a second time.
        if is_large(log.size, loaded.content):
            update = await asyncio.to_thread(
                log.merge, len(base_updates), loaded.content, self._file_type
            )
            if update is not None:
                await asyncio.to_thread(log.condense, settled, update)
        else:
            state = engine.doc.get_update()
            update = await asyncio.to_thread(
                merge_disk_change, base_updates, loaded.content, self._file_type
            )
            if update is not None:
                await asyncio.to_thread(
                    log.compact,
                    merge_updates(state, update),
                    merge_updates(*base_updates, update),
                    settled,
                )
        log.append_saved(loaded.sha256, position)
        if update is not None:
            engine.doc.apply_update(update)
            engine.flush()
        if mark.position == position:
            self._settle_state(loaded.sha256)
            self._has_news = False
        else:
            self.edited()

    async def _run(self) -> None:
        while True:
            due = None if self.is_missing else self._autosave.due
            wait_s = None if due is None else due - time.monotonic()
            if wait_s is not None and wait_s <= 0:
                await self._save_quietly()
                continue
            self._wake.clear()
            # Not wait_for: before Python 3.12 it may swallow the cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    async def _save_quietly(self) -> None:
        try:
            async with self._lock:
                await self._merge_if_changed()
                if not self.is_missing:
                    await self._save(may_create=False)
        except NotFoundError:
            self.is_missing = True
        except CodeSyncXError:
            self._autosave.failed(time.monotonic())
        except Exception:
            # The room lives on; the log has it all, and the next try may go well.
            self._autosave.failed(time.monotonic())
            logger.exception("%s couldn't be saved", self._file.path)
            self._tell("The server couldn't save this file; its log says why.", self._disk_problem)

    async def _save(self, *, may_create: bool) -> None:
        started = time.monotonic()
        self._autosave.saving()
        self._has_news = False
        try:
            sha256 = await self._write(may_create=may_create)
        except CodeSyncXError as error:
            self._autosave.failed(time.monotonic())
            self._wake.set()
            if not isinstance(error, NotFoundError):
                self._tell(str(error), self._disk_problem)
            metrics.SAVE_FAILURES.inc()
            raise
        duration_s = time.monotonic() - started
        metrics.SAVE.observe(duration_s)
        self._autosave.saved(time.monotonic(), duration_s)
        self.is_missing = False
        self._tell("", "")
        self._settle_state(sha256)
        self._on_saved(sha256)
        await self._compact_if_large()

    async def _write(self, *, may_create: bool) -> str:
        content, position = await self._still_content()
        log, saved = self._log, self._log.saved
        try:
            sha256 = await self._file.save(
                content,
                lambda sha256: log.append_saving(sha256, position),
                may_create=may_create,
            )
        except BaseException:
            if log.is_saving and saved is not None:
                log.append_saved(saved.sha256, saved.position)
            raise
        if log.is_saving:
            log.append_saved(sha256, position)
        return sha256

    async def _still_content(self) -> tuple[Any, int]:
        """Give the content and the log's position that belongs to it.

        A small document is read at once, a large one in pieces, again if it changed meanwhile. One
        that never rests gets the position before: too early errs on the safe side.
        """
        engine, log = self._engine, self._log
        position = 0
        content: Any = None
        for _ in range(_TRIES_FOR_A_STILL_MOMENT):
            engine.flush()
            if engine.failure is not None:
                raise engine.failure
            position = log.position
            if log.size < _LARGE_DOCUMENT_BYTES:
                return self._read(), position
            content = await self._read_in_pieces()
            engine.flush()
            if log.position == position:
                break
        return content, position

    async def _read_in_pieces(self) -> Any:
        """Give the content without holding up the loop; it may change while it is read."""
        for _ in range(_TRIES_FOR_A_STILL_MOMENT):
            # Somebody deleted a cell meanwhile, or something is none.
            with contextlib.suppress(IndexError, AttributeError):
                return await self._document.aget()
        return self._read()

    def _read(self) -> Any:
        try:
            return self._document.get()
        except AttributeError:
            count = remove_misfits(self._document)
            if not count:
                raise
            logger.warning("%s held %d things that are no cells", self._file.path, count)
            return self._document.get()

    async def _merge_if_changed(self) -> None:
        if self.is_missing and not self._owns_path():
            return  # another document may have the path by now
        try:
            await self._take_changes()
        except NotFoundError:
            self.is_missing = True
        except CodeSyncXError as error:
            self._tell(self._save_problem, f"{error} It stays as it is until somebody mends it.")
            raise
        else:
            self._tell(self._save_problem, "")

    async def _take_changes(self) -> None:
        if not await self._file.has_changed() and not self.is_missing:
            return
        known = self._file.sha256
        loaded = await self._file.load()
        if self.is_missing:
            self.is_missing = False
            self._wake.set()
        if loaded.sha256 == known:
            return
        replay = await asyncio.to_thread(self._log.replay)
        if replay.base is None or replay.find_saved(loaded.sha256):
            return
        await self.reconcile(loaded, replay.updates[: replay.base.position])

    def _tell(self, save_problem: str, disk_problem: str) -> None:
        before = self.problem
        self._save_problem, self._disk_problem = save_problem, disk_problem
        if self.problem != before:
            if self.problem:
                logger.warning("%s: %s", self._file.path, self.problem)
            self._on_problem(self.problem)

    def _settle_state(self, sha256: str) -> None:
        """Tell the browsers that the document is what the file holds."""
        document = self._document
        with document.ydoc.transaction():
            if document.dirty:
                document.dirty = False
            if document.hash != sha256:
                document.hash = sha256

    async def _compact_if_large(self) -> None:
        if self._log.size > _COMPACT_FACTOR * self._compacted_size + _COMPACT_SLACK_BYTES:
            await self._compact()

    async def _compact(self) -> None:
        log, engine = self._log, self._engine
        engine.flush()
        if log.is_saving or engine.failure is not None:
            return
        mark = log.mark()
        if log.size >= LARGE_BYTES:
            await asyncio.to_thread(log.condense, mark)
            self._compacted_size = log.size
            return
        state = engine.doc.get_update()
        saved_state = None
        if mark.saved is not None and mark.saved.position != mark.position:
            replay = await asyncio.to_thread(log.replay)
            if replay.saved is None:
                return
            saved_state = merge_updates(*replay.updates[: replay.saved.position])
        await asyncio.to_thread(log.compact, state, saved_state, mark)
        self._compacted_size = log.size
