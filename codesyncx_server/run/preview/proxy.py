"""The reverse proxy of previews: streams requests, answers, events and WebSockets.

Nothing is kept in memory but a piece of what passes: whoever reads slowly slows the other side
down. Who may pass is the doorkeeper's to say, when a request comes and for as long as it lasts.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream, StreamClosedError

from .headers import is_websocket, to_app, to_browser

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Coroutine

logger = logging.getLogger(__name__)

MAX_HEADER_BYTES = 64 * 1024
MAX_UPLOAD_BYTES = 1_000_000_000
MAX_EXCHANGES = 200
#: Until an app has begun to answer; after that, it may take its time.
FIRST_ANSWER_S = 60.0
IDLE_S = 75.0
_CHECK_EVERY_S = 2.0
_CHUNK = 64 * 1024
_MOST_ANSWER_BYTES = 1 << 50


@dataclass(frozen=True, slots=True)
class Admission:
    """A way to an app."""

    connect: Callable[[], Awaitable[socket.socket]]
    """Raises OSError when nothing listens there."""
    still_holds: Callable[[], bool]
    embedded_by: str = ""
    """The origin whose pages may show it in a frame."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of the server's own."""

    status: int
    title: str
    sentence: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=())
    again_after_s: int | None = None


class Doorkeeper(Protocol):
    """Who knows which previews there are and who may see them."""

    scheme: str

    async def admit(self, path: str, headers: HTTPHeaders) -> Admission | Refusal:
        """Say whether, and where to, a request goes."""


class PreviewProxy(HTTPServerConnectionDelegate):
    """Takes requests of browsers to the apps of runs."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self.doorkeeper = doorkeeper
        self._exchanges: set[_Exchange] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: HTTPServer | None = None
        self.port = 0

    def listen(self, sockets: list[socket.socket]) -> None:
        """Begin to serve."""
        self._server = HTTPServer(
            self,
            max_header_size=MAX_HEADER_BYTES,
            max_body_size=MAX_UPLOAD_BYTES,
            chunk_size=_CHUNK,
            idle_connection_timeout=IDLE_S,
        )
        self._server.add_sockets(sockets)
        self.port = sockets[0].getsockname()[1]
        self.spawn(self._look_after())

    async def close(self) -> None:
        """End all that passes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for exchange in list(self._exchanges):
            exchange.close()
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()

    def start_request(
        self,
        server_conn: object,  # noqa: ARG002 - the library's signature
        request_conn: HTTPConnection,
    ) -> HTTPMessageDelegate:
        """Take a request."""
        if not isinstance(request_conn, HTTP1Connection):
            raise TypeError("previews are served over HTTP/1.1 alone")
        return _Exchange(self, request_conn)

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Do something on the side, and see it through."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def has_room(self) -> bool:
        """Whether one more can pass."""
        return len(self._exchanges) < MAX_EXCHANGES

    def enter(self, exchange: _Exchange) -> None:
        """Look after one that passes."""
        self._exchanges.add(exchange)

    def leave(self, exchange: _Exchange) -> None:
        """Forget one that is over."""
        self._exchanges.discard(exchange)

    async def _look_after(self) -> None:
        """End what may no longer be: rights can be taken back while a connection lasts."""
        while True:
            await asyncio.sleep(_CHECK_EVERY_S)
            for exchange in list(self._exchanges):
                if not exchange.still_holds():
                    exchange.close()


