"""What is measured of a running server: each scenario is a coroutine from a server to figures."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from typing import TYPE_CHECKING, Any

from benchmarks.contestants import cpu_s, machine_cpu_s, written_bytes
from benchmarks.load import PATIENCE_S, Client, Flight, Socket
from benchmarks.typists import Typists

from codesyncx_server.collab import protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchmarks.contestants import Contestant
    from benchmarks.load import Address, EditId
    from benchmarks.typists import Typed
    from pycrdt import Doc

SECONDS = 8.0
TEXT = "line of a file that people edit together\n" * 500
PROBES = 3
ENOUGH_MS = 200.0
STEPS = (15, 25, 50, 100, 150, 200, 250)
LONG_EDITS, LONG_BATCH = 100_000, 20
_SETTLE_S = 1.0


async def enter(
    server: Contestant,
    room: str,
    person: str = "ada",
    *,
    flight: Flight | None = None,
    doc: Doc[Any] | None = None,
    probe: bool = False,
    echoes: bool = False,
    follows: bool = False,
) -> Client:
    """Come into a room and fetch the document."""
    socket = await Socket(await server.address(room, person)).connect()
    client = Client(socket, flight or Flight(), doc=doc, echoes=echoes, follows=follows)
    await client.sync(probe=probe)
    return client


async def begin(server: Contestant, room: str, text: str) -> None:
    """Have a document with a text: from its file, or typed where there are no files."""
    path = server.file(room)
    if path is not None:
        path.write_text(text)
        return
    client = await enter(server, room, follows=True)
    if text:
        client.insert(0, text)
    await asyncio.sleep(_SETTLE_S)
    client.socket.close()


async def crowd(
    server: Contestant,
    rooms: int,
    people: int,
    *,
    echoes: bool = False,
    seconds: float = SECONDS,
    tag: str = "crowd",
) -> dict[str, Any]:
    """Have `people` type in each of `rooms`: delays at the probes, and the server's CPU."""
    flight = Flight()
    probes: list[Client] = []
    addresses = []
    probes_each = PROBES if rooms == 1 else 1
    for number in range(rooms):
        room = f"{tag}{rooms}x{people}-{number}.txt"
        await begin(server, room, TEXT)
        for person in range(people):
            name = f"p{person}"
            if person < probes_each:
                probes.append(
                    await enter(server, room, name, flight=flight, probe=True, echoes=echoes)
                )
            else:
                addresses.append(await server.address(room, name))
    async with Typists(addresses, echoes=echoes) as typists:
        await asyncio.sleep(_SETTLE_S)
        flight.arrivals.clear()
        before = cpu_s(server.pid), machine_cpu_s(), time.process_time(), time.perf_counter()
        typed, *_ = await asyncio.gather(
            typists.type_for(seconds), *(probe.type_for(seconds) for probe in probes)
        )
        after = cpu_s(server.pid), machine_cpu_s(), time.process_time(), time.perf_counter()
        await asyncio.sleep(2 * _SETTLE_S)
        server_s, machine_s, own_s, took_s = (b - a for a, b in zip(before, after, strict=True))
        closed = typed.closed + sum(probe.socket.closed for probe in probes)
        for probe in probes:
            probe.socket.close()
    edits = len(flight.sent) + len(typed.sent)
    generator_s = own_s + typed.cpu_s
    return {
        **_delays(flight, typed, len(probes) // rooms),
        "edits": edits,
        "edits_per_s": round(edits / took_s),
        "cpu_s_per_1000": round(1000 * server_s / (edits * people), 4),
        "server_cores": round(server_s / took_s, 2),
        "generator_cores": round(generator_s / took_s, 2),
        "elsewhere_cores": round(max(0.0, machine_s - server_s - generator_s) / took_s, 2),
        "thrown_out": closed,
    }


def _delays(flight: Flight, typed: Typed, probes: int) -> dict[str, Any]:
    sent: dict[EditId, float] = {**flight.sent, **typed.sent}
    delays = sorted(at - sent[edit] for edit, at in flight.arrivals if edit in sent)
    # A probe needn't be told of its own edits.
    expected = len(typed.sent) * probes + len(flight.sent) * (probes - 1)
    return {
        "p50_ms": round(1000 * statistics.median(delays), 2) if delays else None,
        "p99_ms": round(1000 * _percentile(delays, 0.99), 2) if delays else None,
        "max_ms": round(1000 * delays[-1], 1) if delays else None,
        "arrived": round(len(delays) / expected, 4),
    }


def _percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def writers(server: Contestant, *, echoes: bool = False) -> dict[str, Any]:
    """Find how many can type in one room with p99 under 200 ms, each edit reaching everyone."""
    best, failed = 0, False
    seen: dict[str, Any] = {}
    for people in STEPS:
        result = await crowd(
            server, 1, people, echoes=echoes, seconds=4, tag=f"writers{int(echoes)}-"
        )
        seen[str(people)] = result["p99_ms"]
        p99_ms = result["p99_ms"]
        if p99_ms is None or p99_ms >= ENOUGH_MS or result["arrived"] < 1 or result["thrown_out"]:
            failed = True
            break
        best = people
    return {"writers": best, "is_limit": failed, "p99_ms": seen}


async def join_ms(server: Contestant, room: str, person: str = "grace") -> float:
    """Come in and go: the time until the document is there, before the client takes it in."""
    address = await server.address(room, person)
    began = time.perf_counter()
    return await _sync_ms(address, began)


async def _sync_ms(address: Address, began: float) -> float:
    client = Client(await Socket(address).connect(), Flight())
    await client.sync()
    client.socket.close()
    return 1000 * (client.synced_at - began)


async def late_join(server: Contestant) -> dict[str, Any] | None:
    """Join a document of 100,000 edits while it is in memory, and after a new start.

    None where a server answers at once with an empty document, and fills it later.
    """
    room = "long.txt"
    await begin(server, room, "")
    probe = await enter(server, room, "grace", probe=True)
    writer = await enter(server, room, follows=True)
    await _write_long(writer, probe)
    for client in (probe, writer):
        client.socket.close()
    await asyncio.sleep(_SETTLE_S)
    keeper = await enter(server, room)
    if len(keeper.first) < LONG_EDITS:
        return None
    warm = [await join_ms(server, room) for _ in range(9)]
    keeper.socket.close()
    cold = []
    for _ in range(3):
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        await begin(server, "other.txt", "warms up what is loaded at the first use")
        await join_ms(server, "other.txt")
        cold.append(await _cold_ms(server, room))
    return {
        "warm_ms": round(statistics.median(warm), 1),
        "warm_max_ms": round(max(warm), 1),
        "cold_ms": round(statistics.median(cold), 1),
    }


async def _write_long(writer: Client, probe: Client) -> None:
    """Type one letter after another here and there, twenty to an update; none joins the last."""
    text, doc = writer.text, writer.doc
    for start in range(0, LONG_EDITS, LONG_BATCH):
        state = doc.get_state()
        for number in range(start, start + LONG_BATCH):
            text.insert(number * 104_729 % min(len(text) + 1, 200), "x")
        writer.socket.send(protocol.sync_update(doc.get_update(state)))
        await asyncio.sleep(0)
        if start % (100 * LONG_BATCH) == 0:
            await _until_arrived(probe, doc.client_id, start + LONG_BATCH - 1)
    await _until_arrived(probe, doc.client_id, LONG_EDITS - 1)
    await asyncio.sleep(5)


async def _until_arrived(probe: Client, client_id: int, clock: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (client_id, clock) not in (edit for edit, _ in probe.flight.arrivals[-2500:]):
        if probe.socket.closed or time.monotonic() > deadline:
            raise TimeoutError("the edits don't arrive")
        await asyncio.sleep(0.005)


async def _cold_ms(server: Contestant, room: str) -> float:
    """Ask for the room, which a Jupyter server opens then, and come in."""
    began = time.perf_counter()
    return await _sync_ms(await server.address(room, "grace"), began)


async def storm(server: Contestant, people: int = 100) -> dict[str, Any]:
    """Have 100 people come within one second, and stay."""
    room = "storm.txt"
    await begin(server, room, TEXT)
    first = await enter(server, room)
    addresses = [await server.address(room, f"p{number}") for number in range(people)]
    times: list[float] = []
    clients: list[Client] = []

    async def come(number: int) -> None:
        await asyncio.sleep(number / people)
        began = time.perf_counter()
        client = Client(await Socket(addresses[number]).connect(), Flight())
        clients.append(client)
        await client.sync()
        times.append(client.synced_at - began)

    await asyncio.gather(*(come(number) for number in range(people)))
    for client in [first, *clients]:
        client.socket.close()
    times.sort()
    return {
        "p50_ms": round(1000 * statistics.median(times), 1),
        "p99_ms": round(1000 * _percentile(times, 0.99), 1),
    }


async def disk(server: Contestant) -> dict[str, Any]:
    """Count the bytes that each of ten people's edits brings to the disk."""
    room = "disk.txt"
    await begin(server, room, TEXT)
    people = [await enter(server, room, f"p{number}") for number in range(10)]
    await asyncio.sleep(2 * _SETTLE_S)
    typing = asyncio.gather(*(client.type_for(30) for client in people))
    await asyncio.sleep(5)  # what comes with a first edit isn't what each one costs
    before, first = written_bytes(server.pid), _typed(people)
    await typing
    count, edits = written_bytes(server.pid) - before, _typed(people) - first
    for client in people:
        client.socket.close()
    return {"bytes_per_edit": round(count / edits), "edits": edits}


def _typed(people: list[Client]) -> int:
    return sum(len(client.flight.sent) for client in people)


async def file_age(server: Contestant, seconds: float = 20.0) -> dict[str, Any] | None:
    """Look how old the file on the disk gets while ten people never pause."""
    room = "age.txt"
    path = server.file(room)
    if path is None:
        return None
    await begin(server, room, TEXT)
    writer = await enter(server, room, follows=True)
    others = [await enter(server, room, f"p{number}") for number in range(9)]
    sent: list[float] = []
    ages: list[float] = []

    async def number_lines() -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            writer.insert(len(writer.text), f"\n#{len(sent)}#")
            sent.append(time.monotonic())
            await asyncio.sleep(0.1)

    async def watch() -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(0.05)
            missing = _numbered(path)
            if missing < len(sent):
                ages.append(time.monotonic() - sent[missing])

    await asyncio.gather(number_lines(), watch(), *(one.type_for(seconds) for one in others))
    for client in [writer, *others]:
        client.socket.close()
    return {"max_s": round(max(ages), 2), "median_s": round(statistics.median(ages), 2)}


def _numbered(path: Path) -> int:
    """Tell how many of the numbered lines the file holds, none missing before."""
    found: Iterable[str] = re.findall(r"#(\d+)#", path.read_text())
    return len(set(found))
