"""From the click on Run to the first line of output, against bare bubblewrap of the same command.

    python tests/benchmarks/run.py [--json results.json] [--rounds 30]

A click is the HTTP request that starts a run of a real JupyterLab's project of 50 files; the log's
websocket is opened when it is answered. Bare is `bwrap` with the same namespaces from a shell's
view: no snapshot, no limits, no seccomp, nothing written down. Both in turns.

Then 50 runs of a second wait for two places: how much of the time somebody's turn had come and
nothing went on in a place.
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
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "binder")]

from demo_people import token_of  # noqa: E402
from support.servers import LabServer  # noqa: E402

FILES = 50
JOBS, PLACES = 50, 2
MANY_RUNS = (
    f"--CodeSyncXApp.max_runs={PLACES}",
    f"--CodeSyncXApp.max_runs_per_person={PLACES}",
    "--CodeSyncXApp.max_runs_per_minute=10000",
)
COMMANDS = {"echo": "echo hello", "python": "python3 -c 'print(1)'"}
BARE = (
    *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/usr", "/usr"),
    *("--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib"),
    *("--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev"),
    *("--tmpfs", "/work", "--chdir", "/work", "/bin/sh", "-c"),
)


async def bare_ms(command: str) -> float:
    """Give the time until bubblewrap itself has the first line."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(*BARE, command, stdout=asyncio.subprocess.PIPE)
    if process.stdout is None or not await process.stdout.readline():
        raise RuntimeError("bubblewrap printed nothing")
    elapsed_s = time.perf_counter() - began
    await process.wait()
    return elapsed_s * 1000


async def ours_ms(server: LabServer, command: str) -> float:
    """Give the time until the browser has the first line."""
    headers = {"Authorization": f"token {token_of('ada', server.token)}"}
    api, began = f"{server.url}/codesyncx/api/runs", time.perf_counter()
    answer = await AsyncHTTPClient().fetch(
        HTTPRequest(api, "POST", headers, json.dumps({"command": command}))
    )
    address = f"{api}/{json.loads(answer.body)['id']}/log".replace("http", "ws", 1)
    socket = await websocket_connect(HTTPRequest(address, headers=headers))
    elapsed_s = None
    while (told := await socket.read_message()) is not None:
        if elapsed_s is None and json.loads(told)["type"] == "output":
            elapsed_s = time.perf_counter() - began
    if elapsed_s is None:
        raise RuntimeError("the run printed nothing")
    return elapsed_s * 1000


async def queue_report(server: LabServer) -> dict[str, Any]:
    """Have many runs of several people wait, and see how busy the places were."""
    people = ("ada", "grace", "alan", "edsger", "barbara")
    api = f"{server.url}/codesyncx/api/runs"
    for number in range(JOBS):
        headers = {"Authorization": f"token {token_of(people[number % 5], server.token)}"}
        request = HTTPRequest(api, "POST", headers, json.dumps({"command": "sleep 1"}))
        await AsyncHTTPClient().fetch(request)
    owner = {"Authorization": f"token {server.token}"}
    while True:
        await asyncio.sleep(1)
        answer = await AsyncHTTPClient().fetch(HTTPRequest(api, headers=owner))
        runs = [run for run in json.loads(answer.body)["runs"] if run["command"][-1] == "sleep 1"]
        if len(runs) == JOBS and all(run["is_over"] for run in runs):
            break
    taken_s = max(run["ended_at"] for run in runs) - min(run["submitted_at"] for run in runs)
    return {
        "jobs": JOBS,
        "places": PLACES,
        "taken_s": round(taken_s, 1),
        # Of a place's time, what wasn't the second that a run sleeps.
        "overhead": round(1 - JOBS / PLACES / taken_s, 3),
    }


async def measure(server: LabServer, rounds: int) -> dict[str, Any]:
    """Measure each command in turns, after one of each that doesn't count."""
    report: dict[str, Any] = {}
    for name, command in COMMANDS.items():
        bare, ours = [], []
        for _ in range(rounds + 1):
            bare.append(await bare_ms(command))
            ours.append(await ours_ms(server, command))
        middle = [statistics.median(each[1:]) for each in (bare, ours)]
        worst = [sorted(each[1:])[int(0.9 * rounds)] for each in (bare, ours)]
        report[name] = {
            "bare_ms": round(middle[0], 1),
            "ours_ms": round(middle[1], 1),
            "bare_p90_ms": round(worst[0], 1),
            "ours_p90_ms": round(worst[1], 1),
            "ratio": round(middle[1] / middle[0], 2),
        }
        print(name, json.dumps(report[name]), flush=True)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, LabServer(Path(folder), args=MANY_RUNS) as server:
        for number in range(FILES):
            (server.root / f"file{number}.py").write_text("print('one of many')\n" * 100)
        report = asyncio.run(measure(server, options.rounds))
        report["queue"] = asyncio.run(queue_report(server))
        print("queue", json.dumps(report["queue"]))
    report["machine"] = f"{os.cpu_count()} cores, {platform.processor() or platform.machine()}"
    if options.json:
        found = json.loads(options.json.read_text()) if options.json.exists() else {}
        options.json.write_text(json.dumps({**found, "run": report}, indent=1) + "\n")


if __name__ == "__main__":
    main()
