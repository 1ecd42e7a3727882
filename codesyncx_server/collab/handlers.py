"""The routes of document rooms, jupyter-collaboration's own, served by our engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import ensure_async
from tornado import web
from tornado.websocket import WebSocketHandler

from .. import updates
from ..errors import (
    CodeSyncXError,
    InvalidRequestError,
    LineageChangedError,
    NotFoundError,
    RefusedError,
    TooLargeError,
    TooManyError,
)
from ..gate.person import person_of
from ..gate.slices import SLICE_ID, slices_in
from . import metrics, protocol
from .opening import Opening
from .room import RoomId
from .rooms import Rooms
from .session import Member, Session
from .wire import SocketWire

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ..access.model import Person
    from .engine import Engine
    from .room import Room
    from .slice_rooms import SliceRoom
    from .wiring import Collaboration

logger = logging.getLogger(__name__)

# Beyond it a message isn't even read to its end, and its sender can't be told why.
_FAR_TOO_LARGE = 4
_LARGE_UPDATE_BYTES = 256_000
_FIRST_QUESTION_S = 0.1
_DRAIN_S = 0.05
_MAX_CONNECTIONS_PER_PERSON = 512


class InternalError(CodeSyncXError):
    """Something we didn't foresee."""


class RoomHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """The websocket of one client in one room."""

    auth_resource = "contents"
    _connections: ClassVar[Counter[str]] = Counter()

    def initialize(self, collaboration: Collaboration) -> None:
        self._collaboration = collaboration
        self._session: Session | None = None
        self._engine: Engine | None = None
        self._room: Room | SliceRoom | None = None
        self._entering: asyncio.Future[None] | None = None
        self._opening: Opening | None = None
        self._asked = asyncio.Event()
        self._answered_by: Room | None = None
        self._name = ""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def max_message_size(self) -> int:
        """The largest message taken, in bytes; tornado ends the connection beyond it."""
        return _FAR_TOO_LARGE * self._collaboration.max_edit_bytes

    def get_compression_options(self) -> None:
        """Refuse compression: frames are built once for everybody."""
        return

    @ws_authenticated
    @authorized
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Check who it is and what they may do before there is any room."""
        await super().get(*args, **kwargs)

    async def open(self, name: str) -> None:
        """Let the client in, or tell it why not."""
        super().open(name)
        self.set_nodelay(True)
        username = self.current_user.username
        self._name = name
        session = await self._identify()
        if self.ws_connection is None:
            return
        self._session = session
        self._connections[username] += 1
        metrics.CLIENTS.inc()
        # tornado reads messages only once this returns, and the first may be answered before that.
        self._entering = asyncio.ensure_future(self._come_in(name, session))

    def on_message(self, message: str | bytes) -> Awaitable[None] | None:
        """Take in one message."""
        if self._entering is None:
            return self._take(message)
        return self._take_later(self._entering, message)

    async def _come_in(self, name: str, session: Session) -> None:
        try:
            self._check_connections(session.member.username)
            engine = await self._enter(name, session)
            if self.ws_connection is None:
                self._release()
                return
            earlier = self._answered_by
            engine.join(session, has=None if earlier is None else earlier.replayed_state)
            self._engine = engine
            if self._room is not None:
                self._collaboration.events.joined(name, session.member.username)
        except CodeSyncXError as error:
            self._end(error)
        except Exception:
            logger.exception("The room %s can't be opened", name)
            self._end(InternalError("The server can't open this document; its log says why."))
        finally:
            self._entering = None

    async def _take_later(self, entering: asyncio.Future[None], message: str | bytes) -> None:
        """Keep a message until its sender is in; the first question may be answered at once."""
        opening, self._opening = self._opening, None
        if opening is not None and message == protocol.NOTHING_YET:
            await self._answer_first(opening)
            return
        self._asked.set()
        await entering
        taken = self._take(message)
        if taken is not None:
            await taken

    def _take(self, message: str | bytes) -> Awaitable[None] | None:
        session, engine = self._session, self._engine
        if session is None or engine is None or session.is_closed:
            return None
        try:
            self._check_size(message)
            decoded = protocol.decode(_binary(message))
            if isinstance(decoded, protocol.SaveRequest) and self._room is not None:
                self._spawn(self._save(decoded.request_id))
            elif isinstance(decoded, protocol.Update) and (
                len(decoded.update) > _LARGE_UPDATE_BYTES
            ):
                return self._take_large(engine, session, decoded)
            else:
                engine.receive(session, decoded)
        except CodeSyncXError as error:
            self._end(error)
        except Exception:
            logger.exception("A message to %s failed", self._name)
            self._end(InternalError("The server failed on your last change."))
        return None

    def on_close(self) -> None:
        """Let the others know."""
        session = self._session
        if session is None:
            return
        self._session = None
        self._connections[session.member.username] -= 1
        if self._connections[session.member.username] <= 0:
            del self._connections[session.member.username]
        metrics.CLIENTS.dec()
        if self._engine is not None:
            self._engine.leave(session)
            if self._room is not None:
                self._collaboration.events.left(self._name, session.member.username)
        self._release()

    def _check_size(self, message: str | bytes) -> None:
        if len(message) > self._collaboration.max_edit_bytes:
            megabytes = self._collaboration.max_edit_bytes / 1e6
            raise TooLargeError(f"More than {megabytes:.0f} MB can't be sent at once.")

    def _check_connections(self, username: str) -> None:
        if self._connections[username] > _MAX_CONNECTIONS_PER_PERSON:
            raise TooManyError("You have too many documents open at once.")

    async def _identify(self) -> Session:
        user = self.current_user
        may_write = await ensure_async(
            self.authorizer.is_authorized(self, user, "write", self.auth_resource)
        )
        member = Member(
            username=user.username,
            name=user.name or user.username,
            display_name=user.display_name or user.name or user.username,
            initials=user.initials,
            color=user.color,
            avatar_url=user.avatar_url,
        )
        self._wire = SocketWire(self)
        return Session(member, self._wire, person=person_of(self), is_reader=not may_write)

    async def _enter(self, name: str, session: Session) -> Engine:
        collaboration = self._collaboration
        await collaboration.start()
        if name.count(":") < 2:  # noqa: PLR2004 (documents are format:type:id)
            return collaboration.lobbies.open(name, session)
        home = collaboration.home_of(name)
        home.admit(name, session)
        if isinstance(home, Rooms):
            found = await home.begin(name)
            if isinstance(found, Opening):
                self._check_lineage(found.room)
                await self._hear_first_question(found)
        room = await home.open(name)
        self._check_lineage(room)
        self._room = room
        if room.id.file_type == "chat":
            collaboration.remember(self.current_user)
        # It may have been another moment when it was asked whether they may come in.
        home.admit(name, session)
        return room.engine

    def _check_lineage(self, room: Room | SliceRoom) -> None:
        lineage = self.get_query_argument("sessionId", "")
        if lineage and lineage != room.lineage:
            raise LineageChangedError("This document began anew since you opened it.")

    async def _hear_first_question(self, opening: Opening) -> None:
        """Let who has nothing yet be answered from the log, before the document is built."""
        self._opening = opening
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), _FIRST_QUESTION_S)
        self._opening = None

    async def _answer_first(self, opening: Opening) -> None:
        session = self._session
        if session is None or opening.first_answer is None:
            return
        try:
            self._collaboration.rooms.admit(self._name, session)
        except CodeSyncXError as error:
            self._end(error)
        else:
            self._answered_by = opening.room
            self._wire.send(opening.first_answer)
            await self._wire.drain(_DRAIN_S)
        self._asked.set()

    async def _take_large(self, engine: Engine, session: Session, message: protocol.Update) -> None:
        """Read a large update in a thread; tornado keeps the client's next message waiting."""
        try:
            decoded = await asyncio.to_thread(updates.read_update, message.update)
            engine.take_decoded(session, message, decoded)
        except CodeSyncXError as error:
            self._end(error)
        except Exception:
            logger.exception("A large update to %s failed", self._name)
            self._end(InternalError("The server failed on your last change."))

    async def _save(self, request_id: int) -> None:
        room, session = self._room, self._session
        if room is None or session is None:
            return
        try:
            if not session.rights.may_change:
                status = "skipped"  # nothing of theirs can be unsaved
            else:
                await room.saver.save()
                status = "success"
        except CodeSyncXError as error:
            logger.warning("%s couldn't be saved: %s", room.path, error)
            status = "failed"
        if not session.is_closed:
            session.wire.send(protocol.frame(protocol.save_reply(request_id, status)))

    def _end(self, error: CodeSyncXError) -> None:
        metrics.REFUSALS.labels(error.code).inc()
        if self._session is not None and isinstance(error, RefusedError):
            self._collaboration.note_refusal(self._session, self._room)
        if self._session is not None:
            logger.info(
                "Ended the connection of %s to %s: %s",
                self._session.member.username,
                self._name,
                error,
            )
            self._session.close(error)

    def _release(self) -> None:
        if self._room is not None:
            self._collaboration.release(self._room)
        elif self._name:
            self._collaboration.lobbies.release(self._name)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _binary(message: str | bytes) -> bytes:
    if isinstance(message, str):
        raise InvalidRequestError("Messages to a room are binary.")
    return message


