"""Ranges after the server was killed: they are exactly where they were."""

from __future__ import annotations

import asyncio
import json
import signal
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
    method = "GET" if body is None else "POST"
    return _fetch(server, username, method, f"codesyncx/api/access/{what}", body)


def _fetch(server: LabServer, username: str, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{server.url}/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers=_headers(server, username),
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


async def _join(server: LabServer, username: str, path: str = PATH) -> Peer:
    return await Peer(server.url, username, headers=_headers(server, username)).join(path)


def _share(server: LabServer) -> None:
    grace = {"kind": "user", "name": "grace"}
    lines = {"kind": "lines", "start_line": 10, "end_line": 12}
    for grant in (
        {"subject": grace, "path": PATH, "role": "viewer"},
        {"subject": grace, "path": PATH, "role": "editor", "range": lines},
    ):
        _ask(server, "ada", "grants", grant)


def _lines(server: LabServer, path: str = PATH) -> tuple[int, int]:
    (found,) = _ask(server, "grace", f"permissions?path={path}")["ranges"]
    assert found["state"] == "open"
    return found["start_line"], found["end_line"]


async def test_lines_are_where_they_were_when_the_server_is_killed(server: LabServer) -> None:
    await asyncio.to_thread(_share, server)
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


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_access_is_at_the_new_path_when_the_server_ends_after_a_rename(
    server: LabServer, number: signal.Signals
) -> None:
    await asyncio.to_thread(_share, server)
    holder = await _join(server, "grace")
    holder.text.insert(10 * 5, "# mine\n")
    onlooker = await _join(server, "edsger")
    await onlooker.until(lambda: "# mine" in str(onlooker.text))

    def rename_and_end() -> None:
        _fetch(server, "ada", "PATCH", f"api/contents/{PATH}", {"path": "answers.py"})
        server.kill(number)

    await asyncio.to_thread(rename_and_end)
    await holder.leave()
    await onlooker.leave()
    await asyncio.to_thread(server.start)
    found = await asyncio.to_thread(_ask, server, "grace", "permissions?path=answers.py")
    assert "edit" not in found["permissions"]
    holder = await _join(server, "grace", "answers.py")
    assert await asyncio.to_thread(_lines, server, "answers.py") == (10, 13)
    assert not (await asyncio.to_thread(_ask, server, "grace", f"permissions?path={PATH}"))[
        "ranges"
    ]
    await holder.leave()


async def test_access_follows_what_was_moved_while_no_server_ran(server: LabServer) -> None:
    await asyncio.to_thread(_share, server)
    none = {"subject": {"kind": "user", "name": "grace"}, "role": "none"}
    (server.root / "vault").mkdir()
    (server.root / "vault/exam.py").write_text("42\n")
    await asyncio.to_thread(_ask, server, "ada", "grants", {**none, "path": "vault"})
    await asyncio.to_thread(server.kill, signal.SIGTERM)
    (server.root / PATH).rename(server.root / "answers.py")
    (server.root / PATH).write_text("another\n")
    (server.root / "vault").rename(server.root / "plain")
    await asyncio.to_thread(server.start)

    def asked(path: str) -> Any:
        query = {"paths": [path]}
        return _ask(server, "grace", "permissions", query)["permissions"][0]

    async with asyncio.timeout(20):
        # It is looked for once the server runs.
        while await asyncio.to_thread(asked, "plain") is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert "edit" not in (await asyncio.to_thread(asked, "answers.py"))["permissions"]
    assert await asyncio.to_thread(_lines, server, "answers.py") == (10, 12)
    assert (await asyncio.to_thread(asked, PATH))["ranges"] == []
