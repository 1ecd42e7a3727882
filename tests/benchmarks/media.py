"""What calls cost and how fast they are, against Debian's Janus in the same run, in turns.

    python tests/benchmarks/media.py [--rounds 3] [--json results.json] [--scenarios …]
    python tests/benchmarks/media.py --json results.json --report docs/images/calls-under-load.svg

It makes a network namespace of its own (Linux, root) and needs Debian's `janus`. People are made by
one light process: it sends what browsers send, answers with transport-wide feedback and checks, and
counts what comes; the kernel says when. Everything of ours is switched on: retransmissions,
congestion control, rights, who speaks.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "binder")]

from benchmarks.calls.first_picture import first_pictures  # noqa: E402
from benchmarks.calls.report import report  # noqa: E402
from benchmarks.calls.servers import (  # noqa: E402
    ADDRESS_COMMANDS,
    JANUS,
    JANUS_TUNED,
    NATIVE,
    OURS,
    Server,
    running,
)
from benchmarks.calls.streams import (  # noqa: E402
    CAMERA,
    LECTURE_SCREEN,
    SCREEN,
    SELDOM_CAMERA,
    SELDOM_SOUND,
    SOUND,
    Kind,
    Sending,
    Source,
)
from benchmarks.calls.wire import TURN_S, Pump  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.calls.rooms import Person

TOP_SPEAKERS = 5
WARM_UP_S = 20
AT_ONCE = 10
JOINS = 15
BROWSER_JOINS = 8
OURS_ALONE = (OURS, NATIVE)
BETWEEN_JOINS_S = 0.6
"""Longer than the pause that publishers are left between two key frames."""
INSIDE = "CODESYNCX_BENCHMARK_NAMESPACE"


@dataclass(frozen=True)
class Scenario:
    """Who is in the room and sends what; `senders` come first, then `listeners`."""

    senders: Sequence[Sequence[Kind]]
    listeners: int = 0

    def expected_per_s(self, *, top_speakers: int | None) -> float:
        """Give how many packets a second should arrive, all people together."""
        people = len(self.senders) + self.listeners
        sounds = [kind for kinds in self.senders for kind in kinds if kind is SOUND]
        pictures = [kind for kinds in self.senders for kind in kinds if kind is not SOUND]
        rate = sum(kind.packets_per_s for kind in pictures)
        heard = len(sounds) if top_speakers is None else min(top_speakers, len(sounds))
        return (rate + heard * SOUND.packets_per_s) * (people - 1)


SCENARIOS = {
    "meeting": Scenario([(SOUND, CAMERA, SCREEN), *([(SOUND, CAMERA)] * 13)]),
    "lecture": Scenario([(SOUND, CAMERA, LECTURE_SCREEN)], listeners=100),
    "seminar": Scenario([(SOUND,)] * 30),
}


class Load:
    """The people of a scenario."""

    def __init__(self, server: Server, scenario: Scenario) -> None:
        self.server = server
        self.scenario = scenario
        self.pump = Pump()

    async def enter(self) -> None:
        """Bring everybody in."""
        self.pump.start()
        room, scenario = self.server.room, self.scenario
        for number, kinds in enumerate(scenario.senders):
            sources = [
                Source(kind, mid, is_loud=number < TOP_SPEAKERS) for mid, kind in enumerate(kinds)
            ]
            receives = len(scenario.senders) > 1
            await room.join(self.pump, f"sender{number}", Sending(sources), receives=receives)
        for at in range(0, scenario.listeners, AT_ONCE):
            numbers = range(at, min(at + AT_ONCE, scenario.listeners))
            await asyncio.gather(
                *(room.join(self.pump, f"listener{number}", None) for number in numbers)
            )

    async def count(self, duration_s: float) -> dict[str, Any]:
        """Count what arrives in a while, and what it costs."""
        downs = [person.down for person in self.server.room.people() if person.down is not None]
        for down in downs:
            down.reset()
        self.pump.late_s.clear()
        began, cpu, own = time.monotonic(), self.server.cpu_s(), time.process_time()
        await asyncio.sleep(duration_s)
        elapsed = time.monotonic() - began
        cpu, own = self.server.cpu_s() - cpu, time.process_time() - own
        tallies = [down.reset() for down in downs]
        streams = [stream for tally in tallies for stream in tally.streams.values()]
        arrived = sum(stream.count for stream in streams)
        sent = sum(stream.expected for stream in streams)
        latencies = sorted(ns / 1e6 for tally in tallies for ns in tally.latencies_ns)
        late = sorted(self.pump.late_s)
        return {
            "us_per_packet": round(cpu / max(1, arrived) * 1e6, 2),
            "packets_per_s": round(arrived / elapsed),
            "server_cores": round(cpu / elapsed, 3),
            "loss_percent": round(100 * (1 - arrived / max(1, sent)), 4),
            "p50_ms": round(_percentile(latencies, 0.5), 2),
            "p99_ms": round(_percentile(latencies, 0.99), 2),
            "max_ms": round(_percentile(latencies, 1), 2),
            "repairs_per_s": round(sum(tally.repairs for tally in tallies) / elapsed),
            "memory_mb": round(self.server.memory_mb(), 1),
            "load_cores": round(own / elapsed, 3),
            "load_late_p99_ms": round(_percentile(late, 0.99) * 1000, 2),
        }


def _percentile(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


async def forwarding(name: str, scenario: Scenario, duration_s: float) -> dict[str, Any]:
    """Measure a scenario, once all that should arrive does."""
    with running(name) as server:
        load = Load(server, scenario)
        try:
            await load.enter()
            top = TOP_SPEAKERS if name in OURS_ALONE else None
            expected = scenario.expected_per_s(top_speakers=top)
            began = time.monotonic()
            while (warm := await load.count(1.0))["packets_per_s"] < 0.98 * expected:
                if time.monotonic() - began > WARM_UP_S:
                    print(f"only {warm['packets_per_s']} of {expected:.0f} packets/s arrive")
                    break
            warmed_s = time.monotonic() - began
            gc.collect()
            found = await load.count(duration_s)
            return {**found, "warm_up_s": round(warmed_s, 1)}
        finally:
            await server.room.close()
            await load.pump.close()


async def joining(name: str, people: int) -> dict[str, Any]:
    """Measure how listeners come into a call with one camera and sound, one after the other."""
    with running(name) as server:
        load = Load(server, Scenario([(SOUND, CAMERA)]))
        try:
            await load.enter()
            await server.room.join(load.pump, "first", None)
            await asyncio.sleep(1)
            waited_ms = []
            for number in range(people):
                began = time.monotonic()
                person = await server.room.join(load.pump, f"listener{number}", None)
                await _until_streams_come(person, 2)
                waited_ms.append((time.monotonic() - began) * 1000)
                await asyncio.sleep(BETWEEN_JOINS_S)
        finally:
            await server.room.close()
            await load.pump.close()
    return {
        "first_packets_p50_ms": round(statistics.median(waited_ms), 1),
        "first_packets_max_ms": round(max(waited_ms), 1),
        **await _cost_of_joining(name, people),
    }


async def _cost_of_joining(name: str, people: int) -> dict[str, float]:
    """Measure it where there is next to nothing to forward, which would cost more than joining.

    What is forwarded meanwhile, which grows with every person, is measured before and after.
    """
    with running(name) as server:
        load = Load(server, Scenario([(SELDOM_SOUND, SELDOM_CAMERA)]))
        try:
            await load.enter()
            await server.room.join(load.pump, "first", None)
            await asyncio.sleep(1)
            before = await load.count(2.0)
            cpu, memory, started = server.cpu_s(), server.memory_mb(), time.monotonic()
            for number in range(people):
                person = await server.room.join(load.pump, f"listener{number}", None)
                await _until_streams_come(person, 2)
            elapsed = time.monotonic() - started
            cpu, memory = server.cpu_s() - cpu, server.memory_mb() - memory
            after = await load.count(2.0)
            cpu -= elapsed * (before["server_cores"] + after["server_cores"]) / 2
        finally:
            await server.room.close()
            await load.pump.close()
    return {
        "cpu_ms_per_join": round(1000 * cpu / people, 2),
        "mb_per_join": round(memory / people, 3),
    }


async def _until_streams_come(person: Person, count: int) -> None:
    for _ in range(round(WARM_UP_S / TURN_S)):
        if person.down is not None and len(person.down.tally.streams) >= count:
            return
        await asyncio.sleep(TURN_S / 2)
    raise RuntimeError("nothing came to somebody who joined")


def _measure(case: str, name: str, duration_s: float) -> dict[str, Any]:
    if case == "chromium":
        return first_pictures(BROWSER_JOINS, is_native=name == NATIVE)
    if case == "joins":
        return asyncio.run(joining(name, JOINS))
    return asyncio.run(forwarding(name, SCENARIOS[case], duration_s))


def main() -> None:
    """Measure in a network namespace of one's own, or write down what was measured."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--seconds", type=float, default=6)
    options.add_argument("--scenarios", nargs="*", default=[*SCENARIOS, "joins", "chromium"])
    options.add_argument("--servers", nargs="*", default=[OURS, NATIVE, JANUS_TUNED, JANUS])
    options.add_argument("--json", type=Path)
    options.add_argument("--report", type=Path)
    chosen = options.parse_args()
    if chosen.report:
        report(json.loads(chosen.json.read_text()), chosen.report)
        return
    if INSIDE not in os.environ:
        inside = ["unshare", "--net", sys.executable, *sys.argv]
        os.execvpe("unshare", inside, {**os.environ, INSIDE: "1"})  # noqa: S606
    for command in ADDRESS_COMMANDS:
        subprocess.run(shlex.split(command), check=True)
    results: dict[str, dict[str, list[Any]]] = {}
    for _ in range(chosen.rounds):
        for case in chosen.scenarios:
            for name in chosen.servers:
                if case == "chromium" and name not in OURS_ALONE:
                    continue  # Janus has a page of its own
                outcome = _measure(case, name, chosen.seconds)
                results.setdefault(case, {}).setdefault(name, []).append(outcome)
                print(case, name, json.dumps(outcome), flush=True)
    if chosen.json:
        found = json.loads(chosen.json.read_text()) if chosen.json.exists() else {}
        machine = f"{os.cpu_count()} cores, Linux {platform.release()}"
        before = found.get("calls", {}).get("results", {})
        calls: dict[str, Any] = {"machine": machine, "python": platform.python_version()}
        calls["results"] = {**before, **results}
        chosen.json.write_text(json.dumps({**found, "calls": calls}, indent=1) + "\n")


if __name__ == "__main__":
    main()
