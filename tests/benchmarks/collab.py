"""How rooms do under load: ours, jupyter-collaboration's and two of Node, alternating in one run.

    python tests/benchmarks/collab.py --json results.json --rounds 3 --only 1x30,1x100
    python tests/benchmarks/collab.py --json results.json --report docs/images/performance.svg

Each writer types 4 edits a second into a 20 kB file and moves the cursor. The clients share the
machine with the server; figures compare servers on one machine, they don't describe a server. A
run adds its rounds to the JSON; docs/performance.md says what is measured how.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "binder")]

from benchmarks import crashes, scenarios  # noqa: E402
from benchmarks.contestants import (  # noqa: E402
    HOCUSPOCUS,
    OURS,
    STOCK,
    Y_WEBSOCKET,
    Contestant,
    contestant,
    install_peers,
)
from benchmarks.report import report  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Scenario = Callable[[Contestant], Awaitable[dict[str, Any] | None]]

SERVERS = (OURS, STOCK, Y_WEBSOCKET, HOCUSPOCUS)


def _crash(case: crashes.Crash) -> Scenario:
    return lambda server: crashes.crash(server, case)


SCENARIOS: dict[str, Scenario] = {
    "1x30": lambda server: scenarios.crowd(server, 1, 30),
    "1x100": lambda server: scenarios.crowd(server, 1, 100),
    "10x10": lambda server: scenarios.crowd(server, 10, 10),
    "30 echoing": lambda server: scenarios.crowd(server, 1, 30, echoes=True),
    "writers": scenarios.writers,
    "writers echoing": lambda server: scenarios.writers(server, echoes=True),
    "late join": scenarios.late_join,
    "storm": scenarios.storm,
    "disk": scenarios.disk,
    "file age": scenarios.file_age,
    **{f"crash: {name}": _crash(case) for name, case in crashes.CASES.items()},
}


def measure(name: str, case: str, args: tuple[str, ...] = ()) -> dict[str, Any] | None:
    """Run one scenario on a new server; one that no longer answers has `collapsed`."""
    with (
        tempfile.TemporaryDirectory() as folder,
        contestant(name, Path(folder), args) as server,
    ):
        try:
            return asyncio.run(_play(case, server))
        except (TimeoutError, OSError) as error:
            return {"collapsed": f"{type(error).__name__}: {error}"}


async def _play(case: str, server: Contestant) -> dict[str, Any] | None:
    return await SCENARIOS[case](server)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="add the results to this file")
    parser.add_argument("--only", default=",".join(SCENARIOS), help="scenarios, comma-separated")
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--report", type=Path, help="draw the chart, print the table, run nothing")
    options = parser.parse_args()
    results = _load(options.json)
    if options.report:
        report(results, options.report)
        return
    names = options.servers.split(",")
    if {Y_WEBSOCKET, HOCUSPOCUS} & set(names) and not install_peers():
        print("There is no npm: the peers of Node stay out.")
        names = [name for name in names if name in {OURS, STOCK}]
    for case in options.only.split(","):
        for _ in range(options.rounds):
            for name in names:
                outcome = measure(name, case)
                print(f"{case:24} {name:22} {json.dumps(outcome)}", flush=True)
                results["results"].setdefault(case, {}).setdefault(name, []).append(outcome)
                if options.json:
                    options.json.write_text(json.dumps(results, indent=1) + "\n")


def _load(path: Path | None) -> dict[str, Any]:
    if path is not None and path.exists():
        loaded: dict[str, Any] = json.loads(path.read_text())
        return loaded
    return {"machine": _machine(), "python": platform.python_version(), "results": {}}


def _machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{os.cpu_count()} cores of {model}, {platform.system()} {platform.release()}"


if __name__ == "__main__":
    main()
