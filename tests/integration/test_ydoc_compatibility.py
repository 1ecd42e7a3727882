"""What jupyter_server_ydoc promises to other extensions holds on our rooms."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_server_ydoc.utils import (
    JUPYTER_COLLABORATION_AWARENESS_EVENTS_URI,
    JUPYTER_COLLABORATION_EVENTS_URI,
    JUPYTER_COLLABORATION_FORK_EVENTS_URI,
)
from support.identity import PERSON
from support.peers import Peer
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    Join = Callable[..., Awaitable[Peer]]
    Ask = Callable[..., Awaitable[tuple[int, Any]]]

FACTS = {"path": "a.py", "content_type": "file", "file_format": "text"}


@pytest.fixture
def url(jp_fetch: Any, jp_http_port: int, jp_base_url: str, jp_root_dir: Path) -> str:
    assert jp_fetch  # brings the listening server up
    (jp_root_dir / "a.py").write_text("hello\n")
    return f"http://localhost:{jp_http_port}{jp_base_url}".rstrip("/")


@pytest.fixture
def join(url: str, jp_asyncio_loop: Any) -> Iterator[Join]:
    peers: list[Peer] = []

    async def enter(username: str, room: str = "") -> Peer:
        peer = Peer(url, username)
        peers.append(peer)
        if not room:
            return await peer.join("a.py")
        peer.room = room
        await peer.connect()
        return peer

    yield enter
    for peer in peers:
        jp_asyncio_loop.run_until_complete(peer.leave())


@pytest.fixture
def ask(url: str) -> Ask:
    async def fetch(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        request = HTTPRequest(
            f"{url}/api/collaboration/{path}",
            method=method,
            headers={PERSON: "ada"},
            body=None if body is None else json.dumps(body),
            allow_nonstandard_methods=True,
        )
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
        return response.code, json.loads(response.body or b"null")

    return fetch


@pytest.fixture
def upstream(url: str, jp_serverapp: Any) -> Any:
    assert url
    return jp_serverapp.web_app.settings["jupyter_server_ydoc"]


@pytest.fixture
def events(jp_serverapp: Any) -> list[dict[str, Any]]:
    heard: list[dict[str, Any]] = []

    async def note(logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        assert logger
        heard.append({"schema": schema_id.split("/")[-2], **data})

    for schema in (
        JUPYTER_COLLABORATION_EVENTS_URI,
        JUPYTER_COLLABORATION_AWARENESS_EVENTS_URI,
        JUPYTER_COLLABORATION_FORK_EVENTS_URI,
    ):
        jp_serverapp.event_logger.add_listener(schema_id=schema, listener=note)
    return heard


async def _wait_for(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_document_nobody_has_open_is_found_only_if_it_may_be_opened(upstream: Any) -> None:
    assert await upstream.get_document(**FACTS) is None
    assert await upstream.get_document(**FACTS, copy=False) is None
    assert (await upstream.get_document(**FACTS, create=True)).get() == "hello\n"


async def test_a_copy_goes_its_own_way(join: Join, upstream: Any) -> None:
    ada = await join("ada")
    copy = await upstream.get_document(room_id=ada.room)
    copy.set("something else\n")
    ada.text += "more\n"
    live = await upstream.get_document(room_id=ada.room, copy=False)
    await _wait_for(lambda: live.get() == "hello\nmore\n")
    assert copy.get() == "something else\n"


async def test_the_document_itself_is_everybodys(
    join: Join, upstream: Any, jp_root_dir: Path
) -> None:
    ada = await join("ada")
    live = await upstream.get_document(**FACTS, copy=False)
    changes: list[str] = []
    live.observe(lambda topic, _event: changes.append(topic))
    ada.text += "from ada\n"
    await _wait_for(lambda: "source" in changes)
    live.set("hello\nfrom ada\nfrom an extension\n")
    await ada.until(lambda: str(ada.text).endswith("from an extension\n"))
    live.unobserve()
    await _wait_for(lambda: (jp_root_dir / "a.py").read_text().endswith("from an extension\n"))


async def test_a_document_needs_a_name(upstream: Any) -> None:
    with pytest.raises(ValueError, match="room_id"):
        await upstream.get_document(path="a.py")


async def test_a_fork_is_edited_apart_and_merged_back(
    join: Join, ask: Ask, events: list[dict[str, Any]]
) -> None:
    ada = await join("ada")
    body = {"title": "Try", "description": "an idea"}
    status, answer = await ask("PUT", f"fork/{ada.room}", body)
    assert status == 201
    fork = answer["fork_roomid"]
    assert answer["fork_info"] == {"root_roomid": ada.room, "synchronize": False, **body}
    assert (await ask("GET", f"fork/{ada.room}"))[1] == {fork: answer["fork_info"]}
    trying = await join("grace", fork)
    assert str(trying.text) == "hello\n"
    trying.text += "idea\n"
    ada.text.insert(0, "meanwhile\n")
    onlooker = await join("heloise", fork)
    await onlooker.until(lambda: str(onlooker.text) == "hello\nidea\n")
    assert str(ada.text) == "meanwhile\nhello\n"
    assert (await ask("DELETE", f"fork/{fork}?merge=true"))[0] == 200
    await ada.until(lambda: str(ada.text) == "meanwhile\nhello\nidea\n")
    assert (await ask("GET", f"fork/{ada.room}"))[1] == {}
    forks = [event["action"] for event in events if "fork_roomid" in event]
    assert forks == ["create", "delete"]


async def test_a_fork_may_follow_its_root_and_be_thrown_away(join: Join, ask: Ask) -> None:
    ada = await join("ada")
    _, answer = await ask("PUT", f"fork/{ada.room}", {"synchronize": True})
    trying = await join("grace", answer["fork_roomid"])
    ada.text += "followed\n"
    await trying.until(lambda: str(trying.text) == "hello\nfollowed\n")
    trying.text += "dropped\n"
    assert (await ask("DELETE", f"fork/{answer['fork_roomid']}?merge=false"))[0] == 200
    assert str((await join("heloise")).text) == "hello\nfollowed\n"


async def test_what_isnt_there_cant_be_forked_or_deleted(ask: Ask, url: str) -> None:
    assert url
    assert (await ask("PUT", "fork/text:file:nothing", {}))[0] == 404
    assert (await ask("DELETE", "fork/nothing?merge=true"))[0] == 404


async def test_the_timeline_steps_back_and_forth_on_a_copy(join: Join, ask: Ask) -> None:
    ada = await join("ada")
    for word in ("one\n", "two\n", "three\n"):
        ada.text += word
        await ada.send(b"\x03")
        await asyncio.sleep(0.05)  # each an update of its own
    status, timeline = await ask("GET", "timeline/a.py?format=text&type=file")
    assert status == 200
    assert timeline["roomId"] == ada.room
    assert len(timeline["timestamps"]) >= 1
    watching = await join("ada", timeline["forkRoom"])
    assert str(watching.text) == "hello\none\ntwo\nthree\n"
    query = f"undo_redo/{ada.room}?forkRoom={timeline['forkRoom']}&steps=1"
    assert (await ask("PUT", f"{query}&action=restore"))[0] == 200
    assert str(ada.text) == "hello\none\ntwo\nthree\n"
    assert (await ask("PUT", f"{query}&action=undo"))[0] == 404
    assert (await ask("GET", "timeline/b.py?format=text&type=file"))[0] == 404


async def test_rooms_and_people_are_told_on_jupyters_event_bus(
    join: Join, events: list[dict[str, Any]], jp_serverapp: Any
) -> None:
    ada = await join("ada")
    ada.text += "more\n"

    def told() -> list[str]:
        return [event["action"] for event in events]

    await _wait_for(lambda: "save" in told())
    assert told()[:2] == ["initialize", "join"]
    assert {"roomid": ada.room, "username": "ada"}.items() <= events[1].items()
    assert {"room": ada.room, "path": "a.py"}.items() <= events[0].items()
    await ada.leave()
    await _wait_for(lambda: "leave" in told())
    rooms = jp_serverapp.web_app.settings["codesyncx_rooms"]
    await rooms._close(rooms.get(ada.room))
    await _wait_for(lambda: "clean" in told())


async def test_a_session_tells_the_room_and_whether_the_file_is_new_to_it(
    url: str, jp_root_dir: Path
) -> None:
    (jp_root_dir / "new.py").write_text("")
    peer = Peer(url, "ada")
    assert await peer.session("new.py") == 201
    room, lineage = peer.room, peer.lineage
    assert await peer.session("new.py") == 200
    assert (peer.room, peer.lineage) == (room, lineage)
    assert await peer.session("nothing.py") == 404
