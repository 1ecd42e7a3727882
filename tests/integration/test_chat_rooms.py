"""Who may write what, through the websocket of a real server."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pycrdt import (
    Array,
    Doc,
    Map,
    YMessageType,
    create_sync_message,
    create_update_message,
    handle_sync_message,
)
from support.identity import PERSON, NamedInHeader
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from codesyncx_server.access.changes import Terms
from codesyncx_server.access.model import ROLES, Person, Resource, Subject, SubjectKind
from codesyncx_server.collab import autosave
from codesyncx_server.collab.log import DocumentLog
from codesyncx_server.updates import advance, missing, read_update

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from jupyter_server.serverapp import ServerApp

    Join = Callable[..., Awaitable["Talker"]]


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    extensions = (
        "codesyncx_server",
        "jupyter_server_fileid",
        "jupyter_server_ydoc",
        "jupyterlab_chat",
    )
    return {
        "CodeSyncXApp": {"default_role": "editor"},
        "SQLiteYStore": {"db_path": str(tmp_path / "store.db")},
        "ServerApp": {
            "jpserver_extensions": dict.fromkeys(extensions, True),
            "identity_provider_class": NamedInHeader,
            "disable_check_xsrf": True,
        },
    }


class Talker:
    """A person in the room of the channel, with a copy of the document."""

    def __init__(self, username: str, socket: Any) -> None:
        self.username = username
        self.socket = socket
        self.doc: Doc[Any] = Doc()
        self.messages = self.doc.get("messages", type=Array)
        self.users = self.doc.get("users", type=Map)

    async def hear(self) -> bool:
        """Take in one message; whether the connection still stands."""
        message = await asyncio.wait_for(self.socket.read_message(), 10)
        if message is None:
            return False
        if message[0] == YMessageType.SYNC:
            reply = handle_sync_message(message[1:], self.doc)
            if reply is not None:
                await self.socket.write_message(reply, binary=True)
        return True

    async def hear_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            assert await self.hear(), self.socket.close_reason

    async def say(self, identifier: str, **fields: Any) -> None:
        """Send a message, as the stock front end does."""
        before = self.doc.get_state()
        entry = {
            "type": "msg",
            "id": identifier,
            "body": "hello",
            "time": 1.0,
            "sender": self.username,
            "raw_time": True,
            **fields,
        }
        self.messages.append(Map(entry))
        await self.send(before)

    async def send(self, before: bytes) -> None:
        await self.socket.write_message(
            create_update_message(self.doc.get_update(before)), binary=True
        )

    def ids(self) -> list[str]:
        return [entry["id"] for entry in self.messages.to_py() or []]


@pytest.fixture
def saves_come_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a document's file be written an hour after an edit."""
    monkeypatch.setattr(autosave, "_GATHER_S", 3600.0)


@pytest.fixture
def join(
    jp_fetch: Callable[..., Any],
    jp_http_port: int,
    jp_base_url: str,
    jp_auth_header: dict[str, str],
) -> Iterator[Join]:
    here: list[Talker] = []

    async def open_channel(name: str) -> dict[str, str]:
        made = {"method": "POST", "body": json.dumps({"name": name, "may_exist": True})}
        await jp_fetch("codesyncx", "api", "chat", "channels", **made)
        session = await jp_fetch(
            *("api", "collaboration", "session", "chats", f"{name}.chat"),
            method="PUT",
            body=json.dumps({"format": "text", "type": "chat"}),
        )
        facts: dict[str, str] = json.loads(session.body)
        return facts

    async def come(username: str, channel: str = "general") -> Talker:
        facts = await open_channel(channel)
        # Not jp_ws_fetch: it escapes the colons of the room's id.
        room = f"{jp_base_url}api/collaboration/room/text:chat:{facts['fileId']}"
        url = f"ws://localhost:{jp_http_port}{room}?sessionId={facts['sessionId']}"
        headers = {**jp_auth_header, PERSON: username}
        socket = await websocket_connect(HTTPRequest(url, headers=headers))
        talker = Talker(username, socket)
        here.append(talker)
        await socket.write_message(create_sync_message(talker.doc), binary=True)
        await talker.hear_until(lambda: "metadata" in talker.doc.keys())  # noqa: SIM118
        return talker

    yield come
    for talker in here:
        talker.socket.close()


