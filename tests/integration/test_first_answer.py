"""Who opens a document first after a start has it before the server has built it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.gatehouse import OWNER
from support.peers import Peer

from codesyncx_server.access.changes import Terms
from codesyncx_server.access.model import ROLES, Resource, Subject, SubjectKind
from codesyncx_server.collab import handlers
from codesyncx_server.collab.room import Room
from codesyncx_server.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from support.peers import Join

POEM = "uno\ndós\n"


class Hold:
    """Keeps rooms from being built until told."""

    def __init__(self, load: Callable[[Room], Awaitable[None]]) -> None:
        self._load = load
        self._may_go_on = asyncio.Event()
        self._may_go_on.set()
        self.failure: StorageError | None = None

    def begin(self) -> None:
        self._may_go_on.clear()

    def end(self) -> None:
        self._may_go_on.set()

    async def load(self, room: Room) -> None:
        await self._may_go_on.wait()
        if self.failure is not None:
            raise self.failure
        await self._load(room)


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Hold:
    held = Hold(Room.load)
    monkeypatch.setattr(Room, "load", lambda room: held.load(room))  # noqa: PLW0108 (a method, of the room)
    return held


class Closed:
    """A file that people wrote and left, and whose room is closed."""

    def __init__(self, file: Path, rooms: Any, room_id: str) -> None:
        self.file, self.rooms, self.room_id = file, rooms, room_id

    @property
    def path_in_room(self) -> str:
        return str(self.rooms.get(self.room_id).path)


@pytest.fixture
def closed(
    join: Join, jp_root_dir: Path, jp_serverapp: Any, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Closed:
    file = jp_root_dir / "a.py"
    file.write_text("uno\n")

    (app,) = jp_serverapp.extension_manager.extension_apps["codesyncx_server"]

    async def write() -> Closed:
        if app.project.tracker is None:
            await app._start_jupyter_server_extension(jp_serverapp)
        ada = await join("ada")
        ada.text += "dós\n"
        async with asyncio.timeout(5):
            while file.read_text() != POEM:  # noqa: ASYNC110 (it waits for the disk)
                await asyncio.sleep(0.02)
        await ada.leave()
        rooms = jp_serverapp.web_app.settings["codesyncx_rooms"]
        await rooms._close(rooms.get(ada.room))
        return Closed(file, rooms, ada.room)

    return jp_asyncio_loop.run_until_complete(write())


@contextlib.contextmanager
def held(hold: Hold) -> Iterator[None]:
    hold.begin()
    try:
        yield
    finally:
        hold.end()


async def test_the_first_has_the_document_before_it_is_built(
    join: Join, closed: Closed, hold: Hold
) -> None:
    with held(hold):
        grace = await join("grace")
        assert str(grace.text) == POEM
        assert closed.rooms.get(closed.room_id) is None
    edsger = await join("edsger")
    edsger.text += "tres\n"
    await grace.until(lambda: str(grace.text) == POEM + "tres\n")


async def test_what_the_first_types_meanwhile_is_kept(
    join: Join, closed: Closed, hold: Hold
) -> None:
    with held(hold):
        grace = await join("grace")
        grace.text += "tres\n"
    edsger = await join("edsger")
    await edsger.until(lambda: str(edsger.text) == POEM + "tres\n")
    async with asyncio.timeout(5):
        while closed.file.read_text() != POEM + "tres\n":  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_what_git_wrote_while_nobody_was_there_comes_after(
    join: Join, closed: Closed, hold: Hold
) -> None:
    closed.file.write_text("UNO\ndós\n")
    with held(hold):
        grace = await join("grace")
        assert str(grace.text) == POEM
    await grace.until(lambda: str(grace.text) == "UNO\ndós\n")


@pytest.mark.usefixtures("closed")
async def test_a_document_that_cannot_be_built_after_all_says_so(join: Join, hold: Hold) -> None:
    hold.failure = StorageError("The disk is gone.")
    with held(hold):
        grace = await join("grace")
    await grace.until(lambda: grace.close_code is not None)
    assert "disk is gone" in json.loads(grace.close_reason or "")["message"]
    hold.failure = None
    again = await join("grace")
    assert str(again.text) == POEM


async def test_a_file_renamed_on_its_way_is_followed(
    join: Join, closed: Closed, hold: Hold, jp_fetch: Any
) -> None:
    with held(hold):
        grace = await join("grace")
        body = json.dumps({"path": "b.py"})
        headers = {"X-Test-Person": "grace"}
        await jp_fetch("api", "contents", "a.py", method="PATCH", body=body, headers=headers)
    grace.text += "tres\n"
    moved = closed.file.with_name("b.py")
    async with asyncio.timeout(5):
        while moved.read_text() != POEM + "tres\n":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert closed.path_in_room == "b.py"
    assert not closed.file.exists()


@pytest.mark.usefixtures("closed")
async def test_who_may_not_read_it_any_more_is_not_answered(
    url: str,
    hold: Hold,
    jp_serverapp: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handlers, "_FIRST_QUESTION_S", 30.0)
    grace = Peer(url, "grace")
    with held(hold):
        assert await grace.session("a.py") == 200
        await grace.connect(sync=False)
        access = jp_serverapp.web_app.settings["codesyncx_access"]
        nothing = Terms(ROLES["none"], "none")
        await access.grant(OWNER, Subject(SubjectKind.USER, "grace"), Resource("a.py"), nothing)
        await grace.send(b"\x00\x00\x01\x00")
        await grace.until(lambda: grace.close_code is not None)
    assert grace.close_code == 4403
    assert str(grace.text) == ""
