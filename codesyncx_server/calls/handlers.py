"""`codesyncx/api/calls`: a token for the project's call, and the way to its media process.

Browsers reach the server's own address only, so it passes their signalling on.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.websocket import WebSocketClosedError, websocket_connect

from codesyncx_media.frames.wire import MAX_FRAME
from codesyncx_media.rights import Right
from codesyncx_media.signalling.messages import GOODBYES, MAX_MESSAGE
from codesyncx_media.tokens import MAX_NAME_LENGTH, RoomName
from codesyncx_media.worker import MEDIA_PATH, SIGNALLING_PATH
from codesyncx_server.errors import CodeSyncXError, RefusedError
from codesyncx_server.gate.sight import sight_of
from codesyncx_server.json_api import JsonHandler
from codesyncx_server.socket_api import ProjectSocket

from .callers import PROJECT
from .rights import call_rights

if TYPE_CHECKING:
    from tornado.websocket import WebSocketClientConnection

    from codesyncx_media.rights import Rights
    from codesyncx_server.gate.sight import Sight

    from .callers import Callers
    from .ice import IceSettings
    from .media_process import MediaProcess

logger = logging.getLogger(__name__)

ROOM = "main"
_ROOM_BYTES = 16
VERSION = 1
_REFUSED = "The call is for those who may read the whole project, or may speak in it."
_LOST_CODE = 4503
_MOST_EARLY = 16
_PING_INTERVAL_S = 20.0
_NO_STATUS = 1005
_ABNORMAL = 1006


class TicketHandler(JsonHandler):
    """Gives people what their browsers join a room with."""

    def initialize(self, media: MediaProcess, way: str, ice: IceSettings) -> None:
        self._media = media
        self._way = way
        self._ice = ice

    def rights(self) -> Rights:
        """Give what the person may do in the project's calls; RefusedError when they have none."""
        rights = call_rights(sight_of(self))
        if rights is None:
            raise RefusedError(_REFUSED)
        return rights

    def ticket(self, room: str, rights: Rights) -> dict[str, Any]:
        """Make what lets this person into a room, once and within a minute."""
        user = self.current_user
        now = time.time()
        name = user.display_name or user.name or user.username
        token = self._media.key.sign(
            RoomName(PROJECT, room),
            person_id=user.username,
            display_name=name[:MAX_NAME_LENGTH],
            rights=rights,
            now=now,
        )
        return {
            "version": VERSION,
            "project": PROJECT,
            "room": room,
            "token": token,
            "media": self._way,
            "ice_servers": self._ice.servers_for(user.username, now),
        }


class TokenHandler(TicketHandler):
    """`POST calls/token`: into the project's call."""

    @web.authenticated
    @authorized(action="read")
    async def post(self) -> None:
        await self.answer(self.ticket(ROOM, self.rights()))


class TestHandler(TicketHandler):
    """`POST calls/test`: into a room of one's own, twice, to send something to oneself."""

    @web.authenticated
    @authorized(action="read")
    async def post(self) -> None:
        """Give two tickets. Nobody else is there, so whoever may only listen may send, too."""
        self.rights()
        room = f"test-{secrets.token_hex(_ROOM_BYTES)}"
        rights = frozenset({Right.SPEAK})
        await self.answer({"tickets": [self.ticket(room, rights) for _ in range(2)]})


class SignallingHandler(ProjectSocket):
    """`calls/signalling`: passes messages between a browser and the media process.

    The token in the first message says what they may do.
    """

    def initialize(self, media: MediaProcess, callers: Callers) -> None:
        self._media = media
        self._callers = callers
        self._sight: Sight | None = None
        self._inner: WebSocketClientConnection | None = None
        self._early: list[str | bytes] = []
        self._connecting: asyncio.Task[None] | None = None

    inner_path = SIGNALLING_PATH
    """Where in the media process the other end is."""

    @property
    def max_message_size(self) -> int:
        return 4 * MAX_MESSAGE

    @property
    def ping_interval(self) -> float:
        return _PING_INTERVAL_S

    def open(self, *_args: str, **_kwargs: str) -> None:
        """Find the media process, and pass on what came meanwhile."""
        self.set_nodelay(True)
        sight = sight_of(self)
        try:
            if call_rights(sight) is None:
                raise RefusedError(_REFUSED)
            self._callers.enter(sight)
        except CodeSyncXError as error:
            self.close(error.close_code, error.code)
            return
        self._sight = sight
        self._connecting = asyncio.create_task(self._connect())

    def on_message(self, message: str | bytes) -> None:
        """Pass a message of the browser's on."""
        if self._inner is not None:
            try:
                self._inner.write_message(message, isinstance(message, bytes))
            except WebSocketClosedError:
                self._end(_LOST_CODE, "calls_unavailable")
        elif len(self._early) < _MOST_EARLY:
            self._early.append(message)
        else:
            self._end(4429, "too_many")

    def on_close(self) -> None:
        """Let the media process know, and whether it was a goodbye."""
        if self._sight is not None:
            self._callers.leave(self._sight)
            self._sight = None
        if self._connecting is not None:
            self._connecting.cancel()
        if self._inner is not None:
            self._inner.close(self.close_code if self.close_code in GOODBYES else None)
        super().on_close()

    async def _connect(self) -> None:
        try:
            try:
                inner = await self._dial()
            except OSError:
                await self._media.end_noticed()
                inner = await self._dial()
        except (CodeSyncXError, OSError) as error:
            logger.warning("A browser couldn't be connected to the call: %s", error)
            self._end(_LOST_CODE, "calls_unavailable")
            return
        self._inner = inner
        for message in self._early:
            inner.write_message(message, isinstance(message, bytes))
        self._early.clear()
        is_in = False
        while (heard := await inner.read_message()) is not None:
            if not is_in and self._sight is not None:
                # The first message says that they are in; what their token said may be old by now.
                is_in = True
                self._callers.judge(self._sight)
            try:
                await self.write_message(heard, isinstance(heard, bytes))
            except WebSocketClosedError:
                return
        if inner.close_code in {None, _NO_STATUS, _ABNORMAL}:
            self._end(_LOST_CODE, "calls_unavailable")
        else:
            self._end(inner.close_code, inner.close_reason)

    async def _dial(self) -> WebSocketClientConnection:
        port = await self._media.signalling_port()
        return await websocket_connect(
            f"ws://127.0.0.1:{port}{self.inner_path}", max_message_size=self.max_message_size
        )

    def _end(self, code: int | None, reason: str | None) -> None:
        if self.ws_connection is not None:
            self.close(code, reason)


class MediaHandler(SignallingHandler):
    """`calls/media`: passes sound and pictures where only web traffic gets through.

    The key in the first message says whose they are. What the browser doesn't read isn't read from
    the media process either, so that nothing piles up here.
    """

    inner_path = MEDIA_PATH

    @property
    def max_message_size(self) -> int:
        # What is too long is closed by the process, with its code; a frame of ours isn't.
        return 4 * MAX_FRAME
