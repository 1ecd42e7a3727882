"""The reverse proxy of previews: streams requests, answers, events and WebSockets.

Nothing is kept in memory but a piece of what passes: whoever reads slowly slows the other side
down. Who may pass is the doorkeeper's to say, when a request comes and for as long as it lasts.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
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

from .app_connections import has_end, has_read_ahead, may_wait
from .headers import is_websocket, says_its_length, to_app, to_browser
from .refusal import Refusal

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine

    from .app_connections import AppConnections

logger = logging.getLogger(__name__)

MAX_HEADER_BYTES = 64 * 1024
MAX_UPLOAD_BYTES = 1_000_000_000
MAX_EXCHANGES = 200
#: Until an app has begun to answer; after that, it may take its time.
FIRST_ANSWER_S = 60.0
IDLE_S = 75.0
_CHECK_EVERY_S = 0.5
_CHUNK = 64 * 1024
_MOST_ANSWER_BYTES = 1 << 50


@dataclass(frozen=True, slots=True)
class Admission:
    """A way to an app."""

    apps: AppConnections
    still_holds: Callable[[], bool]
    embedded_by: str = ""
    """The origin whose pages may show it in a frame."""


class Doorkeeper(Protocol):
    """Who knows which previews there are and who may see them."""

    scheme: str

    async def admit(self, path: str, headers: HTTPHeaders) -> Admission | Refusal:
        """Say whether, and where to, a request goes."""

    def look_after(self) -> None:
        """Let go of what nobody has wanted for a while."""


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
            held: dict[Admission, bool] = {}
            for exchange in list(self._exchanges):
                if (admission := exchange.admission) is None:
                    continue
                if admission not in held:
                    held[admission] = admission.still_holds()
                if not held[admission]:
                    exchange.close()
            self.doorkeeper.look_after()


class _Exchange(HTTPMessageDelegate):
    """One request and its answer, or one WebSocket."""

    def __init__(self, proxy: PreviewProxy, browser: HTTP1Connection) -> None:
        self._proxy = proxy
        self._browser = browser
        self._app: HTTP1Connection | None = None
        self.admission: Admission | None = None
        self._request: tuple[RequestStartLine, HTTPHeaders] | None = None
        self._is_reused = False
        self._streams: list[IOStream] = []
        self._is_over = False
        self.has_begun = False

    async def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        if not isinstance(start_line, RequestStartLine):
            return
        if not says_its_length(headers):
            self._refuse(Refusal(400, "No proper request", "It doesn't say how long it is."))
            self._browser.close()
            return
        if not self._proxy.has_room():
            self._refuse(Refusal(503, "Too much at once", "Please try again in a moment."))
            return
        answer = await self._proxy.doorkeeper.admit(start_line.path, headers)
        if isinstance(answer, Refusal):
            self._refuse(answer)
            return
        self.admission = answer
        self._proxy.enter(self)
        is_free = may_wait(start_line, headers)
        passed = to_app(headers, scheme=self._proxy.doorkeeper.scheme, may_wait=is_free)
        line = RequestStartLine(start_line.method, start_line.path, "HTTP/1.1")
        self._request = (line, passed)
        await self._begin(answer.apps, answer.apps.take() if is_free else None)

    async def _begin(self, apps: AppConnections, waiting: IOStream | None) -> None:
        """Send the request's head by a connection that has waited, or else by a new one."""
        self._is_reused = waiting is not None
        try:
            stream = waiting or await apps.open()
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
        await self._pass_on(stream)

    async def _pass_on(self, stream: IOStream) -> None:
        if self._request is None:
            return
        line, headers = self._request
        self._streams = [stream]
        self._app = HTTP1Connection(
            stream,
            is_client=True,
            params=HTTP1ConnectionParameters(
                chunk_size=_CHUNK,
                max_header_size=MAX_HEADER_BYTES,
                header_timeout=FIRST_ANSWER_S,
                max_body_size=_MOST_ANSWER_BYTES,
            ),
        )
        with contextlib.suppress(StreamClosedError):  # whoever reads the answer finds out, too
            await self._app.write_headers(line, headers)
        if is_websocket(headers):
            # Before this returns: only now can the connection be taken over.
            self._app.finish()
            await self._answer(_Answer(self, self._browser, line.method, may_switch=True))
        else:
            answer = _Answer(self, self._browser, line.method, may_switch=False)
            self._proxy.spawn(self._answer(answer))

    async def data_received(self, chunk: bytes) -> None:
        if self._app is not None:
            with contextlib.suppress(StreamClosedError):
                await self._app.write(chunk)

    def finish(self) -> None:
        self._app_finish()

    def _app_finish(self) -> None:
        if self._app is not None and self._app.stream is not None:
            with contextlib.suppress(StreamClosedError):
                self._app.finish()

    def on_connection_close(self) -> None:
        self.close()

    async def _answer(self, answer: _Answer) -> None:
        if self._app is None:
            return
        try:
            await self._app.read_response(answer)
        except StreamClosedError:
            if not self.has_begun and await self._begin_anew():
                return
        if not self.has_begun:
            self._fail()
        elif not answer.is_whole and not answer.has_switched:
            self._browser.close()
        if not answer.has_switched:
            self._keep_connection(answer)
            self._end()

    async def _begin_anew(self) -> bool:
        """Ask again, if it may be that the app just had enough of a connection that waited."""
        if not self._is_reused or self.admission is None or self._is_over:
            return False
        self._close_streams()
        await self._begin(self.admission.apps, None)
        self._app_finish()
        return True

    def _keep_connection(self, answer: _Answer) -> None:
        """Let the app's connection wait for the viewer's next request, if it can."""
        if (
            answer.is_whole
            and answer.has_end
            and self.admission is not None
            and not self._is_over
            and self._request is not None
            and self._request[1].get("Connection") == "keep-alive"
        ):
            (stream,), self._streams = self._streams, []
            self.admission.apps.give_back(stream)

    def switch(self, reply: ResponseStartLine, headers: HTTPHeaders) -> None:
        """Take both connections over, for bytes to pass both ways as they are."""
        if self._app is None or self.admission is None:
            return
        embedded_by = self.admission.embedded_by
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

    def has_read_ahead(self) -> bool:
        return any(map(has_read_ahead, self._streams))

    def headers_for_browser(self, headers: HTTPHeaders) -> HTTPHeaders:
        embedded_by = "" if self.admission is None else self.admission.embedded_by
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
        headers, page = refusal.page()
        with contextlib.suppress(StreamClosedError):
            self._browser.write_headers(
                ResponseStartLine("HTTP/1.1", refusal.status, refusal.title), headers, page
            )
            self._browser.finish()

    def close(self) -> None:
        self._is_over = True
        self._close_streams()
        if self._browser.stream is not None:
            self._browser.close()
        self._end()

    def _end(self) -> None:
        self._is_over = True
        self._close_streams()
        self._proxy.leave(self)

    def _close_streams(self) -> None:
        for stream in self._streams:
            stream.close()


