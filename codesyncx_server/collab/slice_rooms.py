"""The rooms of slices: each a range of a file for those who may not read the rest of it."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING, Any

from ..access.model import Permission, Resource
from ..errors import (
    CodeSyncXError,
    LineageChangedError,
    NotFoundError,
    OutgrownError,
    RefusedError,
    StorageError,
)
from ..gate.slices import SLICE_ID
from .document_ranges import CELLS, room_of
from .rights import Rights
from .room import RoomId
from .slice_engine import SliceEngine, lost
from .slice_mirror import TextSlice
from .slice_names import OPEN, SliceNames
from .slice_notebook import NotebookSlice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..access.model import Person
    from ..access.service import AccessService
    from ..access.snapshot import RangeRecord
    from ..events.bus import Event, EventBus
    from .room import Room
    from .rooms import Rooms
    from .saving import Saver
    from .session import Session
    from .slice_engine import Part

logger = logging.getLogger(__name__)

_CLEANUP_DELAY_S = 60.0
_LINEAGE_BYTES = 16


class SliceRoom:
    """One range of an open document, as a room of its own."""

    def __init__(
        self, room_id: RoomId, range_id: str, core: Room, on_end: Callable[[SliceRoom], None]
    ) -> None:
        self.id = room_id
        self.range_id = range_id
        self.core = core
        self.told_path = core.path
        # What it holds isn't kept: after a restart it is another document with the same content.
        self.lineage = secrets.token_hex(_LINEAGE_BYTES)
        loop = asyncio.get_running_loop()
        self.part = self._make_part()
        self.engine = SliceEngine(
            core.engine,
            self.part,
            lambda delay_s, callback: (
                loop.call_later(delay_s, callback) if delay_s else loop.call_soon(callback)
            ),
            loop.time,
            lambda: on_end(self),
        )
        with self.part.doc.transaction():
            self.part.state["document_id"] = str(room_id)
        core.dependants.add(self)
        if isinstance(self.part, TextSlice):
            core.bridge_cursors(range_id, self.engine, self.part.judge)

    @property
    def path(self) -> str:
        """Where the whole file is, in the project."""
        return self.core.path

    @property
    def resource(self) -> Resource:
        """What access to it is granted on."""
        return Resource(self.path, self.range_id)

    @property
    def saver(self) -> Saver:
        """What keeps the whole file."""
        return self.core.saver

    def end(self, error: CodeSyncXError) -> None:
        """Send everybody away: the whole document can't go on, or what this was of it is gone."""
        self.engine.end(error)

    def close(self) -> None:
        """Let go of the whole document."""
        self.core.dependants.discard(self)
        self.core.end_cursors(self.range_id)
        self.engine.close()

    def _make_part(self) -> Part:
        ranges = self.core.ranges
        if ranges.kind == CELLS:
            held = ranges.cells[self.range_id]
            part = NotebookSlice(self.core.ydoc, self.range_id, held, self._on_lost)
            if part.is_empty:
                part.close()
                raise lost()
            return part
        if ranges.tracker is None:
            raise lost()
        return TextSlice(ranges.tracker, self.range_id, self._on_lost)

    def _on_lost(self) -> None:
        self.end(lost())


