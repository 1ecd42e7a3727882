"""Document rooms through the websocket of a real server."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from pycrdt import Doc, Encoder, Text
from support.peers import Peer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.peers import Join


async def _wait_for(condition: Callable[[], bool], wait_s: float = 5.0) -> None:
    async with asyncio.timeout(wait_s):
        while not condition():  # noqa: ASYNC110 (it waits for the disk)
            await asyncio.sleep(0.02)


async def test_two_people_type_and_the_file_follows(join: Join, jp_root_dir: Path) -> None:
    (jp_root_dir / "a.py").write_text("print(1)\n")
    ada, grace = await join("ada"), await join("grace")
    assert str(ada.text) == str(grace.text) == "print(1)\n"
    ada.text.insert(0, "# Ada: é\n")
    grace.text += "# Grace: 🌍\n"
    whole = "# Ada: é\nprint(1)\n# Grace: 🌍\n"
    await grace.until(lambda: str(grace.text) == whole)
    await ada.until(lambda: str(ada.text) == whole)
    await _wait_for(lambda: (jp_root_dir / "a.py").read_text() == whole, 2.5)
    assert [each.name for each in jp_root_dir.iterdir()] == ["a.py"]  # noqa: ASYNC240


async def test_a_path_with_slashes_around_is_the_same_document(
    join: Join, jp_root_dir: Path
) -> None:
    (jp_root_dir / "a.py").write_text("")
    ada = await join("ada")
    room = ada.room
    for spelling in ("/a.py", "a.py/", "//a.py"):
        assert (await ada.session(spelling), ada.room) == (200, room)


async def test_an_author_hears_their_own_edit_back(join: Join, jp_root_dir: Path) -> None:
    (jp_root_dir / "a.py").write_text("")
    ada = await join("ada")
    heard: list[bytes] = []
    ada._hear = heard.append  # type: ignore[method-assign]
    ada.text += "x"
    await ada.until(lambda: any(message[:2] == b"\x00\x02" for message in heard))


async def test_names_are_the_servers_word(join: Join, jp_root_dir: Path) -> None:
    (jp_root_dir / "a.py").write_text("")
    ada, grace = await join("ada"), await join("grace")
    await ada.tell({"user": {"username": "grace", "name": "Grace"}, "cursor": 7})
    ada_id = ada.awareness.client_id
    await grace.until(lambda: ada_id in grace.awareness.states)
    state = grace.awareness.states[ada_id]
    assert (state["user"]["username"], state["cursor"]) == ("ada", 7)
    heloise = await join("heloise")
    await heloise.until(lambda: ada_id in heloise.awareness.states)
    await ada.leave()
    await grace.until(lambda: ada_id not in grace.awareness.states)


async def test_nobody_speaks_for_another(join: Join, jp_root_dir: Path) -> None:
    (jp_root_dir / "a.py").write_text("")
    ada, grace = await join("ada"), await join("grace")
    await ada.tell({"cursor": 1})
    ada_id = ada.awareness.client_id
    await grace.until(lambda: ada_id in grace.awareness.states)
    grace.awareness.client_id = ada_id
    await grace.tell({"cursor": 99})
    await grace.until(lambda: grace.close_code is not None)
    assert grace.close_code == 4403
    assert "say where you are" in json.loads(grace.close_reason or "")["message"]
    assert ada.close_code is None


async def test_nobody_writes_in_anothers_name(join: Join, jp_root_dir: Path) -> None:
    (jp_root_dir / "a.py").write_text("")
    ada, grace = await join("ada"), await join("grace")
    ada.text += "mine"
    await grace.until(lambda: str(grace.text) == "mine")
    forged: Doc[Any] = Doc(client_id=ada.doc.client_id)
    forged.apply_update(grace.doc.get_update())
    before = forged.get_state()
    forged_text = forged.get("source", type=Text)
    forged_text += " and hers"
    encoder = Encoder()
    encoder.write_var_uint(0)
    encoder.write_var_uint(2)
    update = forged.get_update(before)
    await grace.send(b"\x00\x02" + bytes([len(update)]) + update)
    await grace.until(lambda: grace.close_code is not None)
    assert grace.close_code == 4403
    assert str(ada.text) == "mine"


async def test_a_change_on_disk_meets_unsaved_typing(join: Join, jp_root_dir: Path) -> None:
    file = jp_root_dir / "a.py"
    file.write_text("one\ntwo\nthree\n")
    ada = await join("ada")
    ada.text.insert(0, "typed ü\n")
    file.write_text("one\nTWO\nthree\nfour\n")
    whole = "typed ü\none\nTWO\nthree\nfour\n"
    await ada.until(lambda: str(ada.text) == whole)
    await _wait_for(lambda: file.read_text() == whole)


async def test_an_edit_outlives_the_room(join: Join, jp_root_dir: Path, jp_serverapp: Any) -> None:
    file = jp_root_dir / "a.py"
    file.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    ada = await join("ada")
    assert str(ada.text) == "one\ntwo\n"
    ada.text += "three\n"
    await _wait_for(lambda: file.read_bytes() == b"\xef\xbb\xbfone\r\ntwo\r\nthree\r\n")
    rooms = jp_serverapp.web_app.settings["codesyncx_rooms"]
    room = rooms.get(ada.room)
    await rooms._close(room)
    await ada.until(lambda: ada.close_code is not None)
    again = await join("ada", doc=ada.doc)
    assert again.lineage == ada.lineage
    assert str(again.text) == "one\ntwo\nthree\n"
    grace = await join("grace")
    assert str(grace.text) == "one\ntwo\nthree\n"
    authors = {author.username for author in rooms.get(ada.room).authors.values()}
    assert authors == {"ada"}


@pytest.mark.parametrize(
    ("content", "form", "kind", "status", "words"),
    [
        (b"\xff\xfe\x00", "text", "file", 400, "not UTF-8"),
        (b'{"cells": [', "json", "notebook", 400, "no readable notebook"),
        (None, "text", "file", 404, "exist"),
    ],
)
async def test_a_bad_file_is_told_in_words(
    url: str,
    jp_root_dir: Path,
    content: bytes | None,
    form: str,
    kind: str,
    status: int,
    words: str,
) -> None:
    if content is not None:
        (jp_root_dir / "bad").write_bytes(content)
    peer = Peer(url, "ada")
    assert await peer.session("bad", form, kind) == status
    assert words in peer.answer


async def test_a_saved_request_is_answered(join: Join, jp_root_dir: Path) -> None:
    file = jp_root_dir / "a.py"
    file.write_text("")
    ada = await join("ada")
    ada.text += "now"
    await ada.send(b"\x02\x04save\x07")
    await ada.until(lambda: bool(ada.raw))
    reply = json.loads(ada.raw[0][2:])
    assert reply == {"type": "save", "responseTo": 7, "status": "success"}
    assert file.read_text() == "now"


async def test_the_python_api_finds_and_makes_documents(
    join: Join, jp_root_dir: Path, jp_serverapp: Any
) -> None:
    (jp_root_dir / "a.py").write_text("hello\n")
    upstream = jp_serverapp.web_app.settings["jupyter_server_ydoc"]
    facts = {"path": "a.py", "content_type": "file", "file_format": "text"}
    assert await upstream.get_document(**facts, copy=False) is None
    document = await upstream.get_document(**facts, copy=False, create=True)
    ada = await join("ada")
    document.set("hello\nfrom an extension\n")
    await ada.until(lambda: str(ada.text) == "hello\nfrom an extension\n")
    fork = await upstream.get_document(**facts, copy=True)
    assert fork.get() == document.get()