class SessionHandler(APIHandler):
    """Tells which room a document has, and of which lineage."""

    auth_resource = "contents"

    def initialize(self, collaboration: Collaboration) -> None:
        self._collaboration = collaboration

    @web.authenticated
    @authorized
    async def put(self, path: str) -> None:
        """Open the document's room; what's wrong with the file is told right here."""
        # jupyter-collaboration's timeline asks for "/a.py". Under that name the file would get a
        # second id, and with it a second room.
        path = path.strip("/")
        body = self.get_json_body()
        if not isinstance(body, dict):
            raise web.HTTPError(400, "Tell the document's format and type.")
        try:
            await self._collaboration.start()
            person = person_of(self)
            file_id, is_new = self._file_id(person, path)
            room_id = RoomId.parse(f"{body.get('format')}:{body.get('type')}:{file_id}")
            home = self._collaboration.home_of(str(room_id))
            home.rights(str(room_id), person)
            lineage = await home.lineage(str(room_id))
        except CodeSyncXError as error:
            raise web.HTTPError(error.http_status, str(error)) from error
        self.set_status(201 if is_new else 200)
        self.finish(
            json.dumps(
                {
                    "format": room_id.file_format,
                    "type": room_id.file_type,
                    "fileId": file_id,
                    "sessionId": lineage,
                }
            )
        )

    def _file_id(self, person: Person, path: str) -> tuple[str, bool]:
        """Give the file's id, or that of what the person sees in its place; and if it is new."""
        slices = slices_in(self.settings)
        resource = None if slices is None else slices.range_at(person, path)
        if resource is not None:
            return f"{SLICE_ID}{resource.range_id}", False
        manager = self.settings["file_id_manager"]
        known = manager.get_id(path)
        file_id = known or manager.index(path)
        if file_id is None:
            raise NotFoundError(f"{path} doesn't exist")
        return str(file_id), not known
