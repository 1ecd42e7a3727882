"""From the click on Run to the first line of output, against bare sandboxes of the same command.

    python tests/benchmarks/run.py [--json results.json] [--rounds 30]

A click is the HTTP request that starts a run of a real JupyterLab's project of 50 files; the log's
websocket is opened when it is answered. Bare are `bwrap` with the same namespaces and `docker run`
without a network, from a shell's view: no snapshot, no limits, no seccomp, nothing written down.
Both in turns, once with every sandbox made for its run and once with one that stands ready.

Then 50 runs of a second wait for two places: how much of the time somebody's turn had come and
nothing went on in a place.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "binder")]

from benchmarks.kept import keep  # noqa: E402
from demo_people import token_of  # noqa: E402
from support.docker_host import IMAGE, docker_host  # noqa: E402
from support.servers import LabServer  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.docker_host import DockerHost

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


DOCKER_RUN = ("docker", "run", "--rm", "--network", "none")
#: One that stands ready is made again half a second after the last was taken.
PAUSE_S = 1.5


@dataclass(frozen=True)
class Way:
    """A kind of sandbox, and what there is without us."""

    options: tuple[str, ...]
    bare: tuple[str, ...]


async def bare_ms(way: Way, command: str) -> float:
    """Give the time until the sandbox itself has the first line."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *way.bare, command, stdout=asyncio.subprocess.PIPE
    )
    if process.stdout is None or not await process.stdout.readline():
        raise RuntimeError("it printed nothing")
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


async def measure(server: LabServer, way: Way, rounds: int) -> dict[str, Any]:
    """Measure each command in turns, after one of each that doesn't count."""
    report: dict[str, Any] = {}
    for name, command in COMMANDS.items():
        bare, ours = [], []
        for _ in range(rounds + 1):
            bare.append(await bare_ms(way, command))
            # Nothing of the last one still goes on, and what is to stand ready does.
            await asyncio.sleep(PAUSE_S)
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
    return report


@contextlib.contextmanager
def serving(*options: str) -> Iterator[LabServer]:
    """Have a server with a project of some files."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LabServer(Path(folder), args=(*MANY_RUNS, *options)) as server,
    ):
        for number in range(FILES):
            (server.root / f"file{number}.py").write_text("print('one of many')\n" * 100)
        yield server


def ways(docker: DockerHost) -> dict[str, Way]:
    """Give what is compared."""
    chosen = "--CodeSyncXApp.sandbox_backend=codesyncx_spawner.sandbox."
    by_docker = (f"{chosen}docker.DockerBackend", f"--DockerBackend.url={docker.url}")
    run = (*DOCKER_RUN[:1], "--host", docker.url, *DOCKER_RUN[1:], IMAGE)
    return {
        "bubblewrap": Way((f"{chosen}bubblewrap.BubblewrapBackend",), BARE),
        "docker": Way(by_docker, (*run, "/bin/sh", "-c")),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    report: dict[str, Any] = {}
    with docker_host() as docker:
        for name, way in ways(docker).items():
            for warm in (0, 1):
                title = f"{name}, warm" if warm else name
                with serving(*way.options, f"--CodeSyncXApp.warm_sandboxes={warm}") as server:
                    report[title] = asyncio.run(measure(server, way, options.rounds))
                print(title, json.dumps(report[title]), flush=True)
    with serving() as server:
        report["queue"] = asyncio.run(queue_report(server))
        print("queue", json.dumps(report["queue"]))
    keep(options.json, "run", report)


if __name__ == "__main__":
    main()
