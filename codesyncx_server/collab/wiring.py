"""Joins the rooms to one Jupyter server, in the place of jupyter_server_ydoc's own."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
from typing import TYPE_CHECKING, Any

from jupyter_server_ydoc.utils import encode_file_path

from ..access.model import Permission, Resource
from ..gate.sight import PLACES
from ..gate.slices import SLICE_ID, SLICES
from ..storage import project_data_dir
from . import metrics
from .handlers import RoomHandler, SessionHandler
from .lobbies import Lobbies
from .log_folder import LogFolder
from .outlooks import Outlooks
from .range_book import RangeBook
from .room import RoomId
from .rooms import Rooms
from .slice_files import SliceFiles
from .slice_rooms import SliceRoom, SliceRooms
from .upstream_events import UpstreamEvents

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp
    from pycrdt import Doc

    from ..access.service import AccessService
    from ..events.bus import Event, EventBus
    from ..gate.places import Places
    from .edit_judge import ChatJudge
    from .room import Room
    from .session import Session

_LOGS = "documents"


class Collaboration:
    """The rooms of the project that a server serves."""

    rooms: Rooms
    slices: SliceRooms
    lobbies: Lobbies
    events: UpstreamEvents

    def __init__(self, bus: EventBus, max_edit_bytes: int) -> None:
        self._bus = bus
        self.max_edit_bytes = max_edit_bytes
        self._settings: dict[str, Any] = {}
        self._background: list[asyncio.Task[None]] = []
        self._is_open = False
        self._access: AccessService | None = None
        bus.subscribe("access.changed", self._on_access)

    def handlers(self, server: ServerApp | None) -> list[tuple[Any, ...]]:
        """Open the logs and give the routes; they must come before jupyter_server_ydoc's."""
        if server is None:
            return []
        self._settings = server.web_app.settings
        if server.event_logger is None:
            return []
        self.events = UpstreamEvents(server.event_logger)
        access: AccessService | None = self._settings.get("codesyncx_access")
        self._access = access
        self.rooms = Rooms(
            LogFolder(project_data_dir(server.root_dir) / _LOGS),
            server.contents_manager,
            self._settings,
            self._bus,
            self.events,
            self._judge_chat,
            access,
        )
        book = RangeBook(self.rooms, self._settings)
        self._settings["codesyncx_ranges"] = book
        self._is_open = True
        self._settings["codesyncx_rooms"] = self.rooms
        outlooks = None if access is None else Outlooks(access, book, self._settings)
        self.lobbies = Lobbies(self.rooms, access, outlooks)
        self.slices = SliceRooms(self.rooms, access, self._settings, self._bus)
        if access is not None:
            self._settings[SLICES] = SliceFiles(self.slices, access, self._is_file)
        facts = {"collaboration": self}
        return [
            (r"/api/collaboration/room/(.*)", RoomHandler, facts),
            (r"/api/collaboration/session/(.*)", SessionHandler, facts),
        ]

    async def start(self) -> None:
        """Let jupyter_server_ydoc's Python API find our rooms, before the first of them is open."""
        if self._access is not None:
            await self._access.opened()
        if not self._is_open or self._background:
            return
        # What a server has loaded stays; looking through all of it for garbage again and again
        # stopped everybody for a seventh of a second.
        gc.freeze()
        self._background.append(asyncio.create_task(metrics.watch_loop()))
        upstream = self._settings.get("jupyter_server_ydoc")
        if upstream is None:
            return
        server = upstream.ywebsocket_server
        server.rooms.update(self.rooms.shared)
        self.rooms.shared = server.rooms
        self.lobbies.share(server.rooms)
        if not server.started.is_set():
            self._background.append(asyncio.create_task(server.start()))
            await server.started.wait()
        self._serve_documents(upstream)

    async def catch_up(self) -> None:
        """Have the disk hold what is in the open documents."""
        if self._is_open:
            await self.rooms.catch_up()

    async def stop(self) -> None:
        """Save and close everything."""
        if self._is_open:
            self._is_open = False
            self.slices.stop()
            await self.rooms.stop()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def _is_file(self, path: str) -> bool:
        places: Places = self._settings[PLACES]
        return places.is_file(path)

    def home_of(self, name: str) -> Rooms | SliceRooms:
        """Give what keeps the room of that name: rooms of whole documents, or of slices."""
        is_slice = RoomId.parse(name).file_id.startswith(SLICE_ID)
        return self.slices if is_slice else self.rooms

    def release(self, room: Room | SliceRoom) -> None:
        """Close a room after a while, unless somebody comes."""
        if isinstance(room, SliceRoom):
            self.slices.release(room)
        else:
            self.rooms.release(room)

    def note_refusal(self, session: Session, room: Room | SliceRoom | None) -> None:
        """Have the audit say that somebody was refused to write in a document."""
        if self._access is not None and room is not None and session.person is not None:
            self._access.note_refusal(session.person, Permission.EDIT, Resource(room.path))

    def remember(self, user: Any) -> None:
        """Have the chat know who came in."""
        chat = self._settings.get("codesyncx_chat")
        if chat is not None:
            chat.remember(dataclasses.asdict(user))

    def _on_access(self, _event: Event) -> None:
        if self._is_open:
            self.rooms.take_access()
            self.slices.take_access()
            self.lobbies.take_access()

    def _serve_documents(self, upstream: Any) -> None:
        """Have `get_document(create=True)` open our rooms."""
        original = upstream.get_document

        async def get_document(
            *,
            path: str | None = None,
            content_type: str | None = None,
            file_format: str | None = None,
            room_id: str | None = None,
            copy: bool = True,
            create: bool = False,
        ) -> Any:
            name = room_id
            if name is None and path and content_type and file_format:
                file_id = self._settings["file_id_manager"].index(path)
                name = encode_file_path(file_format, content_type, file_id)
            if create and name is not None:
                await self.rooms.open(name)
            return await original(
                path=path,
                content_type=content_type,
                file_format=file_format,
                room_id=room_id,
                copy=copy,
                create=False,
            )

        upstream.get_document = get_document

    def _judge_chat(self, doc: Doc[Any]) -> ChatJudge:
        judge: ChatJudge = self._settings["codesyncx_chat"].judge(doc)
        return judge