class _Answer(HTTPMessageDelegate):
    """What an app answers, passed on as it comes."""

    def __init__(
        self, exchange: _Exchange, browser: HTTP1Connection, method: str, *, may_switch: bool
    ) -> None:
        self._exchange = exchange
        self._browser = browser
        self._method = method
        self._held: tuple[ResponseStartLine, HTTPHeaders] | None = None
        self._may_switch = may_switch
        self.is_whole = False
        self.has_end = False
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
            self.has_end = has_end(self._method, start_line, headers)
            passed = self._exchange.headers_for_browser(headers)
            line = ResponseStartLine("HTTP/1.1", start_line.code, start_line.reason)
            if self._exchange.has_read_ahead():
                self._held = (line, passed)  # to go with the beginning of the body
                return
            with contextlib.suppress(StreamClosedError):
                await self._browser.write_headers(line, passed)

    async def data_received(self, chunk: bytes) -> None:
        held, self._held = self._held, None
        try:
            await (
                self._browser.write_headers(*held, chunk) if held else self._browser.write(chunk)
            )
        except StreamClosedError:
            self._exchange.close()

    def finish(self) -> None:
        if self._exchange.has_begun and not self.has_switched:
            self.is_whole = True
            with contextlib.suppress(StreamClosedError):
                if self._held is not None:
                    self._browser.write_headers(*self._held)
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
