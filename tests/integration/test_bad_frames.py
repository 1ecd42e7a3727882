"""Clients that send what they shouldn't, or don't read: they are told, nobody else is disturbed."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import nbformat
import pytest
from pycrdt import Array
from support.identity import PERSON
from support.peers import Peer
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from codesyncx_server.collab import handlers, protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.peers import Join


@pytest.fixture(autouse=True)
def a_file(jp_root_dir: Path) -> None:
    (jp_root_dir / "a.py").write_text("one\n")


@pytest.fixture
def many_files() -> Iterator[None]:
    """Allow for both ends of a thousand connections in one process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def _check_undisturbed(*people: Peer) -> None:
    """Everybody types and sees it."""
    for number, person in enumerate(people):
        assert person.close_code is None
        person.text += f"still {number}\n"
    for person in people:
        await person.until(
            lambda person=person: all(
                f"still {n}\n" in str(person.text) for n in range(len(people))
            )
        )


LARGE_STATE = protocol.awareness_states(
    [protocol.awareness_entry(5, 1, json.dumps({"x": "y" * 10_000_000}).encode())]
)


@pytest.mark.parametrize(
    ("frame", "code", "words"),
    [
        (b"", 4400, "cut short"),
        (b"\x09", 4400, "type 9 are unknown"),
        (b"\x00\x07\x00", 4400, "Sync messages of type 7"),
        (b"\x00\x02\x7f\x01", 4400, "cut short"),
        (protocol.sync_update(b"\x01\x01\x05"), 4400, "cut short"),
        (protocol.sync_update(b"\xff" * 40), 4400, "too long"),
        (protocol.sync_step1(b"\xff\xff\xff\xff\x0f"), 4400, "state vector"),
        (b"\x02\x06reboot", 4400, "unknown"),
        (protocol.awareness_states([protocol.awareness_entry(5, 1, b"{")]), 4400, "known form"),
        (LARGE_STATE, 4413, "too large"),
        ("text", 4400, "binary"),
    ],
)
async def test_a_frame_that_says_nothing_ends_its_connection_with_a_reason(
    join: Join, frame: bytes | str, code: int, words: str
) -> None:
    ada, grace, mallory = await join("ada"), await join("grace"), await join("mallory")
    assert mallory._socket is not None
    await mallory._socket.write_message(frame, binary=isinstance(frame, bytes))
    await mallory.until(lambda: mallory.close_code is not None)
    assert mallory.close_code == code
    assert words in json.loads(mallory.close_reason or "")["message"]
    await _check_undisturbed(ada, grace)
    await mallory.join("a.py")
    await _check_undisturbed(ada, mallory)


async def test_a_frame_over_the_limit_ends_its_connection(
    join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers.RoomHandler, "max_message_size", 1_000_000)
    ada, mallory = await join("ada"), await join("mallory")
    await mallory.send(b"\x00\x02" + bytes(2_000_000))
    await mallory.until(lambda: mallory.close_code is not None)
    await _check_undisturbed(ada)


async def test_what_is_no_cell_of_a_notebook_is_taken_out_of_it(
    url: str, jp_root_dir: Path
) -> None:
    path = jp_root_dir / "a.ipynb"
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell()])))
    mallory, ada = Peer(url, "mallory"), Peer(url, "ada")
    for person in (mallory, ada):
        await person.join("a.ipynb", "json", "notebook")
    cells = mallory.doc.get("cells", type=Array)
    cells.append("no cell")
    cells.insert(0, 5)
    cells[1]["source"].insert(0, "x = 1")
    await ada.until(lambda: "x = 1" in path.read_text())
    await ada.until(lambda: len(ada.doc.get("cells", type=Array)) == 1)
    for person in (mallory, ada):
        assert person.close_code is None
        await person.leave()


@pytest.mark.usefixtures("many_files")
async def test_a_thousand_connections_of_one_client_leave_the_others_alone(
    join: Join, url: str
) -> None:
    ada = await join("ada")
    place = f"{url.replace('http', 'ws', 1)}/api/collaboration/room/{ada.room}"

    def request() -> HTTPRequest:
        return HTTPRequest(place, headers={PERSON: "mallory"})

    sockets: list[WebSocketClientConnection] = []
    for _ in range(20):
        sockets += await asyncio.gather(*(websocket_connect(request()) for _ in range(50)))

    async def end(one: WebSocketClientConnection) -> tuple[int | None, str]:
        while await one.read_message() is not None:
            pass
        return one.close_code, one.close_reason or ""

    limit = handlers._MAX_CONNECTIONS_PER_PERSON
    endings = [asyncio.create_task(end(one)) for one in sockets]
    refused = 0
    async with asyncio.timeout(30):
        for finished in asyncio.as_completed(endings):
            code, reason = await finished
            assert code == 4429
            assert "too many documents" in json.loads(reason)["message"]
            refused += 1
            if refused == len(sockets) - limit:
                break
    grace = await join("grace")
    await _check_undisturbed(ada, grace)
    for one, ending in zip(sockets, endings, strict=True):
        if not ending.done():
            one.close()
    await asyncio.gather(*endings)
    again = await join("mallory")
    await _check_undisturbed(ada, again)


async def test_a_client_that_never_reads_costs_little_and_disturbs_nobody(
    join: Join, url: str, jp_serverapp: Any
) -> None:
    ada, grace = await join("ada"), await join("grace")
    stuck = await _connect_without_reading(url, ada.room)
    room = jp_serverapp.web_app.settings["codesyncx_rooms"].get(ada.room)
    async with asyncio.timeout(5):
        while len(room.engine.sessions) < 3:  # noqa: ASYNC110 (it waits for the server)
            await asyncio.sleep(0.02)
    for _ in range(40):
        ada.text += "x" * 300_000
        await grace.until(lambda: len(str(grace.text)) >= len(str(ada.text)))
        del ada.text[4:]
    waiting = [session.wire.waiting_bytes for session in room.engine.sessions]
    assert max(waiting) < 2_000_000
    await _check_undisturbed(ada, grace)
    stuck.close()
    async with asyncio.timeout(5):
        while len(room.engine.sessions) > 2:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def _connect_without_reading(url: str, room: str) -> socket.socket:
    """Open a websocket by hand that nobody reads from."""
    place = urlsplit(url)
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setblocking(False)  # noqa: FBT003
    loop = asyncio.get_running_loop()
    await loop.sock_connect(line, ("127.0.0.1", place.port))
    await loop.sock_sendall(
        line,
        (
            f"GET {place.path}/api/collaboration/room/{room} HTTP/1.1\r\nHost: {place.netloc}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{PERSON}: mallory\r\n\r\n"
        ).encode(),
    )
    return line
