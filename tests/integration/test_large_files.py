"""Files so large that the work on them is done in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from demo_people import token_of
from pycrdt import Array, Text
from support.large_files import large_notebook
from support.peers import Peer
from support.servers import LabServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NAME = "a.ipynb"
_WAIT_S = 90.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LabServer]:
    with LabServer(tmp_path, args=["--YDocExtension.document_cleanup_delay=0.1"]) as server:
        yield server


class Killer(threading.Thread):
    """Kills each child that works on a document as soon as it is there."""

    def __init__(self, parent: int) -> None:
        super().__init__(daemon=True)
        self._parent = parent
        self.killed: set[int] = set()
        self._is_ended = threading.Event()

    def end(self) -> None:
        self._is_ended.set()
        self.join()

    def run(self) -> None:
        while not self._is_ended.wait(0.005):
            for process in Path("/proc").iterdir():
                if process.name.isdigit() and self._is_ours(process):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(process.name), signal.SIGKILL)
                        self.killed.add(int(process.name))

    def _is_ours(self, process: Path) -> bool:
        with contextlib.suppress(OSError):
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            return (
                int(parent) == self._parent and b"heavy_child" in (process / "cmdline").read_bytes()
            )
        return False


async def _join(server: LabServer, name: str) -> Peer:
    peer = Peer(
        server.url, name, headers={"Authorization": f"token {token_of(name, server.token)}"}
    )
    return await peer.join(_NAME, "json", "notebook")


def _first(peer: Peer) -> Text:
    return _source(peer, 0)


def _source(peer: Peer, number: int) -> Text:
    text: Text = peer.doc.get("cells", type=Array)[number]["source"]
    return text


def _outputs(file: Path) -> list[Any]:
    return [cell["outputs"] for cell in json.loads(file.read_text())["cells"]]


def _write_on_disk(file: Path) -> None:
    file.write_text(file.read_text().replace("plot(1)", "plot(1, by='disk')"))


def _is_small(logs: Path, file: Path) -> bool:
    return sum(log.stat().st_size for log in logs.rglob("*.log")) < 1.2 * file.stat().st_size


def _sources(file: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(file.read_text())["cells"]]


def _cells(peer: Peer) -> list[Any]:
    return [cell.to_py() for cell in peer.doc.get("cells", type=Array)]


async def _wait_for(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_WAIT_S):
        while not condition():  # noqa: ASYNC110 (it waits for the disk)
            await asyncio.sleep(0.1)


async def _use(server: LabServer, file: Path) -> None:
    """Open, edit, save, change on disk, join and open again; nothing may get lost."""
    outputs = _outputs(file)
    ada = await _join(server, "ada")
    _first(ada).insert(0, "# Ada é\n")
    await _wait_for(lambda: _sources(file)[0] == "# Ada é\nplot(0)")
    _write_on_disk(file)
    _first(ada).insert(0, "# typed meanwhile\n")
    await ada.until(lambda: "disk" in str(_source(ada, 1)), _WAIT_S)
    grace, typed = asyncio.ensure_future(_join(server, "grace")), 0
    while not grace.done():
        _first(ada).insert(0, "#")
        typed += 1
        await asyncio.sleep(0.01)
    whole = "#" * typed + "# typed meanwhile\n# Ada é\nplot(0)"
    late = await grace
    await late.until(lambda: str(_first(late)) == whole, _WAIT_S)
    await ada.until(lambda: str(_first(ada)) == whole, _WAIT_S)
    assert _cells(ada) == _cells(late)
    await _wait_for(lambda: _sources(file)[0] == whole)
    assert _sources(file)[1] == "plot(1, by='disk')"
    await ada.leave()
    await late.leave()
    await _wait_for(lambda: _is_small(server.folder / "data", file))
    heidi = await _join(server, "heidi")
    assert str(_first(heidi)) == whole
    assert _cells(heidi) == _cells(late)
    await heidi.leave()
    assert _outputs(file) == outputs


def test_a_20_mb_notebook_is_edited_like_a_small_one(server: LabServer) -> None:
    file = server.root / _NAME
    file.write_text(large_notebook())
    asyncio.run(_use(server, file))


def test_nothing_is_lost_when_every_child_is_killed(server: LabServer) -> None:
    file = server.root / _NAME
    file.write_text(large_notebook(7_000_000, 60))
    killer = Killer(server.pid)
    killer.start()
    asyncio.run(_use(server, file))
    killer.end()
    assert len(killer.killed) >= 3  # opening, merging, making the log small
