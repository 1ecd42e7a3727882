"""How long the server's loop stands still while people use large files.

    python tests/benchmarks/large_files.py --rounds 3 --json large.json

A probe in a process of its own asks the server for its version every 5 ms, so its longest wait is
the longest time for which nobody was served. The people are in another process: what they take to
read 20 MB doesn't count.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "binder")]

from demo_people import token_of  # noqa: E402
from pycrdt import Array, Doc, Text  # noqa: E402
from support.large_files import large_notebook, large_source  # noqa: E402
from support.peers import Peer  # noqa: E402
from support.servers import LabServer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.sharedctypes import Synchronized

_PROBE_S = 0.005
_WAIT_S = 60.0
_EDITS = 20
_EDIT_INTERVAL_S = 0.25
_SETTLE_S = 1.5
_FILES = {
    "1 MB source": ("large.py", "text", "file"),
    "4 MB source": ("larger.py", "text", "file"),
    "4 MB notebook": ("large.ipynb", "json", "notebook"),
    "20 MB notebook": ("larger.ipynb", "json", "notebook"),
}


def watch(url: str, longest: Synchronized[float]) -> None:
    """Ask again and again, and keep the longest wait in seconds."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    while True:
        before = time.perf_counter()
        try:
            connection.request("GET", "/api")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            connection.close()  # the server is being started again
            time.sleep(0.1)
            continue
        waited = time.perf_counter() - before
        with longest.get_lock():
            longest.value = max(longest.value, waited)
        time.sleep(_PROBE_S)


@contextlib.contextmanager
def probe(url: str) -> Iterator[Synchronized[float]]:
    """Watch a server; the value is the longest wait since it was set to 0."""
    context = multiprocessing.get_context("spawn")
    longest: Any = context.Value("d", 0.0)
    process = context.Process(target=watch, args=(url, longest), daemon=True)
    process.start()
    try:
        yield longest
    finally:
        process.terminate()
        process.join()


class Measured:
    """The longest wait and the duration of each phase, in milliseconds."""

    def __init__(self, longest: Synchronized[float]) -> None:
        self._longest = longest
        self.phases: dict[str, dict[str, float]] = {}

    @contextlib.asynccontextmanager
    async def phase(self, name: str, settle_s: float = 0.0) -> Any:
        """Measure what is done within, and what it leaves behind for `settle_s`."""
        self._longest.value = 0.0
        began = time.perf_counter()
        yield
        took = time.perf_counter() - began
        await asyncio.sleep(settle_s)
        self.phases[name] = {
            "stall_ms": round(self._longest.value * 1000, 1),
            "took_ms": round(took * 1000, 1),
        }


class Person:
    """Somebody with the file open."""

    def __init__(self, server: LabServer, name: str, kind: str) -> None:
        headers = {"Authorization": f"token {token_of(name, server.token)}"}
        self._peer = Peer(server.url, name, Doc(), headers)
        self._path, self._form, self._kind = _FILES[kind]

    async def open(self) -> None:
        """Have all of it."""
        await self._peer.join(self._path, self._form, self._kind)

    @property
    def text(self) -> Text:
        """Where they type: the source, or the first cell of the notebook."""
        if self._kind == "file":
            return self._peer.text
        text: Text = self._peer.doc.get("cells", type=Array)[0]["source"]
        return text

    async def type(self, letters: int) -> None:
        for _ in range(letters):
            self.text.insert(0, "#")
            await asyncio.sleep(_EDIT_INTERVAL_S)

    async def see(self, what: str) -> None:
        """Wait until it is in the text."""
        await self._peer.until(lambda: what in str(self.text), _WAIT_S)

    async def leave(self) -> None:
        await self._peer.leave()


async def use(server: LabServer, kind: str, longest: Synchronized[float]) -> dict[str, Any]:
    """Open, edit, save, change on disk, join, close, and open again: what a day brings."""
    path = server.root / _FILES[kind][0]
    measured = Measured(longest)
    ada, grace = Person(server, "ada", kind), Person(server, "grace", kind)
    await _until(lambda: longest.value > 0)
    async with measured.phase("idle", _SETTLE_S):
        pass
    async with measured.phase("open", _SETTLE_S):
        await ada.open()
    async with measured.phase("edit and autosave", _SETTLE_S):
        await ada.type(_EDITS)
        await _until(lambda: "#" * _EDITS in path.read_text())
    async with measured.phase("change on disk", _SETTLE_S):
        path.write_text(path.read_text().replace("#" * _EDITS, "DISK", 1))
        await ada.see("DISK")
    async with measured.phase("join while the other types", _SETTLE_S):
        typing = asyncio.create_task(ada.type(_EDITS))
        await asyncio.sleep(1)
        await grace.open()
        await typing
        await grace.see("#" * _EDITS)
    async with measured.phase("close"):
        await ada.leave()
        await grace.leave()
        await _until(lambda: not _has_rooms(server))
    heidi = Person(server, "heidi", kind)
    async with measured.phase("open again", _SETTLE_S):
        await heidi.open()
        await heidi.see("#" * _EDITS)
    await heidi.leave()
    return measured.phases


def _has_rooms(server: LabServer) -> bool:
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{server.url}/metrics",
        headers={"Authorization": f"token {token_of('ada', server.token)}"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return "\ncodesyncx_rooms 0.0" not in answer.read().decode()


async def _until(condition: Any) -> None:
    async with asyncio.timeout(_WAIT_S):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 (it waits for the disk)
            await asyncio.sleep(0.1)


def measure(kind: str) -> dict[str, Any]:
    """Run one file's day on a new server."""
    folder = Path(tempfile.mkdtemp())
    args = ("--YDocExtension.document_cleanup_delay=1", "--ServerApp.log_level=WARN")
    server = LabServer(folder, args=args)
    server.root.mkdir(parents=True)
    size = 1_000_000 * int(kind.split(maxsplit=1)[0])
    make = large_source if kind.endswith("source") else large_notebook
    content = make(size)
    (server.root / _FILES[kind][0]).write_text(content)
    try:
        with server, probe(server.url) as longest:
            return asyncio.run(use(server, kind, longest))
    finally:
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the results here")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default=",".join(_FILES), help="kinds, comma-separated")
    options = parser.parse_args()
    results: dict[str, list[Any]] = {}
    for kind in options.only.split(","):
        for _ in range(options.rounds):
            outcome = measure(kind)
            print(f"{kind}: {json.dumps(outcome, indent=1)}", flush=True)
            results.setdefault(kind, []).append(outcome)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
