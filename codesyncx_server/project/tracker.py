"""Publishes what happens to the project's files, with the name of who did it."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server import CallContext
from jupyter_server.services.contents.handlers import ContentsAPIHandler

from codesyncx_server.events.bus import Event

from .changes import FileChange, Kind, Look, Pending, Person, settle
from .file_ids import follow_move
from .late_moves import LateMoves
from .ledger import Ledger
from .scan import Ignore, Scanner, entry_at
from .watcher import Mode, Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from codesyncx_server.access.service import AccessService
    from codesyncx_server.events.bus import EventBus

logger = logging.getLogger(__name__)

CONTENTS_EVENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"

#: How long news from the disk wait for the name of who did it.
QUIET_S = 0.15
LONGEST_WAIT_S = 0.5
#: Until then the watcher has seen what a person made.
LOOK_AGAIN_S = 1.2
#: So many events are published before others get their turn on the event loop.
SLICE = 50


class Tracker:
    """Joins what people do through the server with what the disk shows."""

    def __init__(
        self, bus: EventBus, contents_manager: Any, settings: dict[str, Any], mode: Mode
    ) -> None:
        self._bus = bus
        self._settings = settings
        self._ignore = Ignore(hidden=not getattr(contents_manager, "allow_hidden", False))
        self._ledger = Ledger()
        self._pending = Pending()
        self._pending_since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._publishing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._late_moves: LateMoves | None = None
        self._unsubscribe: Callable[[], None] = bus.subscribe("document.saved", self._on_saved)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._root = _root_of(contents_manager)
        self._scanner = Scanner(self._root, self._ignore) if self._root else None
        self._watcher = (
            Watcher(self._scanner, self._begin_soon, self._tell_soon, mode)
            if self._scanner
            else None
        )

    def find_again(self, access: AccessService, file: Path) -> None:
        """Follow what has grants also where it went while no server ran; remembered in `file`."""
        if self._scanner is not None:
            self._late_moves = LateMoves(self._bus, access, file, self._scanner.on_disk)

    def start(self) -> None:
        """Begin to watch; call it on the event loop."""
        self._loop = asyncio.get_running_loop()
        if self._watcher is not None:
            self._watcher.start()

    @property
    def is_watching(self) -> bool:
        """Whether changes from outside are noticed at once."""
        return self._ledger.is_ready and self._watcher is not None and self._watcher.is_notified

    async def stop(self) -> None:
        """End at once."""
        self._unsubscribe()
        if self._late_moves is not None:
            await self._late_moves.stop()
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            await asyncio.to_thread(self._watcher.stop)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)

    async def on_contents_event(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:  # noqa: ARG002
        """Hear what the contents manager did; Jupyter's event logger calls this."""
        action, path = data["action"], data["path"].strip("/")
        if action == "get" or self._ignore.path(path):
            return
        handler = CallContext.get(CallContext.JUPYTER_HANDLER)
        # A room saves in the context of whoever opened it, which is not who wrote.
        is_request = isinstance(handler, ContentsAPIHandler)
        if not is_request:
            if action == "save":
                await self._note_saved(path)
            return
        user = handler.current_user
        person = Person(user.username, user.name or user.username)
        # File ids are moved by a listener like this one; it goes first.
        await asyncio.sleep(0)
        source = str(data.get("source_path") or "").strip("/")
        change = await self._understand(action, path, source)
        if change is not None:
            await self._publish([change], person)
            if change.kind in (Kind.CREATED, Kind.RENAMED):
                self._spawn(self._look_again(change.path))

    async def _understand(self, action: str, path: str, source: str) -> FileChange | None:
        ledger = self._ledger
        if action == "rename":
            change = FileChange(
                Kind.RENAMED, path, source, is_dir=ledger.is_dir(source) or self._is_dir(path)
            )
            ledger.note(change, time.monotonic())
            follow_move(self._settings.get("file_id_manager"), change, is_told=True)
            return change
        if action == "delete":
            change = FileChange(Kind.DELETED, path, is_dir=ledger.is_dir(path))
            ledger.note(change, time.monotonic())
            return change
        if ledger.knows(path):
            if action != "save":
                return None
            await self._note_saved(path)
            return None if ledger.is_dir(path) else FileChange(Kind.CHANGED, path)
        if not ledger.is_ready:
            return FileChange(Kind.CHANGED, path)
        change = FileChange(Kind.CREATED, path, is_dir=self._is_dir(path))
        ledger.note(change, time.monotonic())
        await self._note_saved(path)
        return change

    async def _look_again(self, path: str) -> None:
        """Notice that a file was gone again before the watcher saw it at all."""
        await asyncio.sleep(LOOK_AGAIN_S)
        if self._scanner is None or not self._ledger.knows(path):
            return
        if await asyncio.to_thread(entry_at, self._scanner.on_disk(path)) is not None:
            return
        if self._ledger.knows(path):
            change = FileChange(Kind.DELETED, path, is_dir=self._ledger.is_dir(path))
            self._ledger.note(change, time.monotonic())
            await self._publish([change], None)

    def _is_dir(self, path: str) -> bool:
        return self._scanner is not None and Path(self._scanner.on_disk(path)).is_dir()

    async def _note_saved(self, path: str) -> None:
        if self._scanner is not None:
            entry = await asyncio.to_thread(entry_at, self._scanner.on_disk(path))
            if entry is not None:
                self._ledger.note_saved(path, entry)

    def _on_saved(self, event: Event) -> None:
        path = event.data.get("path")
        if isinstance(path, str):
            self._spawn(self._note_saved(path.strip("/")))

    def _begin_soon(self, looks: list[Look]) -> None:
        if self._loop is None:
            return
        moves = [] if self._late_moves is None else self._late_moves.find(looks)
        self._loop.call_soon_threadsafe(self._begin, looks, moves)

    def _begin(self, looks: list[Look], moves: list[FileChange]) -> None:
        """Take in the first look at the disk, and tell what moved before it."""
        self._ledger.begin(looks)
        for change in moves:
            follow_move(self._settings.get("file_id_manager"), change, is_told=False)
        self._spawn(self._publish_late(moves))

    async def _publish_late(self, moves: list[FileChange]) -> None:
        await self._publish(moves, None)
        if self._late_moves is not None:
            self._late_moves.begin()

    def _tell_soon(self, looks: list[Look]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._absorb, looks)

    def _absorb(self, looks: list[Look]) -> None:
        now = time.monotonic()
        if not self._pending:
            self._pending_since = now
        for look in looks:
            self._pending.absorb(look)
        if self._timer is not None:
            self._timer.cancel()
        if self._loop is not None:
            wait_s = min(QUIET_S, max(0.0, self._pending_since + LONGEST_WAIT_S - now))
            self._timer = self._loop.call_later(wait_s, self._flush)

    def _flush(self) -> None:
        self._timer = None
        self._spawn(self._publish_outside(self._pending.take()))

    async def _publish_outside(self, looks: list[Look]) -> None:
        settled = await asyncio.to_thread(settle, looks)
        changes = self._ledger.outside(looks, settled, time.monotonic())
        for change in changes:
            follow_move(self._settings.get("file_id_manager"), change, is_told=False)
        await self._publish(changes, None)

    async def _publish(self, changes: list[FileChange], person: Person | None) -> None:
        """Publish in order; the size of a batch goes along, for those who tell people."""
        now = time.time()
        async with self._publishing:
            for number, change in enumerate(changes, start=1):
                data = {**change.to_data(person, now), "batch_size": len(changes)}
                self._bus.publish(Event(change.kind.value, data))
                if number % SLICE == 0:
                    await asyncio.sleep(0)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("What happened to a file couldn't be told", exc_info=error)


def _root_of(contents_manager: Any) -> Path | None:
    """Give the project's folder, when its contents lie on this machine's disk."""
    root = getattr(contents_manager, "root_dir", "")
    folder = Path(root) if root else None
    return folder if folder is not None and folder.is_dir() else None
