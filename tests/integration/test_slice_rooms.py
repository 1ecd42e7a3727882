"""Lines and cells of files whose rest is hidden, on a real server."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Map
from support.identity import PERSON, NamedInHeader
from support.peers import Peer
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

from codesyncx_server.access.audit import AuditQuery, What
from codesyncx_server.access.changes import Terms
from codesyncx_server.access.model import (
    Permission,
    Person,
    Resource,
    Subject,
    SubjectKind,
)
from codesyncx_server.collab import cursors
from codesyncx_server.collab.spans import Utf8
from codesyncx_server.collab.text_order import TextOrder
from codesyncx_server.errors import StorageError
from codesyncx_server.updates import read_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from jupyter_server.auth.identity import User

SECRET = "§hidden§"
LINES = f"# {SECRET}\nimport os\ndef solve():\n    # é🌍 yours\n    return 1\n# {SECRET} end\n"
SHARED = "def solve():\n    # é🌍 yours\n    return 1"
GRACE = Person("grace", is_owner=True)
READ_ONLY = frozenset({Permission.READ})
READ_AND_EDIT = READ_ONLY | {Permission.EDIT}


class OwnedByGrace(NamedInHeader):
    """Everybody is who they say; Grace owns the server."""

    def is_owner(self, user: User) -> bool:
        return user.username == "grace"


class Watcher(Peer):
    """Keeps all that ever came through the socket."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.heard = bytearray()

    def _hear(self, message: bytes) -> None:
        self.heard += message
        super()._hear(message)


class Studio:
    """The server, and the people at it."""

    def __init__(self, url: str, root: Path, settings: dict[str, Any]) -> None:
        self.url = url
        self.root = root
        self.settings = settings
        self.access = settings["codesyncx_access"]
        self.peers: list[Peer] = []

    async def share(
        self,
        path: str,
        spec: dict[str, Any],
        username: str = "ada",
        permissions: frozenset[Permission] = READ_AND_EDIT,
    ) -> tuple[str, int]:
        """Have Grace give lines or cells to somebody; gives the ids of the range and the grant."""
        range_id = await self.settings["codesyncx_ranges"].create(path, spec, GRACE)
        grant = await self.access.grant(
            GRACE,
            Subject(SubjectKind.USER, username),
            Resource(path, range_id),
            Terms(permissions),
        )
        return range_id, grant.id

    async def join(self, username: str, path: str, form: str = "text", kind: str = "file") -> Any:
        peer = Watcher(self.url, username)
        self.peers.append(peer)
        return await peer.join(path, form, kind)

    async def knock(self, username: str, room: str) -> bytes:
        """Try to open a room that isn't the person's; gives what they were sent before the end."""
        peer = Watcher(self.url, username)
        peer.room = room
        self.peers.append(peer)
        try:
            await peer.connect(sync=False)
        except HTTPClientError as error:
            assert error.code in {403, 404}  # noqa: PT017 (or it is closed, as below)
        else:
            await peer.until(lambda: peer.close_code is not None)
            assert peer.close_code in {4403, 4404}
        return bytes(peer.heard)

    async def fetch(self, username: str, path: str, **facts: Any) -> HTTPResponse:
        request = HTTPRequest(f"{self.url}/{path}", headers={PERSON: username}, **facts)
        return await AsyncHTTPClient().fetch(request, raise_error=False)


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    extensions = ("codesyncx_server", "jupyter_server_fileid", "jupyter_server_ydoc")
    return {
        "FileContentsManager": {"delete_to_trash": False},
        "SQLiteYStore": {"db_path": str(tmp_path / "store.db")},
        "ServerApp": {
            "jpserver_extensions": dict.fromkeys(extensions, True),
            "identity_provider_class": OwnedByGrace,
            "disable_check_xsrf": True,
        },
    }