class SliceRooms:
    """The open slices by their range's id."""

    def __init__(
        self, rooms: Rooms, access: AccessService | None, settings: dict[str, Any], bus: EventBus
    ) -> None:
        self._rooms = rooms
        self._access = access
        self._settings = settings
        self._open: dict[str, SliceRoom] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._cleaners: dict[str, asyncio.TimerHandle] = {}
        self._subscriptions = [
            bus.subscribe("file.deleted", self._on_deleted),
            bus.subscribe("file.renamed", self._on_renamed),
            bus.subscribe("document.saved", self._on_saved),
        ]

    def __iter__(self) -> Iterator[SliceRoom]:
        return iter(list(self._open.values()))

    def record_of(self, file_id: str) -> RangeRecord | None:
        """Give the range that a room's file id stands for; None for that of a file."""
        if not file_id.startswith(SLICE_ID) or self._access is None:
            return None
        return self._access.ranges.get(file_id.removeprefix(SLICE_ID))

    def id_of(self, record: RangeRecord) -> RoomId:
        """Give the name of a range's room."""
        return RoomId(*room_of(record.kind, record.path), f"{SLICE_ID}{record.id}")

    def admit(self, name: str, session: Session) -> None:
        """Tell a session what it may do in a slice; raises why its person may not come in."""
        if session.person is None:
            raise NotFoundError("There is no such document.")
        session.take(self.rights(name, session.person))

    def rights(self, name: str, person: Person) -> Rights:
        """Give what somebody may do in a slice; raises why they may not come in."""
        access, record = self._access, self._record(name)
        if access is None:
            raise NotFoundError("There is no such document.")
        policy, now = access.policy, access.now()
        if policy.allows(person, Permission.READ, Resource(record.path), now):
            raise self._outgrown(record, person)
        permissions = policy.permissions(person, Resource(record.path, record.id), now)
        if Permission.READ not in permissions:
            raise RefusedError("This part of the file isn't yours to see any more.")
        return Rights(
            may_edit=False,
            may_execute=Permission.EXECUTE in permissions,
            may_comment=False,
            open=frozenset({record.id} if Permission.EDIT in permissions else ()),
        )

    async def open(self, name: str) -> SliceRoom:
        """Give a slice's room; raises what's wrong with its file or its range."""
        record = self._record(name)
        if record.state != OPEN:
            raise lost()
        room_id = self.id_of(record)
        if str(room_id) != name:
            raise NotFoundError("There is no such document.")
        async with self._locks.setdefault(record.id, asyncio.Lock()):
            self._keep(record.id)
            found = self._open.get(record.id)
            if found is None:
                found = await self._load(room_id, record)
                self._open[record.id] = found
            return found

    async def lineage(self, name: str) -> str:
        """Open a slice's room, for a while, and tell of which lineage it is."""
        room = await self.open(name)
        self.release(room)
        return room.lineage

    def release(self, room: SliceRoom) -> None:
        """Close a slice after a while, unless somebody comes."""
        delay_s = self._settings.get("collaborative_document_cleanup_delay", _CLEANUP_DELAY_S)
        is_open = self._open.get(room.range_id) is room
        if delay_s is None or room.engine.sessions or not is_open:
            return
        self._keep(room.range_id)
        loop = asyncio.get_running_loop()
        self._cleaners[room.range_id] = loop.call_later(delay_s, lambda: self._close_if_empty(room))

    def take_access(self) -> None:
        """Take over who may do what now; who may not even read is out."""
        for room in self:
            for session in list(room.engine.sessions):
                try:
                    self.admit(str(room.id), session)
                except CodeSyncXError as error:
                    session.close(error)
            if not self._is_shared(room.range_id):
                room.end(lost())

    def stop(self) -> None:
        """Close everything; the documents themselves stay open."""
        for unsubscribe in self._subscriptions:
            unsubscribe()
        for room in self:
            room.end(StorageError("The server is closing this document."))
        for range_id in list(self._cleaners):
            self._keep(range_id)

    def _outgrown(self, record: RangeRecord, person: Person) -> CodeSyncXError:
        """Say to somebody who may read the whole file by now that a part is no more for them."""
        access = self._access
        held = () if access is None else SliceNames(access).held(person, record.path)
        if not held or held[0] == record.id:
            # The file itself is at the path by which they came.
            return LineageChangedError("You may read the whole file now.")
        return OutgrownError(f"You may read all of {record.path} now; open it instead.")

    def _is_shared(self, range_id: str) -> bool:
        if self._access is None or not self._access.is_available:
            return True  # nobody can say; nobody but the owner gets in meanwhile
        record = self._access.ranges.get(range_id)
        return record is not None and record.state == OPEN

    def _record(self, name: str) -> RangeRecord:
        record = self.record_of(RoomId.parse(name).file_id)
        if record is None:
            raise NotFoundError("These lines aren't shared any more.")
        return record

    async def _load(self, room_id: RoomId, record: RangeRecord) -> SliceRoom:
        file_id = self._settings["file_id_manager"].index(record.path)
        if file_id is None:
            raise NotFoundError("This file is gone.")
        core = await self._rooms.open(str(RoomId(room_id.file_format, room_id.file_type, file_id)))
        try:
            if not core.ranges.has(record.id):
                raise lost()
            return SliceRoom(room_id, record.id, core, self._on_end)
        finally:
            self._rooms.release(core)

    def _on_end(self, room: SliceRoom) -> None:
        self._keep(room.range_id)
        if self._open.get(room.range_id) is room:
            del self._open[room.range_id]
        # It may be in the middle of a change of the document that it lets go of.
        asyncio.get_running_loop().call_soon(self._let_go, room)

    def _let_go(self, room: SliceRoom) -> None:
        room.close()
        self._rooms.release(room.core)

    def _close_if_empty(self, room: SliceRoom) -> None:
        if not room.engine.sessions:
            room.end(StorageError("The server is closing this document."))

    def _keep(self, range_id: str) -> None:
        cleaner = self._cleaners.pop(range_id, None)
        if cleaner is not None:
            cleaner.cancel()

    def _on_saved(self, event: Event) -> None:
        for room in self:
            if str(room.core.id) == event.data.get("room_id"):
                room.engine.tell_saved()

    def _on_renamed(self, _event: Event) -> None:
        # What is granted moves along with the file in the same round of calls.
        asyncio.get_running_loop().call_soon(self._tell_paths)

    def _tell_paths(self) -> None:
        if self._access is None:
            return
        names = SliceNames(self._access)
        for room in self:
            if room.told_path == room.path:
                continue
            room.told_path = room.path
            people = [each.person for each in room.engine.sessions if each.person is not None]
            paths = {names.path_for(person, room.range_id) for person in people}
            (path,) = paths if len(paths) == 1 else (None,)
            if path is not None:
                room.engine.tell_path(path)

    def _on_deleted(self, event: Event) -> None:
        path = str(event.data.get("path"))
        for room in self:
            if room.path == path or room.path.startswith(f"{path}/"):
                room.end(NotFoundError("The file that these lines are from was deleted."))
