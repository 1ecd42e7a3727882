"""How long the server's loop stands still while people ask for the history of a long document.

    python tests/benchmarks/history.py --edits 50000 --json history.json

The probe is that of large_files.py: a process that asks the server every 5 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pycrdt import Doc
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from codesyncx_server.history.store import HistoryStore
from codesyncx_server.history.versions import DocumentRef
from codesyncx_server.history.versions import Person as Author
from codesyncx_server.storage import project_data_dir

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "binder")]

from benchmarks.large_files import Measured, probe  # noqa: E402
from demo_people import token_of  # noqa: E402
from support.peers import Peer  # noqa: E402
from support.servers import LabServer  # noqa: E402

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

_PATH = "long.py"
_VERSIONS = 300
_EDITS_AT_ONCE = 50
_REQUESTS = 10
_WAIT_S = 120.0


class Reader:
    """Somebody who asks for the history."""

    def __init__(self, server: LabServer, name: str) -> None:
        self._url = server.url
        self.headers = {"Authorization": f"token {token_of(name, server.token)}"}

    async def ask(self, route: str) -> bytes:
        """Give the answer of a route."""
        request = HTTPRequest(f"{self._url}/{route}", headers=self.headers, request_timeout=_WAIT_S)
        answer: bytes = (await AsyncHTTPClient().fetch(request)).body
        return answer


async def write(server: LabServer, name: str, edits: int) -> Peer:
    """Let somebody make many edits that don't join each other."""
    headers = {"Authorization": f"token {token_of(name, server.token)}"}
    peer = await Peer(server.url, name, Doc(), headers).join(_PATH)
    for number in range(edits):
        peer.text.insert(0 if number % 2 else len(peer.text) // 2, "x")
        if number % _EDITS_AT_ONCE == 0:
            await asyncio.sleep(0.01)
    return peer


async def use(server: LabServer, edits: int, longest: Synchronized[float]) -> dict[str, Any]:
    """Write a long document, then ask for all that there is of its past."""
    measured = Measured(longest)
    async with measured.phase("write", settle_s=3):
        ada = await write(server, "ada", edits)
    reader = Reader(server, "grace")
    routes = {
        "versions": f"codesyncx/api/history/versions/{_PATH}",
        "authors of lines": f"codesyncx/api/history/authors/{_PATH}",
        "JupyterLab's timeline": f"api/collaboration/timeline/{_PATH}?format=text&type=file",
    }
    listed = json.loads(await reader.ask(routes["versions"]))["versions"]
    oldest = listed[-1]["id"]
    routes["one version"] = f"codesyncx/api/history/version/{oldest}/{_PATH}"
    for name, route in routes.items():
        async with measured.phase(name, settle_s=0.5):
            for _ in range(_REQUESTS if "timeline" not in name else 1):
                await reader.ask(route)
    await ada.leave()
    await asyncio.sleep(3)
    async with measured.phase("open again", settle_s=1):
        again = await Peer(server.url, "ada", Doc(), ada.headers).join(_PATH)
    await again.leave()
    return measured.phases


def record_versions(root: Path, data_dir: Path) -> None:
    """Keep versions of the file as if somebody had worked on it for a day."""
    store = HistoryStore(project_data_dir(root, data_dir / "data") / "history.sqlite")
    lines = [f"x_{number} = {number}\n" for number in range(2000)]
    for number in range(_VERSIONS):
        lines[number * 7 % len(lines)] = f"y = {number}\n"
        content = "".join(lines).encode()
        store.record(DocumentRef(_PATH), content, [Author("ada", "Ada")], number * 300.0)
    (root / _PATH).write_bytes(content)
    store.close()


def measure(edits: int) -> dict[str, Any]:
    """Run it on a new server."""
    folder = Path(tempfile.mkdtemp())
    args = ("--YDocExtension.document_cleanup_delay=1", "--ServerApp.log_level=WARN")
    server = LabServer(folder, args=args)
    server.root.mkdir(parents=True)
    record_versions(server.root, folder)
    try:
        with server, probe(server.url) as longest:
            return asyncio.run(use(server, edits, longest))
    finally:
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the results here")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--edits", type=int, default=50_000)
    options = parser.parse_args()
    results = []
    for _ in range(options.rounds):
        results.append(measure(options.edits))
        print(json.dumps(results[-1], indent=1), flush=True)
    if options.json:
        options.json.write_text(json.dumps({"edits": options.edits, "rounds": results}, indent=1))


if __name__ == "__main__":
    main()