@pytest.fixture
def studio(
    jp_fetch: Any,
    jp_serverapp: Any,
    jp_http_port: int,
    jp_base_url: str,
    jp_root_dir: Path,
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Iterator[Studio]:
    assert jp_fetch  # brings the listening server up
    url = f"http://localhost:{jp_http_port}{jp_base_url}".rstrip("/")
    made = Studio(url, jp_root_dir, jp_serverapp.web_app.settings)
    (jp_root_dir / "solver.py").write_text(LINES)
    (app,) = jp_serverapp.extension_manager.extension_apps["codesyncx_server"]

    async def begin() -> None:
        if app.project.tracker is None:
            await app._start_jupyter_server_extension(jp_serverapp)
        await _wait_for(lambda: app.project.tracker.is_watching)

    jp_asyncio_loop.run_until_complete(begin())
    yield made
    for peer in made.peers:
        jp_asyncio_loop.run_until_complete(peer.leave())


@pytest.fixture
def lines() -> dict[str, Any]:
    return {"kind": "lines", "start_line": 3, "end_line": 5}


async def _wait_for(condition: Callable[[], bool], wait_s: float = 10.0) -> None:
    async with asyncio.timeout(wait_s):
        while not condition():  # noqa: ASYNC110 (it waits for the disk)
            await asyncio.sleep(0.02)


async def test_ada_edits_her_lines_and_sees_no_other(studio: Studio, lines: dict[str, Any]) -> None:
    await studio.share("solver.py", lines)
    ada, grace = await studio.join("ada", "solver.py"), await studio.join("grace", "solver.py")
    assert str(ada.text) == SHARED
    ada.text.insert(0, "# Ada é\n")
    grace.text.insert(0, f"# {SECRET} again\n")
    at = len(str(grace.text)[: str(grace.text).index("return")].encode())
    grace.text.insert(at, "  ")
    whole = f"# {SECRET} again\n# {SECRET}\nimport os\n# Ada é\n" + LINES[LINES.index("def") :]
    whole = whole.replace("return", "  return")
    await grace.until(lambda: str(grace.text) == whole)
    await ada.until(lambda: str(ada.text) == "# Ada é\n" + SHARED.replace("return", "  return"))
    await _wait_for(lambda: (studio.root / "solver.py").read_text() == whole)
    assert b"hidden" not in ada.heard
    room = studio.settings["codesyncx_rooms"].for_path("solver.py")
    assert {author.username for author in room.authors.values()} == {"ada", "grace"}


async def test_an_edit_in_a_slice_survives_the_room(studio: Studio, lines: dict[str, Any]) -> None:
    await studio.share("solver.py", lines)
    ada, bea = await studio.join("ada", "solver.py"), await studio.join("grace", "solver.py")
    ada.text.insert(0, "kept\n")
    await bea.until(lambda: "kept" in str(bea.text))
    room = studio.settings["codesyncx_rooms"].for_path("solver.py")
    updates = [update async for update, _, _ in room.ystore.read()]
    assert any(b"kept" in update for update in updates)


def order_of(peer: Peer) -> TextOrder:
    order = TextOrder("source")
    order.take(read_update(peer.doc.get_update()))
    return order


async def point(peer: Peer, anchor: str, head: str | None = None) -> None:
    """Have somebody select from right before one word to right before another."""
    content = str(peer.text).encode()
    places = [Utf8(content.index(word.encode())) for word in (anchor, head or anchor)]
    told = cursors.write([cursors.Selection(*places, is_primary=True)], order_of(peer))
    # What else their browsers tell stays where they are.
    path = f"{SECRET}.py" if peer.username == "grace" else "solver.py"
    await peer.tell({"cursors": told, "codesyncx": {"path": path}, "current": f"editor:{path}"})


def seen_of(peer: Peer, username: str) -> list[cursors.Selection] | None:
    """Give where somebody finds another in their text; None for whom they don't see."""
    for client_id, state in peer.awareness.states.items():
        is_other = client_id != peer.awareness.client_id and state
        if is_other and state["user"]["username"] == username:
            assert state.keys() == {"user", "cursors"}
            return cursors.read(state["cursors"], order_of(peer))
    return None


def words_after(peer: Peer, username: str) -> list[tuple[str, str]]:
    """Give what stands after the ends of somebody's selections, as another finds them."""
    content = str(peer.text).encode()
    return [
        (content[one.anchor :].decode(), content[one.head :].decode())
        for one in seen_of(peer, username) or ()
    ]


async def test_cursors_are_seen_across_the_edge_of_a_part_and_tell_nothing_hidden(
    studio: Studio, lines: dict[str, Any]
) -> None:
    _, grant_id = await studio.share("solver.py", lines)
    ada, grace = await studio.join("ada", "solver.py"), await studio.join("grace", "solver.py")
    await point(ada, "é🌍", "yours")
    await grace.until(lambda: seen_of(grace, "ada") is not None)
    ((anchor, head),) = words_after(grace, "ada")
    assert anchor.startswith("é🌍 yours")
    assert head.startswith("yours")

    # Grace is hidden where Ada may not look; what she selected from there is a caret.
    await point(grace, "import")
    await point(grace, "import", "return")
    await ada.until(lambda: seen_of(ada, "grace") is not None)
    assert words_after(ada, "grace") == [("return 1", "return 1")]
    await point(grace, "solve", "yours")
    await ada.until(lambda: words_after(ada, "grace") != [("return 1", "return 1")])
    ((anchor, head),) = words_after(ada, "grace")
    assert anchor.startswith("solve():")
    assert head.startswith("yours")

    # It stays at its word while both type, and goes when Grace leaves the lines.
    ada.text.insert(0, "# Ada é🌍\n")
    grace.text.insert(0, f"# {SECRET} 🌍\n")
    await ada.until(lambda: "Ada" in str(ada.text))
    await grace.until(lambda: "Ada" in str(grace.text))
    assert words_after(ada, "grace")[0][1].startswith("yours")
    assert words_after(grace, "ada")[0][1].startswith("yours")
    await point(grace, "import")
    await ada.until(lambda: seen_of(ada, "grace") is None)
    assert b"hidden" not in ada.heard

    await studio.access.revoke(GRACE, grant_id)
    await grace.until(lambda: seen_of(grace, "ada") is None)


async def test_the_file_itself_stays_closed(studio: Studio, lines: dict[str, Any]) -> None:
    range_id, _ = await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    file_id = studio.settings["file_id_manager"].get_id("solver.py")
    ada.heard.clear()
    for room in (f"text:file:{file_id}", f"json:notebook:slice-{range_id}"):
        heard = await studio.knock("ada", room)
        assert b"hidden" not in heard
        assert b"solve" not in heard
    checkpoints = "api/contents/solver.py/checkpoints"
    assert json.loads((await studio.fetch("ada", checkpoints)).body) == []
    assert (await studio.fetch("ada", checkpoints, method="POST", body="")).code == 201
    assert json.loads((await studio.fetch("grace", checkpoints)).body) == []
    assert (await studio.fetch("ada", f"{checkpoints}/none", method="POST", body="")).code == 403
    for path in ("files/solver.py", "view/solver.py"):
        answer = await studio.fetch("ada", path)
        assert answer.code == 403
        assert SECRET not in answer.body.decode()


async def test_what_is_refused_in_a_slice_is_in_the_audit(
    studio: Studio, lines: dict[str, Any]
) -> None:
    await studio.share("solver.py", lines, permissions=READ_ONLY)
    ada = await studio.join("ada", "solver.py")
    ada.text.insert(0, "no\n")
    await ada.until(lambda: ada.close_code is not None)
    assert ada.close_code == 4403
    entries = await studio.access.audit(AuditQuery(what=What.REFUSED))
    assert [(entry.who, entry.path, entry.detail["permission"]) for entry in entries] == [
        ("ada", "solver.py", "edit")
    ]


async def test_a_stranger_gets_no_slice(studio: Studio, lines: dict[str, Any]) -> None:
    range_id, _ = await studio.share("solver.py", lines)
    eve = Watcher(studio.url, "eve")
    assert await eve.session("solver.py") in {403, 404}
    assert "§" not in eve.answer
    assert not await studio.knock("eve", f"text:file:slice-{range_id}")


async def test_revoking_ends_it_at_once(studio: Studio, lines: dict[str, Any]) -> None:
    _, grant_id = await studio.share("solver.py", lines)
    ada, grace = await studio.join("ada", "solver.py"), await studio.join("grace", "solver.py")
    await studio.access.revoke(GRACE, grant_id)
    await ada.until(lambda: ada.close_code is not None, 1.0)
    assert ada.close_code == 4403
    ada.text.insert(0, "too late")
    grace.text.insert(0, "on ")
    await grace.until(lambda: str(grace.text).startswith("on "))
    assert "too late" not in str(grace.text)


async def test_a_reader_of_lines_follows_and_cannot_write(
    studio: Studio, lines: dict[str, Any]
) -> None:
    await studio.share("solver.py", lines, permissions=READ_ONLY)
    ada, grace = await studio.join("ada", "solver.py"), await studio.join("grace", "solver.py")
    at = len(LINES[: LINES.index("return")].encode())
    grace.text.insert(at, "new ")
    await ada.until(lambda: "new return" in str(ada.text))
    ada.text.insert(0, "mine")
    await ada.until(lambda: ada.close_code is not None)
    assert ada.close_code == 4403
    assert "mine" not in str(grace.text)


async def test_who_may_read_it_all_after_all_starts_over(
    studio: Studio, lines: dict[str, Any]
) -> None:
    await studio.share("solver.py", lines)
    await studio.share("solver.py", {"kind": "lines", "start_line": 2, "end_line": 2})
    ada = await studio.join("ada", "solver.py")
    other = await studio.join("ada", "solver (part 2).py")
    await studio.access.grant(
        GRACE, Subject(SubjectKind.USER, "ada"), Resource("solver.py"), Terms(READ_ONLY)
    )
    await ada.until(lambda: ada.close_code is not None, 1.0)
    assert ada.close_code == 4409
    await other.until(lambda: other.close_code is not None, 1.0)
    assert other.close_code == 4403
    assert "open it instead" in json.loads(other.close_reason or "")["message"]
    again = await studio.join("ada", "solver.py")
    assert str(again.text) == LINES


async def test_lines_that_are_lost_close_the_slice(studio: Studio, lines: dict[str, Any]) -> None:
    await studio.share("solver.py", lines)
    ada, grace = await studio.join("ada", "solver.py"), await studio.join("grace", "solver.py")
    start = len(LINES[: LINES.index("import os")].encode())
    end = len(LINES[: LINES.index("# §hidden§ end") + 4].encode())
    del grace.text[start:end]
    await ada.until(lambda: ada.close_code is not None)
    assert ada.close_code == 4404
    assert "rest" in json.loads(ada.close_reason or "")["message"]


async def test_what_git_writes_into_the_lines_comes_in_and_nothing_else(
    studio: Studio, lines: dict[str, Any]
) -> None:
    await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    ada.text.insert(0, "# Ada\n")
    await _wait_for(lambda: "# Ada" in (studio.root / "solver.py").read_text())
    content = (studio.root / "solver.py").read_text()
    content = content.replace("return 1", "return 2").replace("import os", f"import os  # {SECRET}")
    (studio.root / "solver.py").write_text(content)
    await ada.until(lambda: "return 2" in str(ada.text))
    assert str(ada.text) == "# Ada\n" + SHARED.replace("1", "2")
    assert b"hidden" not in ada.heard


async def test_a_range_that_nothing_is_granted_on_any_more_is_gone(
    studio: Studio, lines: dict[str, Any]
) -> None:
    range_id, grant_id = await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    await studio.fetch("grace", f"codesyncx/api/access/grants/{grant_id}", method="DELETE")
    await ada.until(lambda: ada.close_code is not None, 2.0)
    assert ada.close_code in {4403, 4404}
    assert studio.access.ranges.get(range_id) is None
    assert await Peer(studio.url, "ada").session("solver.py") == 403


async def test_a_deleted_file_takes_its_slices_along(studio: Studio, lines: dict[str, Any]) -> None:
    await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    answer = await studio.fetch("grace", "api/contents/solver.py", method="DELETE")
    assert answer.code == 204
    await ada.until(lambda: ada.close_code is not None)
    assert ada.close_code == 4404


async def test_a_slice_follows_its_file_to_another_name(
    studio: Studio, lines: dict[str, Any]
) -> None:
    range_id, _ = await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    told: list[Any] = []
    state = ada.doc.get("state", type=Map)
    watch = state.observe(lambda event: told.append(event.keys.get("path", {}).get("newValue")))
    answer = await studio.fetch(
        "grace", "api/contents/solver.py", method="PATCH", body=json.dumps({"path": "new.py"})
    )
    assert answer.code == 200
    ada.text.insert(0, "moved\n")
    await _wait_for(lambda: "moved" in (studio.root / "new.py").read_text())
    assert ada.close_code is None
    await ada.until(lambda: "new.py" in told)
    state.unobserve(watch)
    slices = studio.settings["codesyncx_slices"]
    assert slices.path_for(Person("ada"), range_id) == "new.py"
    assert slices.renamed(Person("ada"), "solver.py", "new.py") == [("solver.py", "new.py")]
    assert slices.renamed(Person("eve"), "solver.py", "new.py") == []
    again = await studio.join("ada", "new.py")
    assert str(again.text) == f"moved\n{SHARED}"


async def test_cells_of_a_notebook(studio: Studio) -> None:
    notebook = YNotebook()
    cells = [
        {
            "id": name,
            "cell_type": "code",
            "source": name if name == "mine" else f"{name} {SECRET}",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for name in ("one", "mine", "three")
    ]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (studio.root / "a.ipynb").write_text(json.dumps(content))
    await studio.share("a.ipynb", {"kind": "cells", "cell_ids": ["mine"]})
    ada = await studio.join("ada", "a.ipynb", "json", "notebook")
    grace = await studio.join("grace", "a.ipynb", "json", "notebook")
    notebook = YNotebook(ada.doc)
    assert [cell["source"] for cell in notebook.get()["cells"]] == ["mine"]
    notebook.ycells[0]["source"].insert(4, " é")
    theirs = YNotebook(grace.doc)
    await grace.until(lambda: str(theirs.ycells[1]["source"]) == "mine é")
    await _wait_for(lambda: "mine é" in (studio.root / "a.ipynb").read_text())
    assert b"hidden" not in ada.heard


async def test_browsers_are_told_when_the_lines_are_saved(
    studio: Studio, lines: dict[str, Any]
) -> None:
    await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    state = ada.doc.get("state", type=Map)
    ada.text.insert(0, "# Ada\n")
    state["dirty"] = True
    await ada.until(lambda: state["dirty"] is False)
    assert "# Ada" in (studio.root / "solver.py").read_text()


async def test_a_slice_that_began_anew_has_its_clients_start_over(
    studio: Studio, lines: dict[str, Any], jp_serverapp: Any
) -> None:
    """As after a restart of the server: what they sent was kept, their copy is another document."""
    await studio.share("solver.py", lines)
    ada = await studio.join("ada", "solver.py")
    grace = await studio.join("grace", "solver.py")
    ada.text.insert(0, "acknowledged\n")
    await grace.until(lambda: "acknowledged" in str(grace.text))
    (app,) = jp_serverapp.extension_manager.extension_apps["codesyncx_server"]
    (room,) = app.collaboration.slices
    room.end(StorageError("The server is closing this document."))
    await ada.until(lambda: ada.close_code is not None)
    await ada.connect(sync=False)
    await ada.until(lambda: ada.close_code is not None)
    assert ada.close_code == 4409
    again = await studio.join("ada", "solver.py")
    assert again.lineage != ada.lineage
    assert str(again.text) == f"acknowledged\n{SHARED}"


async def test_who_is_here_is_told_without_closed_files(
    studio: Studio, lines: dict[str, Any]
) -> None:
    """Grace is in a file that Ada can't see, then in Ada's lines; Ada is in her lines."""
    await studio.share("solver.py", lines)
    ada, grace = Watcher(studio.url, "ada"), Watcher(studio.url, "grace")
    for peer in (ada, grace):
        studio.peers.append(peer)
        peer.room = "JupyterLab:globalAwareness"
        await peer.connect(sync=False)
    here = {"status": "active", "doing": "editing", "kind": "file", "open": [SECRET, "solver.py"]}
    of_grace, of_ada = grace.awareness.client_id, ada.awareness.client_id
    await grace.tell({"current": f"editor:{SECRET}", "codesyncx": {**here, "path": SECRET}})
    await ada.until(lambda: of_grace in ada.awareness.states)
    assert ada.awareness.states[of_grace]["user"]["username"] == "grace"
    assert ada.awareness.states[of_grace]["codesyncx"]["path"] is None
    await grace.tell({"codesyncx": {**here, "path": "solver.py", "line": 4}})
    await ada.until(lambda: ada.awareness.states[of_grace]["codesyncx"]["path"] == "solver.py")
    assert ada.awareness.states[of_grace]["codesyncx"]["line"] == 2
    await ada.tell({"codesyncx": {"path": "solver.py", "line": 3, "open": []}})
    await grace.until(lambda: of_ada in grace.awareness.states)
    assert grace.awareness.states[of_ada]["codesyncx"]["line"] == 5
    assert b"hidden" not in ada.heard


async def test_contents_of_a_slice(studio: Studio, lines: dict[str, Any]) -> None:
    slices, ada = studio.settings["codesyncx_slices"], Person("ada")
    await studio.share("solver.py", lines)
    second, _ = await studio.share("solver.py", {"kind": "lines", "start_line": 2, "end_line": 2})
    assert slices.path_for(ada, second) == "solver (part 2).py"
    entries = slices.entries(ada, "")
    assert [entry["path"] for entry in entries] == ["solver.py", "solver (part 2).py"]
    model = await slices.get(ada, "solver.py", content=True)
    assert (model["content"], model["format"], model["type"]) == (SHARED, "text", "file")
    assert model["mimetype"] == "text/x-python"
    assert model["size"] == len(SHARED.encode())
    other = await slices.get(ada, "solver (part 2).py", content=True)
    assert other["content"] == "import os"
    await slices.save(ada, "solver (part 2).py", {"content": "import os, sys"})
    expected = LINES.replace("import os", "import os, sys")
    assert (studio.root / "solver.py").read_text() == expected
    asked = "codesyncx/api/access/permissions?path=solver%20(part%202).py"
    told = json.loads((await studio.fetch("ada", asked)).body)
    assert [each["slice_path"] for each in told["ranges"] if each["id"] == second] == [told["path"]]
    assert "start_line" not in json.dumps(told)
    assert slices.range_at(Person("eve"), "solver.py") is None
    assert slices.range_at(ada, "solver (part 3).py") is None
    assert slices.range_at(GRACE, "solver.py") is None
