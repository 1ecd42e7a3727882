"""Ranges after the server was killed: they are exactly where they were."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from demo_people import token_of
from support.peers import Peer
from support.servers import LabServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATH = "solver.py"
# The same over and over: by their content alone the lines couldn't be told from others.
TEXT = "pass\n" * 30


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LabServer]:
    root = tmp_path / "project"
    root.mkdir()
    (root / PATH).write_text(TEXT)
    with LabServer(tmp_path) as lab:
        yield lab


def _headers(server: LabServer, username: str) -> dict[str, str]:
    return {"Authorization": f"token {token_of(username, server.token)}"}


def _ask(server: LabServer, username: str, what: str, body: Any = None) -> Any:
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{server.url}/codesyncx/api/access/{what}",
        method="GET" if body is None else "POST",
        data=None if body is None else json.dumps(body).encode(),
        headers=_headers(server, username),
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


async def _join(server: LabServer, username: str) -> Peer:
    return await Peer(server.url, username, headers=_headers(server, username)).join(PATH)


def _lines(server: LabServer) -> tuple[int, int]:
    (found,) = _ask(server, "grace", f"permissions?path={PATH}")["ranges"]
    assert found["state"] == "open"
    return found["start_line"], found["end_line"]


async def test_lines_are_where_they_were_when_the_server_is_killed(server: LabServer) -> None:
    grace = {"kind": "user", "name": "grace"}
    lines = {"kind": "lines", "start_line": 10, "end_line": 12}
    for grant in (
        {"subject": grace, "path": PATH, "role": "viewer"},
        {"subject": grace, "path": PATH, "role": "editor", "range": lines},
    ):
        await asyncio.to_thread(_ask, server, "ada", "grants", grant)
    ada, holder = await _join(server, "ada"), await _join(server, "grace")
    ada.text.insert(0, "pass\n" * 7)
    await holder.until(lambda: str(holder.text) == "pass\n" * 37)
    holder.text.insert(16 * 5, "mine = 1\n")
    whole = "pass\n" * 16 + "mine = 1\n" + "pass\n" * 21
    await ada.until(lambda: str(ada.text) == whole)
    await asyncio.to_thread(server.kill)
    await ada.leave()
    await holder.leave()
    await asyncio.to_thread(server.start)
    holder = await _join(server, "grace")
    assert str(holder.text) == whole
    assert await asyncio.to_thread(_lines, server) == (17, 20)
    start = whole.index("mine")
    holder.text.insert(start, "# ")
    onlooker = await _join(server, "edsger")
    await onlooker.until(lambda: "# mine" in str(onlooker.text))
    holder.text.insert(start - 1, "x")
    await holder.until(lambda: holder.close_code is not None)
    assert holder.close_code == 4403
    await onlooker.leave()