class _Exchange(HTTPMessageDelegate):
    """One request and its answer, or one WebSocket."""

    def __init__(self, proxy: PreviewProxy, browser: HTTP1Connection) -> None:
        self._proxy = proxy
        self._browser = browser
        self._app: HTTP1Connection | None = None
        self._admission: Admission | None = None
        self._streams: list[IOStream] = []
        self.has_begun = False

    def still_holds(self) -> bool:
        return self._admission is None or self._admission.still_holds()

    async def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        if not isinstance(start_line, RequestStartLine):
            return
        if not self._proxy.has_room():
            self._refuse(Refusal(503, "Too much at once", "Please try again in a moment."))
            return
        answer = await self._proxy.doorkeeper.admit(start_line.path, headers)
        if isinstance(answer, Refusal):
            self._refuse(answer)
            return
        self._admission = answer
        self._proxy.enter(self)
        try:
            connection = await answer.connect()
        except (OSError, TimeoutError):
            self._refuse(
                Refusal(
                    503,
                    "Not there yet",
                    "Nothing listens on this port of the run so far. This page looks again.",
                    again_after_s=2,
                )
            )
            self._end()
            return
        await self._pass_on(start_line, headers, connection)

    async def _pass_on(
        self, start_line: RequestStartLine, headers: HTTPHeaders, connection: socket.socket
    ) -> None:
        stream = IOStream(connection, read_chunk_size=_CHUNK)
        self._streams.append(stream)
        self._app = HTTP1Connection(
            stream,
            is_client=True,
            params=HTTP1ConnectionParameters(
                no_keep_alive=True,
                chunk_size=_CHUNK,
                max_header_size=MAX_HEADER_BYTES,
                header_timeout=FIRST_ANSWER_S,
                max_body_size=_MOST_ANSWER_BYTES,
            ),
        )
        passed = to_app(headers, scheme=self._proxy.doorkeeper.scheme)
        try:
            await self._app.write_headers(
                RequestStartLine(start_line.method, start_line.path, "HTTP/1.1"), passed
            )
        except StreamClosedError:
            self._fail()
            return
        if is_websocket(headers):
            # Before this returns: only now can the connection be taken over.
            self._app.finish()
            await self._answer(_Answer(self, self._browser, may_switch=True))
        else:
            self._proxy.spawn(self._answer(_Answer(self, self._browser, may_switch=False)))

    async def data_received(self, chunk: bytes) -> None:
        if self._app is not None:
            with contextlib.suppress(StreamClosedError):
                await self._app.write(chunk)

    def finish(self) -> None:
        if self._app is not None and self._app.stream is not None:
            with contextlib.suppress(StreamClosedError):
                self._app.finish()

    def on_connection_close(self) -> None:
        self.close()

    async def _answer(self, answer: _Answer) -> None:
        if self._app is None:
            return
        with contextlib.suppress(StreamClosedError):
            await self._app.read_response(answer)
        if not self.has_begun:
            self._fail()
        elif not answer.is_whole and not answer.has_switched:
            self._browser.close()
        if not answer.has_switched:
            self._end()

    def switch(self, reply: ResponseStartLine, headers: HTTPHeaders) -> None:
        """Take both connections over, for bytes to pass both ways as they are."""
        if self._app is None or self._admission is None:
            return
        embedded_by = self._admission.embedded_by
        passed = to_browser(headers, embedded_by=embedded_by)
        passed["Connection"], passed["Upgrade"] = "Upgrade", "websocket"
        lines = [f"HTTP/1.1 101 {reply.reason}"]
        lines += [f"{name}: {value}" for name, value in passed.get_all()]
        self.has_begun = True
        app, browser = self._app.detach(), self._browser.detach()
        self._streams = [app, browser]
        browser.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        self._proxy.spawn(self._tunnel(app, browser))

    async def _tunnel(self, app: IOStream, browser: IOStream) -> None:
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(app, browser))
                both.create_task(_pump(browser, app))
        finally:
            self._end()

    def headers_for_browser(self, headers: HTTPHeaders) -> HTTPHeaders:
        embedded_by = "" if self._admission is None else self._admission.embedded_by
        return to_browser(headers, embedded_by=embedded_by)

    def _fail(self) -> None:
        self._refuse(
            Refusal(
                502,
                "No answer that can be shown",
                "The app has closed the connection, taken longer than "
                f"{FIRST_ANSWER_S:.0f} seconds, or sent headers of more than "
                f"{MAX_HEADER_BYTES // 1024} kB.",
            )
        )

    def _refuse(self, refusal: Refusal) -> None:
        self.has_begun = True
        page = _PAGE.format(
            title=html.escape(refusal.title), sentence=html.escape(refusal.sentence)
        ).encode()
        headers = HTTPHeaders(
            {
                "Content-Type": "text/html; charset=utf-8",
                "Content-Length": str(len(page)),
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
                "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
            }
        )
        if refusal.again_after_s is not None:
            headers["Refresh"] = str(refusal.again_after_s)
        for name, value in refusal.headers:
            headers.add(name, value)
        with contextlib.suppress(StreamClosedError):
            self._browser.write_headers(
                ResponseStartLine("HTTP/1.1", refusal.status, refusal.title), headers, page
            )
            self._browser.finish()

    def close(self) -> None:
        for stream in self._streams:
            stream.close()
        if self._browser.stream is not None:
            self._browser.close()
        self._end()

    def _end(self) -> None:
        for stream in self._streams:
            stream.close()
        self._proxy.leave(self)


class _Answer(HTTPMessageDelegate):
    """What an app answers, passed on as it comes."""

    def __init__(self, exchange: _Exchange, browser: HTTP1Connection, *, may_switch: bool) -> None:
        self._exchange = exchange
        self._browser = browser
        self._may_switch = may_switch
        self.is_whole = False
        self.has_switched = False

    async def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        if not isinstance(start_line, ResponseStartLine):
            return
        if start_line.code == 101 and self._may_switch:  # noqa: PLR2004 - Switching Protocols
            self.has_switched = True
            self._exchange.switch(start_line, headers)
        elif start_line.code >= 200:  # noqa: PLR2004 - the others only say "wait"
            self._exchange.has_begun = True
            passed = self._exchange.headers_for_browser(headers)
            line = ResponseStartLine("HTTP/1.1", start_line.code, start_line.reason)
            with contextlib.suppress(StreamClosedError):
                await self._browser.write_headers(line, passed)

    async def data_received(self, chunk: bytes) -> None:
        try:
            await self._browser.write(chunk)
        except StreamClosedError:
            self._exchange.close()

    def finish(self) -> None:
        if self._exchange.has_begun and not self.has_switched:
            self.is_whole = True
            with contextlib.suppress(StreamClosedError):
                self._browser.finish()

    def on_connection_close(self) -> None:
        """Nothing: whoever reads the answer sees that it isn't whole."""


async def _pump(source: IOStream, target: IOStream) -> None:
    try:
        while True:
            await target.write(await source.read_bytes(_CHUNK, partial=True))
    except StreamClosedError:
        pass
    finally:
        source.close()
        target.close()


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 16px/1.5 system-ui, sans-serif; margin: 15vh auto; max-width: 32em;
         padding: 0 1em; }}
  h1 {{ font-size: 1.3em; }}
</style>
<h1>{title}</h1><p>{sentence}</p></html>
"""
