"""The servers that are compared, each with the store that it keeps documents in.

All are started alike, on a free port and in folders of their own: ours and jupyter-collaboration
in a JupyterLab, y-websocket and Hocuspocus under Node from packages kept in `.make/peers`.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any, Protocol, Self

from benchmarks.load import Address
from demo_people import token_of
from support.servers import REPOSITORY, LabServer, ServerDiedError, free_port

from codesyncx_server.collab.protocol import encode_chunk

OURS, STOCK = "codesyncx", "jupyter-collaboration"
Y_WEBSOCKET, HOCUSPOCUS = "y-websocket", "hocuspocus"
PEERS = Path(__file__).parent / "peers"
INSTALLED = REPOSITORY / ".make" / "peers"
_TICKS = os.sysconf("SC_CLK_TCK")
_START_S = 30.0


class Contestant(Protocol):
    """A server with a store; `file` is None where there are no files behind documents."""

    name: str

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    @property
    def pid(self) -> int: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def lose_store(self) -> None: ...
    def file(self, name: str) -> Path | None: ...
    async def address(self, name: str, person: str) -> Address: ...


class Jupyter:
    """JupyterLab, with our rooms or with jupyter-collaboration's."""

    def __init__(self, name: str, folder: Path, args: tuple[str, ...] = ()) -> None:
        self.name = name
        self._store = folder / "store.db"
        settings = (f"--SQLiteYStore.db_path={self._store}", "--ServerApp.log_level=WARN")
        if name == STOCK:
            settings += ("--ServerApp.jpserver_extensions={'codesyncx_server': False}",)
        self.lab = LabServer(folder, args=(*settings, *args))
        self.start, self.stop, self.kill = self.lab.start, self.lab.stop, self.lab.kill
        self._rooms: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process."""
        return self.lab.pid

    def lose_store(self) -> None:
        """Delete what a stopped server has kept, but the files."""
        shutil.rmtree(self.lab.folder / "data" / "codesyncx", ignore_errors=True)
        for path in self._store.parent.glob("store.db*"):
            path.unlink()

    def file(self, name: str) -> Path:
        """Tell where the document's file is."""
        return self.lab.root / name

    async def address(self, name: str, person: str) -> Address:
        """Ask for the document's room as JupyterLab does."""
        headers = {"Authorization": f"token {token_of(person, self.lab.token)}"}
        body = await asyncio.to_thread(self._session, name, headers)
        url = self.lab.url.replace("http", "ws", 1)
        room = f"{body['format']}:{body['type']}:{body['fileId']}"
        return Address(
            f"{url}/api/collaboration/room/{room}?sessionId={body['sessionId']}", headers
        )

    def _session(self, name: str, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.lab.url}/api/collaboration/session/{name}",
            method="PUT",
            data=json.dumps({"format": "text", "type": "file"}).encode(),
            headers=headers,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return json.load(answer)


class NodePeer:
    """A server under Node; the script says which."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._store = folder / "store"
        self._log = folder / "server.log"
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._store.mkdir(exist_ok=True)
        environment = {**os.environ, "PORT": str(self._port), "STORE": str(self._store)}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["node", f"{self.name}.mjs"],
                cwd=INSTALLED,
                env=environment,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise ServerDiedError(self._log.read_text()[-4000:])

    def stop(self) -> None:
        """End it as its own supervisor would."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a word."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(15)
        self._process = None

    def lose_store(self) -> None:
        """Delete what a stopped server has kept."""
        shutil.rmtree(self._store)

    def file(self, _name: str) -> None:
        """Tell that there is none."""

    async def address(self, name: str, _person: str) -> Address:
        """Give the room of a document."""
        url = f"ws://127.0.0.1:{self._port}"
        if self.name == Y_WEBSOCKET:
            return Address(f"{url}/{name}", {})
        # Hocuspocus: each message names its document, and a token comes first.
        return Address(url, {}, encode_chunk(name.encode()), b"\x02\x00" + encode_chunk(b"t"))


def install_peers() -> bool:
    """Fetch the Node peers, once; False where there is no npm."""
    if shutil.which("npm") is None:
        return False
    INSTALLED.mkdir(parents=True, exist_ok=True)
    lock = (PEERS / "package-lock.json").read_bytes()
    done = INSTALLED / "installed.lock"
    for source in PEERS.iterdir():
        shutil.copy2(source, INSTALLED / source.name)
    if not done.exists() or done.read_bytes() != lock:
        print("Installing the Node peers into", INSTALLED, flush=True)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=INSTALLED, check=True)
        done.write_bytes(lock)
    return True


def contestant(name: str, folder: Path, args: tuple[str, ...] = ()) -> Contestant:
    """Make a server by its name; `args` are more arguments for a JupyterLab."""
    if name in {Y_WEBSOCKET, HOCUSPOCUS}:
        return NodePeer(name, folder)
    return Jupyter(name, folder, args)


def cpu_s(pid: int) -> float:
    """Tell how many seconds of CPU a process has taken, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def machine_cpu_s() -> float:
    """Tell how many seconds of CPU the whole machine has taken, or had taken from it."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, _idle, _wait, irq, soft_irq, steal = map(int, fields)
    return (user + nice + system + irq + soft_irq + steal) / _TICKS


def written_bytes(pid: int) -> int:
    """Tell how many bytes a process has caused to be written to the disk."""
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("write_bytes"):
            return int(line.split()[1])
    raise RuntimeError("no write_bytes")
