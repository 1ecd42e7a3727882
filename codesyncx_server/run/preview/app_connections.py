"""Connections to one app that stay open between the requests of one viewer.

A connection is only used again after an answer that said where it ends, to a request that had no
body and changes nothing, and if not a byte came behind the answer: whatever an app or a viewer
sends, nobody gets the answer to somebody else's request.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections import deque
from typing import TYPE_CHECKING

from tornado.iostream import IOStream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tornado.httputil import HTTPHeaders, RequestStartLine, ResponseStartLine

#: Apps that serve one connection at a time serve nobody else meanwhile.
IDLE_S = 2.0
MOST_IDLE = 16
_MOST_CHUNKS = 4
_SAFE = frozenset({"GET", "HEAD"})
_NO_CONTENT, _NOT_MODIFIED = 204, 304


class _PromptStream(IOStream):
    """Sends at once whatever it is given; tornado else says so twice for each message."""

    _is_prompt = False

    def set_nodelay(self, value: bool) -> None:  # noqa: ARG002, FBT001 - the library's signature
        if not self._is_prompt:
            self._is_prompt = True
            super().set_nodelay(True)


class AppConnections:
    """Those of one viewer to one port."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[socket.socket]],
        chunk_bytes: int = 64 * 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open none yet; `connect` raises OSError when nothing listens there."""
        self._connect = connect
        self._chunk_bytes = chunk_bytes
        self._clock = clock
        self._idle: deque[tuple[IOStream, float]] = deque()

    def __len__(self) -> int:
        """Say how many wait for a request."""
        return len(self._idle)

    async def open(self) -> IOStream:
        """Give a new one; OSError when nothing listens."""
        return _PromptStream(
            await self._connect(),
            read_chunk_size=self._chunk_bytes,
            # What comes while nobody reads.
            max_buffer_size=_MOST_CHUNKS * self._chunk_bytes,
        )

    def take(self) -> IOStream | None:
        """Give one that has waited and on which nothing has happened."""
        while self._idle:
            stream, since = self._idle.pop()
            if self._clock() - since < IDLE_S and _is_quiet(stream):
                return stream
            stream.close()
        return None

    def give_back(self, stream: IOStream) -> None:
        """Let one wait for the next request, or close it."""
        if len(self._idle) >= MOST_IDLE or not _is_quiet(stream):
            stream.close()
            return
        self._idle.append((stream, self._clock()))

    def close_idle(self, for_s: float = IDLE_S) -> None:
        """Close those that have waited so long."""
        while self._idle and self._clock() - self._idle[0][1] >= for_s:
            self._idle.popleft()[0].close()


def may_wait(line: RequestStartLine, headers: HTTPHeaders) -> bool:
    """Whether a connection may serve others after this request, and this one after others."""
    has_body = "Content-Length" in headers or "Transfer-Encoding" in headers
    return line.method in _SAFE and not has_body and "Upgrade" not in headers


def has_end(method: str, line: ResponseStartLine, headers: HTTPHeaders) -> bool:
    """Whether an answer says where it ends, and that others may follow it."""
    if line.version != "HTTP/1.1" or "close" in headers.get("Connection", "").lower():
        return False
    if method == "HEAD" or line.code in {_NO_CONTENT, _NOT_MODIFIED}:
        return True
    return ("Content-Length" in headers) != ("Transfer-Encoding" in headers)


def has_read_ahead(stream: IOStream) -> bool:
    """Whether something has come already that nobody has taken."""
    # There is no public way to ask.
    return stream._read_buffer_size > 0


def _is_quiet(stream: IOStream) -> bool:
    """Whether it is open and nothing has come that nobody has asked for."""
    if stream.closed() or stream.reading() or stream.writing() or has_read_ahead(stream):
        return False
    with contextlib.suppress(BlockingIOError):
        stream.socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        return False  # a byte, or its end
    return True
