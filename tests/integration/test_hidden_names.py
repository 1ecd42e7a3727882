"""What people are told of renames: never what something is, or was, called where they may not look.

The viewer may read just the folder `open`; the hidden names hold a word that nobody else says.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.gatehouse import PERSON, SECRET, House, server_config

from codesyncx_server.collab import protocol
from codesyncx_server.events.bus import Event

if TYPE_CHECKING:
    from pathlib import Path

    from tornado.websocket import WebSocketClientConnection

HIDDEN = f"hidden/{SECRET}.txt"
ROOM = "/api/collaboration/room/text:file:"
EVENTS = "/codesyncx/api/events"
ACTIVITY = "/codesyncx/api/activity"
WAIT_S = 10


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    return {
        **server_config(tmp_path),
        # Rooms close as soon as they are left.
        "YDocExtension": {"document_cleanup_delay": 0},
    }


class Listener:
    """Hears a websocket and keeps all that it says."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self.socket = socket
        self.heard: list[str | bytes] = []

    async def until(self, *words: str) -> None:
        """Wait for a message that says all of this."""
        async with asyncio.timeout(WAIT_S):
            while True:
                message = await self.socket.read_message()
                assert message is not None, (self.socket.close_code, self.socket.close_reason)
                self.heard.append(message)
                text = message if isinstance(message, str) else message.decode(errors="replace")
                if all(word in text for word in words):
                    return

    async def until_closed(self) -> tuple[int | None, str]:
        async with asyncio.timeout(WAIT_S):
            while (message := await self.socket.read_message()) is not None:
                self.heard.append(message)
        return self.socket.close_code, self.socket.close_reason or ""

    def has_heard(self, word: str) -> bool:
        raw = [each.encode() if isinstance(each, str) else each for each in self.heard]
        return word.encode() in b"\n".join(raw)


async def listen(house: House, person: str, path: str = EVENTS) -> Listener:
    return Listener(await house.connect(person, path))


def id_of(house: House, path: str) -> str:
    return str(house.app.web_app.settings["file_id_manager"].index(path))


async def open_document(house: House, person: str, path: str) -> Listener:
    """Join a document's room as browsers do, and wait for all of the document."""
    session = {"format": "text", "type": "file"}
    answer = await house.fetch(person, "PUT", f"/api/collaboration/session/{path}", session)
    assert answer.code < 300, answer.body
    room = await listen(house, person, ROOM + id_of(house, path))
    await room.socket.write_message(protocol.NOTHING_YET, binary=True)
    await room.until("document_id")
    return room


async def rename(house: House, old: str, new: str) -> None:
    answer = await house.fetch("ada", "PATCH", f"/api/contents/{old}", {"path": new})
    assert answer.code == 200, answer.body


async def said_of_activity(house: House, person: str) -> str:
    answer = await house.fetch(person, "GET", ACTIVITY)
    assert answer.code == 200
    return str(answer.body.decode())


async def test_what_comes_in_from_a_hidden_place_comes_without_its_old_name(house: House) -> None:
    was_open = await open_document(house, "ada", HIDDEN)
    hearing = await listen(house, "viewer")
    await hearing.until("hello")
    await rename(house, HIDDEN, "open/told.txt")
    await hearing.until("file.created", "open/told.txt")
    await hearing.until("activity.recorded", "open/told.txt")
    assert not hearing.has_heard(SECRET)
    assert SECRET not in await said_of_activity(house, "viewer")
    assert SECRET in await said_of_activity(house, "ada")

    # The document that was open meanwhile tells where it is, not where it was.
    reading = await open_document(house, "viewer", "open/told.txt")
    assert reading.has_heard("open/told.txt")
    assert not reading.has_heard(SECRET)
    was_open.socket.close()
    reading.socket.close()


