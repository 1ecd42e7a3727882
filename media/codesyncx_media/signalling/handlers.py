"""The WebSocket that a browser talks to a call over."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from typing import TYPE_CHECKING, Any

from tornado.websocket import WebSocketClosedError, WebSocketHandler

from codesyncx_server.errors import CodeSyncXError

from ..errors import InvalidRequestError, TooManyError
from .messages import GOODBYES, MAX_MESSAGE, decode
from .pace import BURST, PER_SECOND, Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..calls import Calls, Seat
    from .turns import Turns

_log = logging.getLogger(__name__)

JOIN_WITHIN_S = 10.0
MAX_UNREAD = 2000
"""How many messages may wait for a browser that doesn't read."""
PING_EVERY_S = 20.0
MAX_CONNECTIONS = 2000
_MAX_REASON_BYTES = 120
"""RFC 6455, section 5.5: 125 with the code."""


class CallSocket(WebSocketHandler):
    """One browser's signalling.

    It asks for no cookie and so for no origin either: who one is, is said by the room token in the
    first message, which no other page can make a browser send.
    """

    open_sockets = 0

    def initialize(self, calls: Calls, turns: Turns) -> None:
        """Take the calls of this process, and the turns that all of their sockets take."""
        self._calls = calls
        self._turns = turns
        self._id = secrets.token_hex(8)
        self._seat: Seat | None = None
        now = time.monotonic()
        self._frames = Pace(now, burst=2 * BURST, per_second=2 * PER_SECOND)
        self._requests = Pace(now)
        self._unread = 0
        self._is_counted = False
        self._is_over = False
        self._is_closed = False
        self._leaving: asyncio.Task[None] | None = None
        self._hurry: asyncio.TimerHandle | None = None

    def check_origin(self, origin: str) -> bool:  # noqa: ARG002 (see the class)
        """Take browsers from any page."""
        return True

    def open(self, *_args: str, **_kwargs: str) -> None:
        """Wait for somebody to say who they are, but not for long."""
        CallSocket.open_sockets += 1
        self._is_counted = True
        if CallSocket.open_sockets > MAX_CONNECTIONS:
            self.refuse(TooManyError("There are too many connections; try again later."))
            return
        loop = asyncio.get_running_loop()
        late = InvalidRequestError("Nobody joined a call over this connection.")
        self._hurry = loop.call_later(JOIN_WITHIN_S, self.refuse, late)

    async def on_message(self, message: str | bytes) -> None:
        """Do what a browser asks for, in turn; close on what breaks the protocol."""
        try:
            self._frames.spend(time.monotonic())
            async with self._turns:
                if not (self._is_over or self._is_closed):
                    self._take(message)
        except CodeSyncXError as error:
            self.refuse(error)
        except Exception:  # noqa: BLE001 (the outermost frame: one message ends one call)
            _log.exception("A message to a call made an error (connection %s)", self._id)
            self.refuse(CodeSyncXError("Something went wrong in the call; join again."))

    def on_close(self) -> None:
        """Leave the call, or be lost for a while when nobody said goodbye."""
        self._is_closed = True
        if self._is_counted:
            CallSocket.open_sockets -= 1
        if self._hurry is not None:
            self._hurry.cancel()
        if self._seat is not None:
            is_meant = self._is_over or self.close_code in GOODBYES
            seat, self._seat = self._seat, None
            go = self._calls.leave if is_meant else self._calls.lose
            self._leaving = asyncio.get_running_loop().create_task(self._go(go, seat))

    async def _go(self, go: Callable[[Seat], None], seat: Seat) -> None:
        try:
            async with self._turns:
                go(seat)
        except Exception:  # noqa: BLE001 (the task's outermost frame)
            _log.exception("Leaving a call made an error (connection %s)", self._id)

    def send(self, text: str) -> None:
        """Send a message; who doesn't read is let go."""
        if self.ws_connection is None:
            return
        if self._unread >= MAX_UNREAD:
            self.refuse(TooManyError("Your browser didn't keep up with the call."))
            return
        try:
            written = asyncio.ensure_future(self.write_message(text))
        except WebSocketClosedError:
            return
        self._unread += 1
        written.add_done_callback(self._written)

    def refuse(self, error: CodeSyncXError) -> None:
        """Close the connection, with the error for a reason."""
        self._is_over = True
        self.close(error.close_code, close_reason(error))

    def _take(self, text: str | bytes) -> None:
        message = decode(text)
        if message.type != "point":
            # Pointing goes on all the time, and its room counts it.
            self._requests.spend(time.monotonic())
        if self._seat is not None:
            if message.type == "leave":
                self._leave(self._seat)
            else:
                self._seat.call.take(self._seat.participant, message)
            return
        if message.type != "join":
            raise InvalidRequestError("The first message says who joins which call.")
        if self._hurry is not None:
            self._hurry.cancel()
        self._seat = self._calls.join(message.fields, self._id, self)

    def _leave(self, seat: Seat) -> None:
        self._is_over, self._seat = True, None
        self._calls.leave(seat)
        self.close(1000)

    def _written(self, future: asyncio.Future[Any]) -> None:
        self._unread -= 1
        if not future.cancelled():
            future.exception()  # the socket closed; `on_close` says so


def close_reason(error: CodeSyncXError) -> str:
    """Write the reason of a close frame: the error, or only its code when that is long."""
    reason = json.dumps({"code": error.code, "message": str(error)})
    if len(reason.encode()) > _MAX_REASON_BYTES:
        reason = json.dumps({"code": error.code})
    return reason


def settings() -> dict[str, Any]:
    """Give the settings that an application with call sockets needs."""
    return {
        # Four bytes for a character at most, as the limit of messages is in characters.
        "websocket_max_message_size": 4 * MAX_MESSAGE,
        "websocket_ping_interval": PING_EVERY_S,
    }
