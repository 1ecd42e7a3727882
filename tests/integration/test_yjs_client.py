"""Our rooms speak the protocol of y-websocket: its own client, under Node, comes and works."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import TYPE_CHECKING, Any, Self

import pytest
from demo_people import token_of
from support.peers import Peer
from support.servers import REPOSITORY, LabServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATH = "notes.txt"
WAIT_S = 20


class NodeClient:
    """`async with NodeClient(peer, "ada") as ada`: yjs and y-websocket in `peer`'s room."""

    def __init__(self, server: LabServer, peer: Peer, username: str) -> None:
        self.latest: dict[str, Any] = {"text": "", "is_synced": False, "people": {}}
        rooms = f"{server.url.replace('http', 'ws', 1)}/api/collaboration/room"
        token = token_of(username, server.token)
        self._arguments = (rooms, peer.room, peer.lineage, token)

    async def __aenter__(self) -> Self:
        node = shutil.which("node")
        assert node is not None, "these tests need Node"
        script = REPOSITORY / "tests" / "support" / "yjs-client.mjs"
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            node, str(script), *self._arguments, stdin=pipe, stdout=pipe
        )
        await self.until(lambda: self.latest["is_synced"])
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await asyncio.wait_for(self._process.communicate(), WAIT_S)

    def do(self, what: str, **facts: Any) -> None:
        """Have the client do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **facts}).encode() + b"\n")

    async def until(self, claim: Callable[[], bool]) -> None:
        """Listen to the client until something is so."""
        assert self._process.stdout is not None
        async with asyncio.timeout(WAIT_S):
            while not claim():
                line = await self._process.stdout.readline()
                assert line, "the client has ended"
                self.latest = json.loads(line)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LabServer]:
    root = tmp_path / "project"
    root.mkdir()
    (root / PATH).write_text("begin\n")
    with LabServer(tmp_path) as lab:
        yield lab


async def _join(server: LabServer, username: str) -> Peer:
    headers = {"Authorization": f"token {token_of(username, server.token)}"}
    return await Peer(server.url, username, headers=headers).join(PATH)


async def test_two_yjs_clients_and_a_pycrdt_peer_are_of_one_mind(server: LabServer) -> None:
    peer = await _join(server, "edsger")
    async with NodeClient(server, peer, "ada") as ada, NodeClient(server, peer, "grace") as grace:
        assert ada.latest["text"] == grace.latest["text"] == "begin\n"
        ada.do("insert", at=0, words="Ada: é🌍\n")
        grace.do("insert", words="Grace\n")
        peer.text += "Edsger\n"
        parts = {"begin", "Ada: é🌍", "Grace", "Edsger"}

        def is_whole(text: str) -> bool:
            return set(text.split("\n")) == {*parts, ""}

        await ada.until(lambda: is_whole(ada.latest["text"]))
        await grace.until(lambda: is_whole(grace.latest["text"]))
        await peer.until(lambda: is_whole(str(peer.text)))
        assert ada.latest["text"] == grace.latest["text"] == str(peer.text)

        grace.do("disconnect")
        await grace.until(lambda: not grace.latest["is_synced"])
        grace.do("insert", words="offline\n")
        ada.do("insert", words="meanwhile\n")
        await peer.until(lambda: "meanwhile" in str(peer.text))
        grace.do("connect")
        parts |= {"offline", "meanwhile"}
        await ada.until(lambda: is_whole(ada.latest["text"]))
        await grace.until(lambda: is_whole(grace.latest["text"]))
        await peer.until(lambda: is_whole(str(peer.text)))
        assert ada.latest["text"] == grace.latest["text"] == str(peer.text)
    await peer.leave()


async def test_yjs_clients_see_each_other_under_their_verified_names(server: LabServer) -> None:
    peer = await _join(server, "edsger")
    async with NodeClient(server, peer, "ada") as ada, NodeClient(server, peer, "grace") as grace:
        ada.do("say", state={"user": {"username": "grace", "name": "Grace"}, "cursor": 7})
        ada_id = str(ada.latest["client_id"])
        await grace.until(lambda: "cursor" in grace.latest["people"].get(ada_id, {}))
        state = grace.latest["people"][ada_id]
        assert (state["user"]["name"], state["cursor"]) == ("Ada Lovelace", 7)
        ada.do("disconnect")
        await grace.until(lambda: ada_id not in grace.latest["people"])
    await peer.leave()
