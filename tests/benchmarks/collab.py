"""How rooms do under load, ours and jupyter-collaboration's, side by side in one run.

    python tests/benchmarks/collab.py [--json results.json] [--only 1x30,1x100] [--rounds 2]

Each writer types 4 edits a second into a 20 kB file and moves the cursor. The clients share the
machine with the server; figures compare servers on one machine, they don't describe a server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "binder")]

from benchmarks.load import Client, Flight, Socket  # noqa: E402
from demo_people import token_of  # noqa: E402
from pycrdt import Doc, Text  # noqa: E402
from support.servers import LabServer  # noqa: E402

from codesyncx_server.collab import protocol  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 6.0
FILE = "line of a file that people edit together\n" * 500
TICKS = os.sysconf("SC_CLK_TCK")
PROBES = 3
OURS, STOCK = "codesyncx", "jupyter-collaboration"
SERVERS: dict[str, tuple[str, ...]] = {
    OURS: (),
    STOCK: ("--ServerApp.jpserver_extensions={'codesyncx_server': False}",),
}


class Bench:
    """One server, and what it costs."""

    def __init__(self, name: str, server: LabServer) -> None:
        self.name = name
        self.server = server

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def headers(self, person: str) -> dict[str, str]:
        return {"Authorization": f"token {token_of(person, self.server.token)}"}

    def session(self, path: str) -> str:
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.server.url}/api/collaboration/session/{path}",
            method="PUT",
            data=json.dumps({"format": "text", "type": "file"}).encode(),
            headers=self.headers("ada"),
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            body = json.load(answer)
        url = self.server.url.replace("http", "ws", 1)
        room = f"{body['format']}:{body['type']}:{body['fileId']}"
        return f"{url}/api/collaboration/room/{room}?sessionId={body['sessionId']}"

    async def enter(
        self, url: str, person: str, flight: Flight, *, probe: bool = False, echoes: bool = False
    ) -> Client:
        socket = await Socket(url, self.headers(person), is_probe=probe).connect()
        client = Client(socket, flight, echoes=echoes)
        await client.sync()
        return client


@contextmanager
def serving(name: str) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as folder:
        args = (
            *SERVERS[name],
            f"--SQLiteYStore.db_path={folder}/store.db",
            "--ServerApp.log_level=WARN",
        )
        with LabServer(Path(folder), args=args) as server:
            yield Bench(name, server)


async def crowd(
    bench: Bench, rooms: int, people: int, *, echoes: bool = False, tag: str = "f"
) -> dict[str, Any]:
    """Have `people` type in each of `rooms`."""
    flights, clients = [], []
    for number in range(rooms):
        path = f"{tag}{rooms}x{people}-{number}.txt"
        (bench.server.root / path).write_text(FILE)
        url = await asyncio.to_thread(bench.session, path)
        flight = Flight()
        flights.append(flight)
        for person in range(people):
            probe = person < (PROBES if rooms == 1 else 1)
            client = await bench.enter(url, f"p{person}", flight, probe=probe, echoes=echoes)
            clients.append(client)
    await asyncio.sleep(1)
    cpu, began = bench.cpu_s(), time.perf_counter()
    await asyncio.gather(*(client.type_for(SECONDS) for client in clients))
    took = time.perf_counter() - began
    cpu = bench.cpu_s() - cpu
    await asyncio.sleep(2)
    edits = sum(len(flight.sent) for flight in flights)
    probes = PROBES if rooms == 1 else 1
    expected = edits * probes
    delays = sorted(delay for flight in flights for delay in flight.delays_s)
    closed = sum(client.socket.closed for client in clients)
    for client in clients:
        client.socket.close()
    await asyncio.sleep(0.5)
    return {
        "edits": edits,
        "edits_per_s": round(edits / took),
        "p50_ms": round(1000 * statistics.median(delays), 2) if delays else None,
        "p99_ms": round(1000 * delays[int(len(delays) * 0.99)], 1) if delays else None,
        "arrived": round(sum(flight.arrived for flight in flights) / expected, 4),
        "cpu_s_per_1000": round(1000 * cpu / (edits * people), 4),
        "cpu_share": round(cpu / took, 2),
        "lost_connections": closed,
    }


async def late_join(bench: Bench, edits: int = 100_000) -> dict[str, Any]:
    """Join a document with a long past, in memory and after the server started again."""
    path = "long.txt"
    (bench.server.root / path).write_text("")
    url = await asyncio.to_thread(bench.session, path)
    writer = await bench.enter(url, "ada", Flight())
    doc: Doc[Any] = writer.doc
    text = doc.get("source", type=Text)
    for start in range(0, edits, 500):
        state = doc.get_state()
        for number in range(500):
            at = (start * 7919 + number * 104729) % (len(text) + 1)
            text.insert(at, "x")
        writer.socket.send(protocol.sync_update(doc.get_update(state)))
        await asyncio.sleep(0.01)
    await asyncio.sleep(8)
    warm = [await _join_ms(bench, url) for _ in range(7)]
    writer.socket.close()
    cold = []
    for _ in range(3):
        await asyncio.to_thread(bench.server.restart)
        url = await asyncio.to_thread(_url_only, bench, url)
        cold.append(await _cold_ms(bench, path))
    return {"warm_ms": round(statistics.median(warm), 1), "cold_ms": round(min(cold), 1)}


def _url_only(bench: Bench, url: str) -> str:
    return bench.server.url.replace("http", "ws", 1) + "/" + url.split("/", 3)[3]


async def _join_ms(bench: Bench, url: str) -> float:
    began = time.perf_counter()
    client = await bench.enter(url, "grace", Flight())
    took = 1000 * (time.perf_counter() - began)
    client.socket.close()
    return took


async def _cold_ms(bench: Bench, path: str) -> float:
    warm_up = "other.txt"
    (bench.server.root / warm_up).write_text("")
    await _join_ms(bench, await asyncio.to_thread(bench.session, warm_up))
    began = time.perf_counter()
    url = await asyncio.to_thread(bench.session, path)
    client = await bench.enter(url, "grace", Flight())
    took = 1000 * (time.perf_counter() - began)
    client.socket.close()
    return took


async def storm(bench: Bench, people: int = 100) -> dict[str, Any]:
    """Have 100 people come within one second."""
    path = "storm.txt"
    (bench.server.root / path).write_text(FILE)
    url = await asyncio.to_thread(bench.session, path)
    first = await bench.enter(url, "ada", Flight())
    times: list[float] = []

    async def come(number: int) -> None:
        await asyncio.sleep(number / people)
        times.append(await _join_ms(bench, url))

    await asyncio.gather(*(come(number) for number in range(people)))
    first.socket.close()
    times.sort()
    return {"p50_ms": round(times[people // 2], 1), "p99_ms": round(times[-2], 1)}


async def disk(bench: Bench) -> dict[str, Any]:
    """Count the bytes written to the disk for each of ten people's edits."""
    before = _written(bench.server.pid)
    result = await crowd(bench, 1, 10, tag="disk")
    return {"bytes_per_edit": round((_written(bench.server.pid) - before) / result["edits"])}


