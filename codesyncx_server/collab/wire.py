"""Carries frames over a tornado websocket, past its per-message work.

The frames are built once for all listeners; each listener costs one `send` on its socket. What the
operating system doesn't take at once goes through tornado's stream, which then keeps the order.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any

from tornado.iostream import SSLIOStream, StreamClosedError

if TYPE_CHECKING:
    from asyncio import Future

    from tornado.websocket import WebSocketHandler

    from ..errors import CodeSyncXError

logger = logging.getLogger(__name__)

_LARGE_BYTES = 256_000
_MAX_REASON_BYTES = 123  # of a close frame (RFC 6455, section 5.5)


class SocketWire:
    """The way to the client of one handler."""

    def __init__(self, handler: WebSocketHandler) -> None:
        self._handler = handler
        connection = handler.ws_connection
        self._stream: Any = None if connection is None else getattr(connection, "stream", None)
        # A TLS stream has to be written through its own layer.
        self._is_direct = self._stream is not None and not isinstance(self._stream, SSLIOStream)
        self._waiting = 0

    @property
    def waiting_bytes(self) -> int:
        """How much tornado still holds for this client."""
        return self._waiting

    def send(self, frames: bytes) -> None:
        """Send whole frames."""
        stream = self._stream
        if stream is None or stream.closed():
            return
        is_large = len(frames) > _LARGE_BYTES  # what remains would have to be copied
        if self._is_direct and not is_large and not self._waiting and not stream.writing():
            try:
                sent = stream.socket.send(frames)
            except BlockingIOError:
                sent = 0
            except OSError:
                return  # the stream will hear of it when it reads next
            if sent == len(frames):
                return
            frames = frames[sent:]
        self._write(frames)

    async def drain(self, at_most_s: float) -> None:
        """Wait until the operating system has taken all, but not for long."""
        if self._waiting:
            with contextlib.suppress(TimeoutError, StreamClosedError):
                await asyncio.wait_for(asyncio.shield(self._stream.write(b"")), at_most_s)

    def close(self, error: CodeSyncXError) -> None:
        """Close with the error's code and a JSON reason."""
        if self._waiting:
            # The closing frame would wait behind what isn't read; the browser reconnects anyway.
            logger.debug("Closing a connection that reads slowly")
        self._handler.close(error.close_code, close_reason(error))

    def _write(self, frames: bytes) -> None:
        count = len(frames)
        try:
            future = self._stream.write(frames)
        except StreamClosedError:
            return
        self._waiting += count

        def on_written(done: Future[None]) -> None:
            self._waiting -= count
            if not done.cancelled():
                done.exception()  # a closed stream is told by on_close

        future.add_done_callback(on_written)


def close_reason(error: CodeSyncXError) -> str:
    """Say why, as the JSON that the browser reads; the message is cut to what a frame holds."""
    message = str(error)
    while True:
        reason = json.dumps({"code": error.code, "message": message}, ensure_ascii=False)
        surplus = len(reason.encode()) - _MAX_REASON_BYTES
        if surplus <= 0 or not message:
            return reason
        message = message[: -max(1, surplus // 4)].rstrip()
