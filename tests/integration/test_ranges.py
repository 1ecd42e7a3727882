"""Ranges of real documents: who may change what in them, and how they outlive things."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Doc, create_update_message
from support.peers import Peer
from tornado.httpclient import HTTPClientError

from codesyncx_server.access.audit import AuditQuery
from codesyncx_server.access.changes import Terms
from codesyncx_server.access.model import ROLES, Person, Resource, Subject, SubjectKind
from codesyncx_server.collab import protocol
from codesyncx_server.errors import InvalidRequestError
from codesyncx_server.updates import read_state

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    Join = Callable[..., Awaitable[Peer]]

LINES = "eins\nzwei\ndréi\nvier\nfünf\n"
OWNER = Person("owner", is_owner=True)


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    own = {"default_role": "editor", "max_edit_bytes": 50_000}
    return {**jp_server_config, "CodeSyncXApp": own}


@pytest.fixture
def join(url: str, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Join]:
    peers: list[Peer] = []

    async def enter(
        username: str, path: str = "a.py", form: str = "text", kind: str = "file"
    ) -> Peer:
        peer = Peer(url, username)
        peers.append(peer)
        return await peer.join(path, form, kind)

    yield enter
    for peer in peers:
        jp_asyncio_loop.run_until_complete(peer.leave())


class Owner:
    """Shares, takes back, and looks at what is there."""

    def __init__(self, settings: dict[str, Any], root: Path) -> None:
        self.settings = settings
        self.access = settings["codesyncx_access"]
        self.ranges = settings["codesyncx_ranges"]
        self.rooms = settings["codesyncx_rooms"]
        self.file = root / "a.py"
        self.file.write_text(LINES)

    async def give(
        self, who: str, role: str, path: str = "a.py", range_id: str | None = None
    ) -> int:
        subject = Subject(SubjectKind.USER, who)
        await self.access.opened()
        grant = await self.access.grant(
            OWNER, subject, Resource(path, range_id), Terms(ROLES[role], role)
        )
        return int(grant.id)

    async def share_lines(
        self, who: str, first: int = 2, last: int = 3, role: str = "editor", rest: str = "viewer"
    ) -> str:
        """Give somebody lines of the file, and something else of the rest."""
        await self.access.opened()
        spec = {"kind": "lines", "start_line": first, "end_line": last}
        range_id: str = await self.ranges.create("a.py", spec, OWNER)
        await self.give(who, rest)
        await self.give(who, role, range_id=range_id)
        return range_id

    def lines(self, range_id: str) -> tuple[Any, Any, Any]:
        found = self.ranges.describe(range_id)
        return found["state"], found.get("start_line"), found.get("end_line")

    async def close_rooms(self) -> None:
        for room in self.rooms:
            await self.rooms._close(room)


@pytest.fixture
def owner(jp_serverapp: Any, jp_root_dir: Path) -> Owner:
    return Owner(jp_serverapp.web_app.settings, jp_root_dir)


async def _refused(peer: Peer) -> str:
    await peer.until(lambda: peer.close_code is not None)
    assert peer.close_code == 4403, (peer.close_code, peer.close_reason)
    reason = json.loads(peer.close_reason or "")
    assert reason["code"] == "refused"
    return str(reason["message"])


def _at(peer: Peer, part: str) -> int:
    return str(peer.text).encode().index(part.encode())


async def test_a_holder_writes_in_their_lines_and_nowhere_else(join: Join, owner: Owner) -> None:
    range_id = await owner.share_lines("ada")
    ada, grace = await join("ada"), await join("grace")
    ada.text.insert(_at(ada, "zwei"), "# 🌍\n")
    await grace.until(lambda: "🌍" in str(grace.text))
    assert owner.lines(range_id) == ("open", 2, 4)
    ada.text.insert(_at(ada, "fünf"), "x")
    assert "your own lines" in await _refused(ada)
    again = await join("ada")
    again.text.insert(_at(again, "\nvier"), "!")
    await grace.until(lambda: str(grace.text) == LINES.replace("zwei\ndréi", "# 🌍\nzwei\ndréi!"))
    entries = await owner.access.audit(AuditQuery())
    assert ("ada", "refused", "a.py") in [(each.who, each.what, each.path) for each in entries]


async def test_locked_lines_stay_as_they_are(join: Join, owner: Owner) -> None:
    await owner.share_lines("eve", role="viewer", rest="editor")
    eve, grace = await join("eve"), await join("grace")
    eve.text.insert(0, "mine\n")
    grace.text.insert(_at(grace, "zwei"), "x")
    await grace.until(lambda: str(grace.text).startswith("mine\neins\nxzwei"))
    await eve.until(lambda: "xzwei" in str(eve.text))
    eve.text.insert(_at(eve, "xzwei"), "# ")
    assert "locked" in await _refused(eve)
    assert "# " not in str(grace.text)


async def test_rights_change_while_people_work(join: Join, owner: Owner) -> None:
    ada, grace = await join("ada"), await join("grace")
    viewer = await owner.give("ada", "viewer")
    grace.text.insert(0, "news\n")
    await ada.until(lambda: str(ada.text).startswith("news"))  # who is lowered goes on reading
    editor = await owner.give("ada", "editor")
    await owner.access.revoke(OWNER, viewer)
    ada.text.insert(0, "raised\n")
    await grace.until(lambda: str(grace.text).startswith("raised"))
    await owner.access.revoke(OWNER, editor)
    await owner.give("ada", "none")
    await _refused(ada)


async def test_who_may_not_read_a_file_gets_no_room_of_it(url: str, owner: Owner) -> None:
    await owner.give("ada", "none")
    ada = Peer(url, "ada")
    assert await ada.session("a.py") == 403
    grace = Peer(url, "grace")
    assert await grace.session("a.py") < 300
    ada.room, ada.lineage = grace.room, grace.lineage
    with pytest.raises(HTTPClientError, match="403"):
        await ada.connect(sync=False)


async def test_a_viewer_saves_nothing_and_hears_no_complaint(join: Join, owner: Owner) -> None:
    await owner.give("ada", "viewer")
    ada = await join("ada")
    await ada.send(b"\x02\x04save\x07")
    await ada.until(lambda: bool(ada.raw))
    assert json.loads(ada.raw[0][2:])["status"] == "skipped"


async def test_a_range_outlives_its_room(join: Join, owner: Owner) -> None:
    range_id = await owner.share_lines("ada")
    grace = await join("grace")
    grace.text.insert(0, "eins\nzwei\ndréi\n")
    await grace.until(lambda: owner.lines(range_id) == ("open", 5, 6))
    await owner.close_rooms()
    assert owner.lines(range_id) == ("open", 5, 6)
    ada = await join("ada")
    assert owner.lines(range_id) == ("open", 5, 6)
    ada.text.insert(str(ada.text).encode().rindex(b"zwei"), "!")
    await ada.until(lambda: owner.ranges.room_of(range_id) is not None)
    ada.text.insert(0, "x")
    await _refused(ada)


async def test_a_range_follows_what_git_does_to_the_file(join: Join, owner: Owner) -> None:
    range_id = await owner.share_lines("ada")
    ada = await join("ada")
    owner.file.write_text("neu\n" + LINES.replace("zwei", "zwo"))
    await ada.until(lambda: str(ada.text).startswith("neu"))
    assert owner.lines(range_id) == ("open", 3, 4)
    await owner.close_rooms()
    owner.file.write_text("noch\n" + owner.file.read_text())
    ada = await join("ada")
    assert owner.lines(range_id) == ("open", 4, 5)


async def test_a_range_is_found_by_its_lines_when_the_log_is_gone(join: Join, owner: Owner) -> None:
    owner.file.write_text("".join(f"line number {number}\n" for number in range(20)))
    range_id = await owner.share_lines("ada", 10, 12)
    (room,) = owner.rooms
    await owner.close_rooms()
    owner.rooms._logs.delete(str(room.id))
    owner.file.write_text("new first line\n" + owner.file.read_text())
    await join("ada")
    assert owner.lines(range_id) == ("open", 11, 13)


async def test_a_range_that_nobody_can_find_is_closed_and_the_owner_told(
    join: Join, owner: Owner
) -> None:
    range_id = await owner.share_lines("ada")
    heard: list[Any] = []
    owner.settings["codesyncx_bus"].subscribe("access.range_lost", heard.append)
    ada = await join("ada")
    owner.file.write_text("something\nelse\naltogether\n")
    await ada.until(lambda: "altogether" in str(ada.text))
    assert [event.data for event in heard] == [{"range_id": range_id, "path": "a.py"}]
    await ada.until(lambda: owner.lines(range_id)[0] == "lost")
    ada.text.insert(0, "x")
    assert "may read" in await _refused(ada)
    entries = await owner.access.audit(AuditQuery())
    assert ("range_lost", "a.py") in [(each.what, each.path) for each in entries]
    await owner.close_rooms()
    await join("grace")
    assert owner.lines(range_id) == ("lost", None, None)


async def test_lines_that_are_locked_and_lost_lock_everything(join: Join, owner: Owner) -> None:
    await owner.share_lines("eve", role="viewer", rest="editor")
    eve = await join("eve")
    owner.file.write_text("something\nelse\naltogether\n")
    await eve.until(lambda: "altogether" in str(eve.text))
    eve.text.insert(0, "x")
    assert "can't be told" in await _refused(eve)


async def test_cells_are_shared_by_their_ids(join: Join, owner: Owner, jp_root_dir: Path) -> None:
    cells = [
        {"id": name, "cell_type": "markdown", "metadata": {}, "source": name} for name in "abc"
    ]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (jp_root_dir / "n.ipynb").write_text(json.dumps(notebook))
    await owner.access.opened()
    spec = {"kind": "cells", "cell_ids": ["b"]}
    range_id = await owner.ranges.create("n.ipynb", spec, OWNER)
    await owner.give("ada", "viewer", "n.ipynb")
    await owner.give("ada", "editor", "n.ipynb", range_id)
    ada = await join("ada", "n.ipynb", "json", "notebook")
    mine = YNotebook(ada.doc)
    source = mine.ycells[1]["source"]
    source += "!"
    grace = await join("grace", "n.ipynb", "json", "notebook")
    theirs = YNotebook(grace.doc)
    await grace.until(lambda: str(theirs.ycells[1]["source"]) == "b!")
    del theirs.ycells[0]
    await ada.until(lambda: len(mine.ycells) == 2)
    source += "!"
    await grace.until(lambda: str(theirs.ycells[0]["source"]) == "b!!")
    assert owner.ranges.describe(range_id)["cell_ids"] == ["b"]
    del mine.ycells[0]
    assert "not add, move or delete" in await _refused(ada)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"kind": "cells", "cell_ids": ["a"]},
        {"kind": "lines"},
        {"kind": "lines", "start_line": 0, "end_line": 1},
        {"kind": "lines", "start_line": 3, "end_line": 2},
        {"kind": "lines", "start_line": 1, "end_line": 99},
        {"kind": "lines", "start_line": True, "end_line": True},
    ],
)
async def test_a_range_that_is_none_is_not_made(owner: Owner, spec: dict[str, Any]) -> None:
    await owner.access.opened()
    with pytest.raises(InvalidRequestError):
        await owner.ranges.create("a.py", spec, OWNER)


# -- bad input ------------------------------------------------------------------------------------


def _varint(number: int) -> bytes:
    return protocol.encode_number(number)


def _inserted(client: int, clock: int, text: bytes, parent: bytes) -> bytes:
    """Write an update of one piece of text."""
    item = b"\x04" + parent + _varint(len(text)) + text
    return b"\x01\x01" + _varint(client) + _varint(clock) + item + b"\x00"


_SOURCE = b"\x01\x06source"
_GOOD = _inserted(77, 0, b"x", _SOURCE)


@pytest.mark.parametrize(
    ("update", "code", "words"),
    [
        (_GOOD[:-4], 4400, "cut short"),
        (b"\xff" * 20, 4400, "too long"),
        (_GOOD + b"\x00", 4400, "after its end"),
        (_inserted(77, 0, b"\xff\xfe", _SOURCE), 4400, "not UTF-8"),
        (_inserted(77, 0, b"x" * 60_000, _SOURCE), 4413, "can't be sent at once"),
        (_inserted(0, 0, b"x", _SOURCE), 4403, "server's mark"),
        (_inserted(77, 5, b"x", _SOURCE), 4400, "build on others"),
        (_inserted(77, 0, b"x", b"\x01\x06secret"), 4403, "no such part"),
        # Hangs on an edit of somebody who hasn't made it yet.
        (b"\x01\x01\x4d\x00\x84\x4e\x09\x01x\x00", 4400, "build on others"),
        # Deletes what isn't there yet.
        (b"\x00\x01\x4e\x01\x00\x05", 4400, "build on others"),
    ],
)
async def test_each_bad_update_has_its_answer(
    join: Join, owner: Owner, update: bytes, code: int, words: str
) -> None:
    await owner.share_lines("eve")
    eve, grace = await join("eve"), await join("grace")
    await eve.send(create_update_message(update))
    await eve.until(lambda: eve.close_code is not None)
    assert eve.close_code == code
    assert words in json.loads(eve.close_reason or "")["message"]
    grace.text.insert(0, "still here\n")
    await grace.until(lambda: str(grace.text) == "still here\n" + LINES)


async def test_nobody_writes_under_a_client_id_of_another(join: Join, owner: Owner) -> None:
    await owner.share_lines("eve")
    eve, grace = await join("eve"), await join("grace")
    grace.text.insert(0, "mine\n")
    await eve.until(lambda: str(eve.text).startswith("mine"))
    forged: Doc[Any] = Doc(client_id=grace.doc.client_id)
    forged.apply_update(eve.doc.get_update())
    state = forged.get_state()
    text = forged.get("source", type=type(eve.text))
    text.insert(_at(eve, "zwei"), "x")
    await eve.send(create_update_message(forged.get_update(state)))
    assert "somebody else's mark" in await _refused(eve)


@pytest.mark.parametrize("forger", ["eve", "grace"])
async def test_a_document_that_a_forged_edit_splits_begins_anew_for_all(
    join: Join, owner: Owner, forger: str
) -> None:
    """Its letter is in Eve's lines, but between neighbours in an order that never was.

    Grace may edit everything, and yet not make it another document for those who come later.
    """
    await owner.share_lines("eve")
    eve, grace = await join("eve"), await join("grace")
    (room,) = owner.rooms
    (client,) = [each for each in read_state(room.ydoc.get_state()) if each not in room.authors]
    sender = {"eve": eve, "grace": grace}[forger]
    await sender.send(create_update_message(_between(77, (client, 8), (client, 6))))
    await grace.until(lambda: grace.close_code is not None)
    assert grace.close_code == 4409
    ada, bob = await join("ada"), await join("bob")
    assert str(ada.text) == str(bob.text) == owner.file.read_text()
    assert ada.lineage != grace.lineage


def _between(client: int, left: tuple[int, int], right: tuple[int, int]) -> bytes:
    """Write an update of one letter between two that are anywhere."""
    neighbours = b"".join(_varint(number) for number in (*left, *right))
    return b"\x01\x01" + _varint(client) + b"\x00\xc4" + neighbours + b"\x01!\x00"


# -- other ways in --------------------------------------------------------------------------------


async def test_a_fork_is_for_those_who_may_do_everything(
    url: str, join: Join, owner: Owner, jp_fetch: Any
) -> None:
    grace = await join("grace")
    answer = await jp_fetch("api", "collaboration", "fork", grace.room, method="PUT", body="{}")
    fork = json.loads(answer.body)["fork_roomid"]
    await owner.give("ada", "viewer")
    ada, bob = Peer(url, "ada"), Peer(url, "bob")
    ada.room = bob.room = fork
    with pytest.raises(HTTPClientError, match="403"):
        await ada.connect(sync=False)
    await bob.connect()
    assert str(bob.text) == LINES
    await owner.give("bob", "viewer")
    await _refused(bob)
