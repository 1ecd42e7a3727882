"""The WebSocket that a browser's media goes over where only web traffic gets through."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import TYPE_CHECKING, Any

from tornado.websocket import WebSocketClosedError, WebSocketHandler

from codesyncx_server.errors import CodeSyncXError, RefusedError

from ..errors import InvalidRequestError
from ..frames.wire import MAX_FRAME
from .handlers import JOIN_WITHIN_S, close_reason
from .media_messages import decode_media
from .pace import Pace

if TYPE_CHECKING:
    from ..calls import Calls
    from ..frame_link import FrameLink

_log = logging.getLogger(__name__)


class MediaSocket(WebSocketHandler):
    """Frames of one member. Its first message has the key that signalling gave them."""

    def initialize(self, calls: Calls) -> None:
        """Take the calls of this process."""
        self._calls = calls
        self._id = secrets.token_hex(8)
        self._link: FrameLink | None = None
        self._pace = Pace(time.monotonic())
        self._is_over = False
        self._was_refused = False
        self._hurry: asyncio.TimerHandle | None = None

    @property
    def max_message_size(self) -> int:
        return MAX_FRAME

    def check_origin(self, origin: str) -> bool:  # noqa: ARG002 (the key is what lets one in)
        """Take browsers from any page."""
        return True

    def open(self, *_args: str, **_kwargs: str) -> None:
        """Wait for the key, but not for long."""
        self.set_nodelay(True)
        late = InvalidRequestError("Nobody said what this connection is for.")
        loop = asyncio.get_running_loop()
        self._hurry = loop.call_later(JOIN_WITHIN_S, self.refuse, late)

    def on_message(self, message: str | bytes) -> None:
        """Take a frame or a word about frames; close on what breaks the protocol."""
        if self._is_over:
            return  # it was on its way when the connection was closed
        try:
            if isinstance(message, str):
                self._pace.spend(time.monotonic())
            if self._link is not None:
                self._link.take(message)
            else:
                self._claim(message)
        except CodeSyncXError as error:
            self.refuse(error)
        except Exception:  # noqa: BLE001 (the outermost frame: one message ends one connection)
            _log.exception("A frame of a call made an error (connection %s)", self._id)
            self.refuse(CodeSyncXError("Something went wrong in the call; join again."))

    def on_close(self) -> None:
        """Let the call know."""
        if self._hurry is not None:
            self._hurry.cancel()
        link, self._link = self._link, None
        if link is not None:
            link.socket_closed(was_refused=self._was_refused)

    def send(self, message: str | bytes) -> None:
        """Send a message; how many may wait is the outbox's to see to."""
        if self.ws_connection is None or self._is_over:
            return
        try:
            written = asyncio.ensure_future(
                self.write_message(message, binary=isinstance(message, bytes))
            )
        except WebSocketClosedError:
            return
        written.add_done_callback(_note_end)

    def refuse(self, error: CodeSyncXError) -> None:
        """Close the connection, with the error for a reason."""
        self._is_over = self._was_refused = True
        self.close(error.close_code, close_reason(error))

    def end(self) -> None:
        """Close the connection; nothing is wrong."""
        self._is_over = True
        self.close(1000)

    def _claim(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            raise InvalidRequestError("The first message says what this connection is for.")
        heard = decode_media(message)
        if heard.type != "open":
            raise InvalidRequestError("The first message says what this connection is for.")
        link = self._calls.open_link(heard.fields["key"], self)
        if link is None:
            raise RefusedError("This key opens nothing, or has been used already.")
        if self._hurry is not None:
            self._hurry.cancel()
        self._link = link


def _note_end(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()  # the socket closed; `on_close` says so
