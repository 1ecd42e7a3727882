"""Connections to previewed apps that serve several requests: whose they are, and when they end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import pytest
from tornado.netutil import bind_sockets

from codesyncx_server.run.preview.app_connections import IDLE_S, MOST_IDLE, AppConnections
from codesyncx_server.run.preview.proxy import Admission, PreviewProxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tornado.httputil import HTTPHeaders

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PATIENCE_S = 20.0


class App:
    """An app that answers with the bytes it is told, and remembers who came by which connection."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.asked: list[list[str]] = []
        """Of each connection, what its requests were and whose."""
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen: list[str] = []
        self.asked.append(seen)
        self.writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                who = next(
                    (line[6:] for line in head.split("\r\n") if line.startswith("X-Who:")), ""
                )
                seen.append(f"{head.partition(' HTTP')[0]}{who}")
                answer = self.answers.pop(0) if self.answers else OK
                if not answer:
                    break
                writer.write(answer)
                await writer.drain()
        writer.close()


class Door:
    """Lets everybody in, as whoever they say."""

    scheme = "http"

    def __init__(self, port: int) -> None:
        self.port = port
        self.known: dict[str, Admission] = {}

    async def admit(self, path: str, headers: HTTPHeaders) -> Admission:
        del path
        who = headers.get("X-Who", "")
        if who not in self.known:
            self.known[who] = Admission(AppConnections(self.connect), lambda: True)
        return self.known[who]

    async def connect(self) -> socket.socket:
        made = socket.socket()
        made.setblocking(False)  # noqa: FBT003 - the library's signature
        await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", self.port))
        return made

    def look_after(self) -> None:
        for admission in self.known.values():
            admission.apps.close_idle()


@contextlib.asynccontextmanager
async def previewed(app: App) -> AsyncIterator[Callable[..., Awaitable[bytes]]]:
    """Give what asks for a path at a preview of the app: raw bytes in, all that comes back."""
    server = await asyncio.start_server(app.serve, "127.0.0.1", 0)
    door = Door(server.sockets[0].getsockname()[1])
    proxy = PreviewProxy(door)
    proxy.listen(bind_sockets(0, "127.0.0.1"))

    async def ask(path: str = "/", who: str = "ada", raw: str = "") -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        head = raw or f"GET {path} HTTP/1.1\r\n"
        writer.write(
            f"{head}Host: p.localhost\r\nX-Who: {who}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = await asyncio.wait_for(reader.read(), PATIENCE_S)
        writer.close()
        await asyncio.sleep(0)
        return answer

    try:
        yield ask
    finally:
        await proxy.close()
        for admission in door.known.values():
            admission.apps.close_idle(0)
        server.close()


async def test_a_viewers_requests_share_a_connection_and_nobody_elses() -> None:
    app = App()
    async with previewed(app) as ask:
        for who in ("ada", "grace", "ada", "grace", "ada"):
            assert (await ask(f"/{who}", who)).endswith(b"\r\n\r\nok")
    assert app.asked == [["GET /ada ada"] * 3, ["GET /grace grace"] * 2]


async def test_what_changes_something_has_a_connection_of_its_own() -> None:
    app = App()
    post = "POST /form HTTP/1.1\r\nContent-Length: 0\r\n"
    async with previewed(app) as ask:
        for raw in ("", post, ""):
            assert (await ask(raw=raw)).endswith(b"ok")
    assert app.asked == [["GET / ada", "GET / ada"], ["POST /form ada"]]


@pytest.mark.parametrize(
    "first",
    [
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        OK + b"x",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nevil",
    ],
)
async def test_a_connection_with_anything_behind_its_answer_is_thrown_away(first: bytes) -> None:
    app = App(first)
    async with previewed(app) as ask:
        answers = [await ask("/one"), await ask("/two")]
    assert all(b"ok" in answer and b"evil" not in answer for answer in answers)
    assert app.asked == [["GET /one ada"], ["GET /two ada"]]


async def test_bytes_that_come_while_a_connection_waits_are_nobodys_answer() -> None:
    app = App()
    async with previewed(app) as ask:
        await ask("/one")
        app.writers[0].write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await app.writers[0].drain()
        assert (await ask("/two")).endswith(b"ok")
    assert app.asked == [["GET /one ada"], ["GET /two ada"]]


@pytest.mark.parametrize(
    "ambiguous",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok",
    ],
)
async def test_an_answer_that_can_be_read_in_two_ways_is_not_given(ambiguous: bytes) -> None:
    app = App(ambiguous)
    async with previewed(app) as ask:
        answer = await ask("/one")
        assert answer.startswith(b"HTTP/1.1 502") or not answer.endswith(b"ok")
        assert (await ask("/two")).endswith(b"ok")
    assert app.asked == [["GET /one ada"], ["GET /two ada"]]


async def test_a_waiting_connection_that_the_app_closes_costs_nobody_an_answer() -> None:
    app = App()
    async with previewed(app) as ask:
        await ask("/one")
        app.writers[0].close()
        assert (await ask("/two")).endswith(b"ok")
        # Just when the next request comes:
        app.answers = [b""]
        assert (await ask("/three")).endswith(b"ok")
    assert app.asked == [["GET /one ada"], ["GET /two ada", "GET /three ada"], ["GET /three ada"]]


async def test_a_new_connection_that_the_app_closes_is_not_tried_again() -> None:
    app = App(b"", OK)
    async with previewed(app) as ask:
        assert (await ask()).startswith(b"HTTP/1.1 502")
    assert app.asked == [["GET / ada"]]


async def test_an_answer_without_an_end_ends_with_its_connection() -> None:
    app = App(b"HTTP/1.1 200 OK\r\n\r\nall of it", OK)
    async with previewed(app) as ask:
        asked = asyncio.create_task(ask("/one"))
        async with asyncio.timeout(PATIENCE_S):
            while not app.asked or not app.asked[0]:  # noqa: ASYNC110 - the app tells nobody
                await asyncio.sleep(0.01)
        app.writers[0].close()
        assert b"all of it" in await asked
        await ask("/two")
    assert app.asked == [["GET /one ada"], ["GET /two ada"]]


@pytest.mark.parametrize(
    "smuggling",
    [
        "GET / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n",
    ],
)
async def test_a_request_that_can_be_read_in_two_ways_reaches_no_app(smuggling: str) -> None:
    app = App()
    async with previewed(app) as ask:
        assert (await ask(raw=smuggling)).startswith(b"HTTP/1.1 400")
        assert (await ask("/two")).endswith(b"ok")
    assert app.asked == [["GET /two ada"]]


async def test_only_so_many_wait_and_not_for_long() -> None:
    now = 0.0
    listener = await asyncio.start_server(App().serve, "127.0.0.1", 0)
    door = Door(listener.sockets[0].getsockname()[1])
    connections = AppConnections(door.connect, clock=lambda: now)
    streams = [await connections.open() for _ in range(MOST_IDLE + 3)]
    for stream in streams:
        connections.give_back(stream)
    assert len(connections) == MOST_IDLE
    assert [stream.closed() for stream in streams] == [False] * MOST_IDLE + [True] * 3
    assert connections.take() is streams[MOST_IDLE - 1]
    streams[MOST_IDLE - 1].close()
    now = IDLE_S
    assert connections.take() is None
    assert all(stream.closed() for stream in streams)
    listener.close()