def _written(pid: int) -> int:
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("write_bytes"):
            return int(line.split()[1])
    raise RuntimeError("no write_bytes")


async def writers(bench: Bench, *, echoes: bool = False) -> dict[str, Any]:
    """Find how many can write in one room with p99 under 200 ms."""
    best, steps = 0, (25, 50, 100, 150, 200, 230, 260)
    seen = {}
    for people in steps:
        if bench.name == STOCK and people > 50:
            break
        result = await crowd(bench, 1, people, echoes=echoes, tag=f"w{int(echoes)}")
        seen[people] = result["p99_ms"]
        fine = result["p99_ms"] is not None and result["p99_ms"] < 200
        if not fine or result["arrived"] < 1 or result["lost_connections"]:
            break
        best = people
    return {"writers": best, "p99_ms": seen}


CASES: dict[str, Any] = {
    "1x30": lambda bench: crowd(bench, 1, 30),
    "1x100": lambda bench: crowd(bench, 1, 100),
    "10x10": lambda bench: crowd(bench, 10, 10),
    "30 echoing": lambda bench: crowd(bench, 1, 30, echoes=True, tag="e"),
    "late join": late_join,
    "storm": storm,
    "disk": disk,
    "writers": writers,
    "writers echoing": lambda bench: writers(bench, echoes=True),
}
COLLAPSES = {"1x100", "late join"}  # of the stock server: measured to collapse, costs minutes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default=",".join(CASES))
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    results: dict[str, dict[str, list[Any]]] = {}
    for case in options.only.split(","):
        for _ in range(options.rounds):
            for name in options.servers.split(","):
                if name == STOCK and case in COLLAPSES:
                    continue
                with serving(name) as bench:
                    outcome = asyncio.run(CASES[case](bench))
                results.setdefault(case, {}).setdefault(name, []).append(outcome)
                print(f"{case:16} {name:22} {json.dumps(outcome)}", flush=True)
    report = {
        "machine": f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}",
        "python": platform.python_version(),
        "seconds": SECONDS,
        "results": results,
    }
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
