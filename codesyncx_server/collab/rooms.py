"""The open rooms of a project: opens one when somebody comes, closes it when all have left."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import CodeSyncXError, LineageChangedError, NotFoundError, RefusedError, StorageError
from ..events.bus import Event
from . import metrics
from .disk import open_document_file
from .opening import Opening
from .rights import rights_in
from .room import Room, RoomId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pycrdt import Doc

    from ..access.model import Person
    from ..access.service import AccessService
    from ..events.bus import EventBus
    from .edit_judge import ChatJudge
    from .log_folder import LogFolder
    from .rights import Rights
    from .session import Session
    from .upstream_events import UpstreamEvents

logger = logging.getLogger(__name__)

_CHAT_TYPE = "chat"
_CHAT_SUFFIX = ".chat"
_POLL_S = 1.0
_CLEANUP_DELAY_S = 60.0


class Rooms:
    """Document rooms by name."""

    def __init__(
        self,
        logs: LogFolder,
        contents_manager: Any,
        settings: dict[str, Any],
        bus: EventBus,
        events: UpstreamEvents,
        make_chat_judge: Callable[[Doc[Any]], ChatJudge],
        access: AccessService | None = None,
    ) -> None:
        self._logs = logs
        self._contents = contents_manager
        self._settings = settings
        self._bus = bus
        self._events = events
        self._make_chat_judge = make_chat_judge
        self._access = access
        self._rooms: dict[str, Room] = {}
        self._openings: dict[str, Opening] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._cleaners: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._poll: asyncio.Task[None] | None = None
        self._subscriptions = [
            bus.subscribe("file", self._on_file_event),
            bus.subscribe("document.saved", self._on_saved),
        ]
        self.shared: dict[str, Any] = {}  # where jupyter_server_ydoc looks for rooms

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    def get(self, room_id: str) -> Room | None:
        """Give an open room."""
        return self._rooms.get(room_id)

    def for_path(self, path: str) -> Room | None:
        """Give the open room of the file at `path`; the one with people in it, if there are two."""
        found = [room for room in self._rooms.values() if room.path == path]
        return max(found, key=lambda room: len(room.engine.sessions), default=None)

    def take_access(self) -> None:
        """Take over who may do what now."""
        for room in self:
            room.take_access()

    def path_of(self, room_id: str) -> str:
        """Give the path of a room's file, open or not; NotFoundError when it is gone."""
        path = self._settings["file_id_manager"].get_path(RoomId.parse(room_id).file_id)
        if path is None:
            raise NotFoundError("This file is gone.")
        return str(path)

    def rights(self, room_id: str, person: Person) -> Rights:
        """Give what somebody may do in a document, open or not; raises why they may not read it."""
        return rights_in(self._access, person, self.path_of(room_id))

    def admit(self, room_id: str, session: Session) -> None:
        """Tell a session what it may do in a document; raises why its person may not read it."""
        if session.person is not None:
            session.take(self.rights(room_id, session.person))

    async def open(self, room_id: str) -> Room:
        """Give a room, opened if it isn't; raises what's wrong with its file or log."""
        while True:
            found = await self.begin(room_id)
            room = found if isinstance(found, Room) else await found.opened()
            if self._rooms.get(room_id) is room:
                self._keep(room_id)
                return room

    async def begin(self, room_id: str) -> Room | Opening:
        """Give a room, or one on its way if whoever comes can be answered before it is loaded.

        Raises what's wrong with its file or log.
        """
        key = RoomId.parse(room_id)
        async with self._locks.setdefault(room_id, asyncio.Lock()):
            room = self._rooms.get(room_id)
            if room is not None and room.engine.failure is not None:
                await self._close(room)
                room = None
            if room is not None:
                self.release(room)
                return room
            if room_id not in self._openings:
                self._openings[room_id] = opening = Opening(await self._read(key), self._load)
                opening.task.add_done_callback(partial(self._on_opened, room_id))
            opening = self._openings[room_id]
        return opening if opening.first_answer is not None else await opening.opened()

    async def lineage(self, room_id: str) -> str:
        """Begin to open a room, and tell of which lineage its document is."""
        found = await self.begin(room_id)
        return found.lineage if isinstance(found, Room) else found.room.lineage

    def release(self, room: Room) -> None:
        """Close a room after a while, unless somebody comes."""
        name = str(room.id)
        # jupyter_server_ydoc's own setting; it loads after us.
        delay_s = self._settings.get("collaborative_document_cleanup_delay", _CLEANUP_DELAY_S)
        if delay_s is None or room.is_used:
            return
        self._keep(name)
        loop = asyncio.get_running_loop()
        self._cleaners[name] = loop.call_later(
            delay_s, lambda: self._spawn(self._close_if_empty(room))
        )

    async def catch_up(self) -> None:
        """Have all files hold what their documents do."""
        for room in self:
            with contextlib.suppress(CodeSyncXError):  # isn't loaded, so nothing was typed
                await room.saver.catch_up()

    async def stop(self) -> None:
        """Save and close everything."""
        for unsubscribe in self._subscriptions:
            unsubscribe()
        if self._poll is not None:
            self._poll.cancel()
        for name in list(self._cleaners):
            self._keep(name)
        on_their_way = [opening.opened() for opening in self._openings.values()]
        await asyncio.gather(*on_their_way, return_exceptions=True)
        await asyncio.gather(*(self._close_at_last(room) for room in self))
        self._logs.close()

    async def _read(self, key: RoomId) -> Room:
        path = self.path_of(str(key))
        is_chat = key.file_type == _CHAT_TYPE
        if path.endswith(_CHAT_SUFFIX) and not is_chat:
            raise RefusedError("Open chats as chats.")
        if is_chat and not path.endswith(_CHAT_SUFFIX):
            raise RefusedError("This file is no chat.")
        file = open_document_file(self._contents, path, key.file_format, key.file_type)
        judge = self._make_chat_judge if is_chat else None
        name = str(key)
        log = await asyncio.to_thread(self._logs.open, name)
        ids = self._settings["file_id_manager"]

        def owns_path() -> bool:
            return bool(ids.get_path(key.file_id) == file.path)

        room = Room(key, file, log, self._bus, owns_path, judge, self._access, self._begin_anew)
        if room.is_unwritten:
            log.close()
            await asyncio.to_thread(self._logs.delete, name)
            log = await asyncio.to_thread(self._logs.open, name)
            room = Room(key, file, log, self._bus, owns_path, judge, self._access, self._begin_anew)
        try:
            await room.read()
        except BaseException:
            room.abandon()
            raise
        return room

    async def _load(self, room: Room) -> None:
        name = str(room.id)
        try:
            await room.load()
        except BaseException:
            room.abandon()
            raise
        self._rooms[name] = self.shared[name] = room
        room.take_access()
        metrics.ROOMS.set(len(self._rooms))
        self._tell("document.opened", room)
        self._events.opened(name, room.path)
        self.release(room)
        if self._poll is None:
            self._poll = asyncio.create_task(self._watch_disk())

    def _on_opened(self, name: str, task: asyncio.Task[None]) -> None:
        self._openings.pop(name, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("The room %s can't be opened: %s", name, error)

    def _keep(self, name: str) -> None:
        cleaner = self._cleaners.pop(name, None)
        if cleaner is not None:
            cleaner.cancel()

    async def _close_if_empty(self, room: Room) -> None:
        async with self._locks.setdefault(str(room.id), asyncio.Lock()):
            if not room.is_used:
                await self._close(room)

    async def _close_at_last(self, room: Room) -> None:
        """Close it, or wait until whoever is closing it already is done."""
        async with self._locks.setdefault(str(room.id), asyncio.Lock()):
            await self._close(room)

    def _begin_anew(self, room: Room) -> None:
        self._spawn(self._forget_past(room))

    async def _forget_past(self, room: Room) -> None:
        """Save a document and have everybody begin with what its file holds then."""
        name = str(room.id)
        async with self._locks.setdefault(name, asyncio.Lock()):
            if self._rooms.get(name) is not room:
                return
            room.send_away(LineageChangedError("This document begins anew: an edit was forged."))
            await room.saver.save()
            await self._close(room)
            await asyncio.to_thread(self._logs.delete, name)

    async def _close(self, room: Room) -> None:
        name = str(room.id)
        if self._rooms.get(name) is not room:
            return
        room.send_away(StorageError("The server is closing this document."))
        await room.stop()
        del self._rooms[name]
        self.shared.pop(name, None)
        metrics.ROOMS.set(len(self._rooms))
        self._tell("document.closed", room)
        self._events.closed(name, room.path)

    def _tell(self, topic: str, room: Room) -> None:
        facts = {"path": room.path, "file_id": room.id.file_id, "room_id": str(room.id)}
        self._bus.publish(Event(topic, facts))

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    def _on_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("A room's background work failed", exc_info=error)

    async def _watch_disk(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            for room in self:
                # What was begun is ended also when the server stops; the room waits for it.
                await asyncio.shield(self._spawn(self._check(room)))

    async def _check(self, room: Room) -> None:
        try:
            await room.saver.check_disk()
        except Exception:
            logger.exception("%s changed on disk and can't be taken in", room.path)

    def _on_file_event(self, event: Event) -> None:
        path = event.data.get("path")
        if event.topic == "file.renamed":
            self._follow(str(event.data.get("old_path")), str(path))
            return
        for room in self:
            if room.path == path or room.path.startswith(f"{path}/"):
                self._spawn(self._check(room))

    def _on_saved(self, event: Event) -> None:
        self._events.saved(str(event.data["room_id"]), str(event.data["path"]))

    def _follow(self, old: str, new: str) -> None:
        for opening in self._openings.values():
            if _moved(opening.room.path, old, new) is not None:
                opening.withdraw()
        opening_rooms = (opening.room for opening in self._openings.values())
        for room in [*self, *opening_rooms]:
            path = _moved(room.path, old, new)
            if path is not None:
                room.moved_to(path)
                # What is granted moves along with the file in the same round of calls.
                asyncio.get_running_loop().call_soon(room.settle_move)


def _moved(path: str, old: str, new: str) -> str | None:
    """Give where `path` is after `old` became `new`; None if it stays."""
    if path != old and not path.startswith(f"{old}/"):
        return None
    return new + path[len(old) :]