async def test_people_talk_and_the_bus_tells(join: Join, jp_serverapp: ServerApp) -> None:
    settings = jp_serverapp.web_app.settings
    heard: list[Any] = []
    settings["codesyncx_bus"].subscribe("chat.message", lambda event: heard.append(event.data))
    ann, bob = await join("ann"), await join("bob")
    await ann.say("m1", mentions=["bob"])
    await bob.hear_until(lambda: bob.ids() == ["m1"])
    await bob.say("m2")
    await ann.hear_until(lambda: "m2" in ann.ids())
    assert [(each["sender"], each["mentions"]) for each in heard] == [("ann", ["bob"]), ("bob", [])]
    assert [each["number"] for each in heard] == [1, 2]
    assert heard[0]["path"] == "chats/general.chat"


@pytest.mark.usefixtures("saves_come_late")
async def test_what_was_said_a_moment_ago_is_unread_and_found_before_it_is_on_the_disk(
    join: Join, jp_fetch: Callable[..., Any], jp_root_dir: Path
) -> None:
    ann, bob = await join("ann"), await join("bob")
    await ann.say("m1", mentions=["bob"], body="Freeze on Friday")
    await bob.hear_until(lambda: bob.ids() == ["m1"])

    async def ask(*route: str, **options: Any) -> Any:
        route = ("codesyncx", "api", "chat", *route)
        return json.loads((await jp_fetch(*route, headers={PERSON: "bob"}, **options)).body)

    [general] = (await ask("channels"))["channels"]
    assert (general["unread"], general["mentions"], general["messages"]) == (1, 1, 1)
    [hit] = (await ask("search", params={"q": "friday"}))["results"]
    assert hit["message_id"] == "m1"
    assert json.loads((jp_root_dir / "chats/general.chat").read_text())["messages"] == []

    await bob.hear_until(lambda: not bob.messages[0]["raw_time"])
    mark = {"method": "PUT", "body": json.dumps({"path": "chats/general.chat"})}
    assert (await ask("unread", **mark))["unread"] == 0
    [general] = (await ask("channels"))["channels"]
    assert (general["unread"], general["messages"]) == (0, 1)


@pytest.mark.usefixtures("saves_come_late")
async def test_a_message_withdrawn_before_it_is_on_the_disk_is_not_unread(
    join: Join, jp_fetch: Callable[..., Any]
) -> None:
    ann, bob = await join("ann"), await join("bob")
    await ann.say("m1")
    await ann.hear_until(lambda: not ann.messages[0]["raw_time"])
    before = ann.doc.get_state()
    ann.messages[0]["deleted"] = True
    await ann.send(before)
    await bob.hear_until(lambda: bool(bob.messages) and bob.messages[0].get("deleted"))
    listed = await jp_fetch("codesyncx", "api", "chat", "channels", headers={PERSON: "bob"})
    assert json.loads(listed.body)["channels"][0]["unread"] == 0


async def test_both_of_a_chat_and_its_copy_are_told_of(
    join: Join, jp_serverapp: ServerApp, jp_root_dir: Path
) -> None:
    heard: list[Any] = []
    bus = jp_serverapp.web_app.settings["codesyncx_bus"]
    bus.subscribe("chat.message", lambda event: heard.append(event.data["path"]))
    ann = await join("ann")
    shutil.copy(jp_root_dir / "chats/general.chat", jp_root_dir / "chats/copy.chat")
    bob = await join("bob", "copy")
    await ann.say("m1")
    await ann.hear_until(lambda: not ann.messages[0]["raw_time"])
    await bob.say("m2")
    await bob.hear_until(lambda: not bob.messages[0]["raw_time"])
    assert heard == ["chats/general.chat", "chats/copy.chat"]


