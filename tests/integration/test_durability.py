"""What is left after the server was killed: every acknowledged edit, once, for everybody."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from typing import TYPE_CHECKING

import pytest
from demo_people import token_of
from pycrdt import Doc, Text
from support.peers import Peer
from support.servers import LabServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATH = "notes.txt"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LabServer]:
    root = tmp_path / "project"
    root.mkdir()
    (root / PATH).write_text("begin\n")
    with LabServer(tmp_path) as lab:
        yield lab


async def _join(server: LabServer, username: str, peer: Peer | None = None) -> Peer:
    headers = {"Authorization": f"token {token_of(username, server.token)}"}
    doc = None if peer is None else peer.doc
    return await Peer(server.url, username, doc, headers).join(PATH)


async def _type(peer: Peer, tag: str, seconds: float) -> None:
    """Type numbered words until the line breaks."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    for number in itertools.count():
        if loop.time() > until or peer.close_code is not None:
            return
        peer.text += f"{tag}{number}é "
        await asyncio.sleep(0.02)


def _words(text: str) -> list[str]:
    return [word for word in text.split() if word != "begin"]


async def _kill_while_typing(server: LabServer, people: list[Peer]) -> str:
    """Kill the server in the middle; gives what an onlooker had seen by then."""
    onlooker = await _join(server, "heloise")
    typing = [asyncio.create_task(_type(peer, f"w{i}n", 3)) for i, peer in enumerate(people)]
    await asyncio.sleep(2.2)
    await asyncio.to_thread(server.kill)
    await asyncio.gather(*typing)
    seen = str(onlooker.text)
    for peer in [*people, onlooker]:
        await peer.leave()
    return seen


async def _settle(server: LabServer, peers: list[Peer]) -> str:
    """Wait until everybody and the file agree; gives the text."""
    file = server.root / PATH
    async with asyncio.timeout(10):
        while True:
            texts = {str(peer.text) for peer in peers} | {file.read_bytes().decode()}
            if len(texts) == 1:
                return texts.pop()
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("writers", [1, 10, 30])
async def test_every_edit_that_was_seen_survives(server: LabServer, writers: int) -> None:
    people = [await _join(server, f"person{i}") for i in range(writers)]
    seen = await _kill_while_typing(server, people)
    assert len(_words(seen)) > 20 * min(writers, 5)
    await asyncio.to_thread(server.start)
    fresh = await _join(server, "heloise")
    words = _words(str(fresh.text))
    assert set(_words(seen)) <= set(words)
    assert len(words) == len(set(words))
    back = [await _join(server, peer.username, peer) for peer in people]
    text = await _settle(server, [fresh, *back])
    assert set(_words(text)) == set().union(*(_words(str(peer.text)) for peer in people))
    assert len(_words(text)) == len(set(_words(text)))
    for peer in [fresh, *back]:
        await peer.leave()


async def test_an_old_client_that_is_back_first_brings_nothing_twice(server: LabServer) -> None:
    ada = await _join(server, "ada")
    await _kill_while_typing(server, [ada])
    ada.text += "offline "
    await asyncio.to_thread(server.start)
    ada = await _join(server, "ada", ada)
    fresh = await _join(server, "grace")
    text = await _settle(server, [ada, fresh])
    words = _words(text)
    assert len(words) == len(set(words))
    assert words[-1] == "offline"
    assert text.startswith("begin\n")


async def test_quiet_documents_come_back_as_they_were(server: LabServer) -> None:
    ada = await _join(server, "ada")
    ada.text += "done "
    await _settle(server, [ada])
    await asyncio.to_thread(server.kill)
    await ada.leave()
    await asyncio.to_thread(server.start)
    again = await _join(server, "ada", ada)
    assert again.lineage == ada.lineage
    assert await _settle(server, [again]) == "begin\ndone "


@pytest.mark.parametrize("is_changed", [False, True])
async def test_a_lost_store_starts_the_document_anew(
    server: LabServer, *, is_changed: bool
) -> None:
    ada = await _join(server, "ada")
    ada.text += "done "
    await _settle(server, [ada])
    await asyncio.to_thread(server.kill)
    await ada.leave()
    shutil.rmtree(server.folder / "data" / "codesyncx")
    if is_changed:
        (server.root / PATH).write_text("another text\n")
    await asyncio.to_thread(server.start)
    back = Peer(server.url, "ada", ada.doc, ada.headers)
    back.room, back.lineage = ada.room, ada.lineage
    await back.connect()
    assert back.close_code == 4409
    fresh = await _join(server, "ada")
    assert str(fresh.text) == ("another text\n" if is_changed else "begin\ndone ")
    await fresh.leave()


async def test_a_file_changed_while_the_server_was_dead_meets_unsaved_typing(
    server: LabServer,
) -> None:
    ada = await _join(server, "ada")
    file = server.root / PATH
    await asyncio.sleep(1.2)  # a save before would be followed by a pause
    ada.text += "unsaved ü"
    grace = await _join(server, "grace")
    await asyncio.to_thread(server.kill)
    assert str(grace.text) == "begin\nunsaved ü"
    await ada.leave()
    await grace.leave()
    before = file.read_text()
    file.write_text("from git\n" + before)
    await asyncio.to_thread(server.start)
    fresh = await _join(server, "grace")
    back = await _join(server, "ada", ada)
    assert await _settle(server, [fresh, back]) == "from git\nbegin\nunsaved ü"
    for _ in range(2):  # nor does it come twice after the next starts
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
    last = await _join(server, "heloise")
    assert str(last.text) == "from git\nbegin\nunsaved ü"


async def test_a_damaged_log_loses_what_was_damaged_only(server: LabServer) -> None:
    ada = await _join(server, "ada")
    ada.text += "done "
    await _settle(server, [ada])
    await asyncio.to_thread(server.kill)
    await ada.leave()
    (log,) = server.folder.glob("data/codesyncx/*/documents/*.log")
    with log.open("ab") as file:
        file.write(b"\x07garbage" * 20)
    await asyncio.to_thread(server.start)
    fresh: Doc[Text] = Doc()
    again = Peer(server.url, "ada", fresh, ada.headers)
    await again.join(PATH)
    assert str(again.text) == "begin\ndone "
    assert list(log.parent.glob("*.damaged-*"))
    await again.leave()