async def test_a_document_that_was_closed_when_it_came_in_tells_no_old_name_either(
    house: House,
) -> None:
    rooms = house.app.web_app.settings["codesyncx_rooms"]
    name = f"text:file:{id_of(house, HIDDEN)}"
    (await open_document(house, "ada", HIDDEN)).socket.close()
    async with asyncio.timeout(WAIT_S):
        while rooms.get(name) is not None:  # noqa: ASYNC110 (it waits for a room to close)
            await asyncio.sleep(0.01)
    await rename(house, HIDDEN, "open/told.txt")
    first = await open_document(house, "viewer", "open/told.txt")
    assert first.has_heard("its name says it all")
    assert not first.has_heard(SECRET)
    first.socket.close()


async def test_what_goes_to_a_hidden_place_is_gone_and_its_document_closes(house: House) -> None:
    new = f"hidden/{SECRET}-too.py"
    hearing = await listen(house, "viewer")
    await hearing.until("hello")
    reading = await open_document(house, "viewer", "open/hello.py")
    staying = await open_document(house, "ada", "open/hello.py")
    file_id = id_of(house, "open/hello.py")
    await rename(house, "open/hello.py", new)
    code, reason = await reading.until_closed()
    assert code == 4403
    assert SECRET not in reason
    assert not reading.has_heard(SECRET)
    await hearing.until("file.deleted", "open/hello.py")
    assert not hearing.has_heard(SECRET)
    assert SECRET not in await said_of_activity(house, "viewer")
    await staying.until(new)

    # Nor does the id that they know from before lead to the name.
    for path in (
        f"/api/collaboration/room/text:file:{file_id}",
        f"/api/fileid/path?id={file_id}",
        "/api/contents/open/hello.py",
    ):
        answer = await house.fetch("viewer", "GET", path)
        assert answer.code in {403, 404}
        assert SECRET not in answer.body.decode()
    staying.socket.close()


async def test_a_hidden_folder_that_gets_another_name_tells_neither(house: House) -> None:
    house.know("reader", **{PERSON: "reader"})
    (house.root / f"vault-{SECRET}").mkdir()
    (house.root / f"vault-{SECRET}/exam.py").write_text("42\n")
    await house.grant("reader", "viewer", "")
    await house.grant("reader", "none", f"vault-{SECRET}")
    hearing = await listen(house, "reader")
    hello = json.loads(str(await hearing.socket.read_message()))
    assert hello["type"] == "hello"
    ada = await open_document(house, "ada", f"vault-{SECRET}/exam.py")
    body = {"type": "file", "format": "text", "content": "43\n"}
    path = f"/api/contents/vault-{SECRET}/exam.py"
    assert (await house.fetch("ada", "PUT", path, body)).code == 200

    await rename(house, f"vault-{SECRET}", "plainly-hidden")
    await ada.until("plainly-hidden/exam.py")
    # What the disk tells late of what was before.
    late = {"path": f"vault-{SECRET}/exam.py", "is_dir": False, "time": time.time()}
    house.app.web_app.settings["codesyncx_bus"].publish(Event("file.changed", late))
    # A file that anybody may know of tells that all before it was told.
    body = {"type": "file", "format": "text", "content": ""}
    assert (await house.fetch("ada", "PUT", "/api/contents/open/new.py", body)).code == 201
    await hearing.until("activity.recorded", "open/new.py")
    query = f"?since={hello['seq']}&stream={hello['stream']}"
    again = await listen(house, "reader", EVENTS + query)
    await again.until("activity.recorded", "open/new.py")
    told = await said_of_activity(house, "reader")
    for word in (SECRET, "plainly-hidden"):
        assert not hearing.has_heard(word)
        assert not again.has_heard(word)
        assert word not in told
        assert word in await said_of_activity(house, "ada")
    assert (await house.fetch("reader", "GET", "/api/contents/plainly-hidden")).code in {403, 404}
    ada.socket.close()


async def test_what_is_put_where_one_had_a_file_comes_without_its_old_name(house: House) -> None:
    hearing = await listen(house, "editor")
    await hearing.until("hello")
    answer = await house.fetch("ada", "DELETE", "/api/contents/desk/essay.py")
    assert answer.code == 204
    await hearing.until("file.deleted", "desk/essay.py")
    await rename(house, HIDDEN, "desk/essay.py")
    await hearing.until("file.created", "desk/essay.py")
    assert not hearing.has_heard(SECRET)
    assert SECRET not in await said_of_activity(house, "editor")