async def test_the_log_of_a_chat_is_whole_for_browsers(
    join: Join, jp_data_dir: Path, tmp_path: Path
) -> None:
    ann = await join("ann")
    await ann.say("m1")
    await ann.hear_until(lambda: bool(ann.messages) and not ann.messages[0]["raw_time"])
    [path] = jp_data_dir.glob("codesyncx/*/documents/*.log")  # noqa: ASYNC240
    copy = DocumentLog.open(Path(shutil.copy(path, tmp_path)), "copy")
    clocks: dict[int, int] = {}
    for update in copy.replay().updates:
        decoded = read_update(update)
        # pycrdt takes edits that hang in the air; Yjs keeps them back.
        assert not missing(decoded, clocks)
        advance(clocks, decoded)
    copy.close()


@pytest.mark.parametrize("crime", ["speak as another", "rewrite", "delete", "rename another"])
async def test_what_is_not_ones_own_is_refused_and_nobody_sees_it(join: Join, crime: str) -> None:
    ann, eve, bob = await join("ann"), await join("eve"), await join("bob")
    before = ann.doc.get_state()
    ann.users["ann"] = {"username": "ann", "name": "Ann", "display_name": "Ann"}
    await ann.send(before)
    await ann.say("m1")
    await eve.hear_until(lambda: eve.ids() == ["m1"] and "ann" in eve.users)
    before = eve.doc.get_state()
    if crime == "speak as another":
        await eve.say("m2", sender="ann")
    else:
        if crime == "rewrite":
            eve.messages[0]["body"] = "I resign"
        elif crime == "delete":
            del eve.messages[0]
        else:
            eve.users["ann"] = {"username": "ann", "name": "Fool", "display_name": "Fool"}
        await eve.send(before)
    while await eve.hear():
        pass
    assert eve.socket.close_code == 4403
    assert json.loads(eve.socket.close_reason)["code"] == "refused"

    await bob.hear_until(lambda: bob.ids() == ["m1"])
    await bob.say("m3")
    await ann.hear_until(lambda: "m3" in ann.ids())
    assert ann.ids() == ["m1", "m3"]
    assert ann.messages[0]["body"] == "hello"
    assert ann.users["ann"]["name"] == "Ann"


async def test_who_may_not_comment_reads_along(join: Join, jp_serverapp: ServerApp) -> None:
    ann, eve = await join("ann"), await join("eve")
    viewer = Terms(ROLES["viewer"], "viewer")
    access = jp_serverapp.web_app.settings["codesyncx_access"]
    subject = Subject(SubjectKind.USER, "eve")
    owner = Person("owner", is_owner=True)
    await access.grant(owner, subject, Resource("chats/general.chat"), viewer)
    await ann.say("m1")
    await eve.hear_until(lambda: eve.ids() == ["m1"])
    await eve.say("m2")
    while await eve.hear():
        pass
    assert eve.socket.close_code == 4403
    assert "not write in it" in json.loads(eve.socket.close_reason)["message"]
    await ann.say("m3")
    await ann.hear_until(lambda: ann.ids() == ["m1", "m3"])


async def test_a_name_that_is_not_the_servers_word_is_refused(join: Join) -> None:
    eve = await join("eve")
    before = eve.doc.get_state()
    eve.users["eve"] = {"username": "eve", "name": "Ann", "display_name": "Ann"}
    await eve.send(before)
    while await eve.hear():
        pass
    assert eve.socket.close_code == 4403


@pytest.mark.parametrize("frame", [b"\x00\x02", b"\x00\x02\x05ab", b"\x00\x02\x02\xff\xff"])
async def test_a_damaged_update_closes_only_its_own_connection(join: Join, frame: bytes) -> None:
    ann, eve = await join("ann"), await join("eve")
    await eve.socket.write_message(frame, binary=True)
    while await eve.hear():
        pass
    assert eve.socket.close_code in {4400, 4403}
    await ann.say("m1")
    await ann.hear_until(lambda: ann.ids() == ["m1"])
