"""Servers, workers, Redis and sandboxes are killed at random steps of very many short runs.

None is lost, none is completed twice, and nothing of any of them is left. What is killed and when
is said by a seed, which is printed; RUN_FAULTS_SEED has it happen again.
"""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.redis_server import running_redis
from support.sandboxes import processes_with
from support.servers import REPOSITORY, SUPPORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.docker_host import DockerHost

# It takes half a minute on a machine that is still, for each.
pytestmark = pytest.mark.timeout(400)

PATIENCE_S = 30
#: Each run takes some six steps: so many are over between two faults that nobody is hit for ever.
FEWEST_STEPS, MOST_STEPS = 40, 110


@dataclass
class Trial:
    """Runs of which all steps are heard, with a fault now and then."""

    folder: Path
    count: int
    backend: tuple[str, ...]
    choose: random.Random
    faults: dict[str, Callable[[], None]] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)
    under_way: set[str] = field(default_factory=set)
    hit: set[str] = field(default_factory=set)
    """Runs whose sandbox was killed."""
    happened: Counter[str] = field(default_factory=Counter)

    @property
    def temporary(self) -> Path:
        """Where all of them have their temporary files."""
        return self.folder / "temporary"

    def go(self) -> None:
        """Have all of it happen, until a server has seen all runs to their end."""
        (self.folder / "project").mkdir()
        self.temporary.mkdir(exist_ok=True)
        (self.folder / "project" / "data.txt").write_text("forty-two")
        while self._until_it_ends():
            pass

    def _until_it_ends(self) -> bool:
        """Start a server, and say whether it was killed."""
        with subprocess.Popen(
            [
                *(sys.executable, str(SUPPORT / "job_server.py"), str(self.folder)),
                *(str(self.count), *self.backend),
            ],
            stdout=subprocess.PIPE,
            cwd=REPOSITORY / "tests",
            env={**os.environ, "TMPDIR": str(self.temporary)},
        ) as server:
            assert server.stdout is not None
            left = self._steps()
            for line in server.stdout:
                self._hear(*json.loads(line))
                left -= 1
                if left:
                    continue
                left = self._steps()
                fault = self._next_fault()
                if fault == "server":
                    server.kill()
                    return True
                self.faults[fault]()
        assert server.returncode == 0
        return False

    def _next_fault(self) -> str:
        """Choose one that has happened least."""
        kinds = ["server", *sorted(self.faults)]
        fewest = min(self.happened[kind] for kind in kinds)
        fault = self.choose.choice([kind for kind in kinds if self.happened[kind] == fewest])
        self.happened[fault] += 1
        return fault

    def _steps(self) -> int:
        return self.choose.randrange(FEWEST_STEPS, MOST_STEPS)

    def _hear(self, run_id: str, state: str, _attempt: int) -> None:
        is_over = state in {"succeeded", "failed", "lost", "stopped", "timed_out"}
        self.ends[run_id] += is_over
        if is_over:
            self.under_way.discard(run_id)
        elif state == "running":
            self.under_way.add(run_id)

    def kill_a_sandbox(self) -> None:
        """End one process of a run's that goes on, with which all of it ends."""
        for run_id in self.choose.sample(sorted(self.under_way), len(self.under_way)):
            found = processes_with(f"codesyncx-{run_id}")
            self.hit.add(run_id)
            if found:
                os.kill(self.choose.choice(found), signal.SIGKILL)
                return

    def check(self) -> None:
        """See that every run was completed once, and that nothing is left."""
        sys.stdout.write(f"{dict(self.happened)}\n")
        with closing(sqlite3.connect(self.folder / "runs" / "runs.db")) as database:
            rows = [json.loads(told) for (told,) in database.execute("SELECT told FROM runs")]
            assert database.execute("SELECT count(*) FROM snapshots").fetchone() == (0,)
        assert len(rows) == self.count
        assert max(self.ends.values()) == 1
        wrong = [
            (run["id"], run["state"], run["sentence"])
            for run in rows
            if run["state"] != "succeeded"
            and not (run["state"] == "failed" and run["id"] in self.hit)
        ]
        assert wrong == []
        for run in rows:
            if run["state"] == "succeeded":
                made = self.folder / "runs" / "artifacts" / run["id"] / "made"
                assert made.read_text() == "forty-two"
        assert set(self.happened) == {"server", *self.faults}
        known = {f"codesyncx-{run['id']}" for run in rows}
        until = time.monotonic() + PATIENCE_S
        while left := [*left_of(known)]:
            assert time.monotonic() < until, left
            time.sleep(0.1)
        assert list(self.temporary.iterdir()) == []
        names = {path.name for path in (self.folder / "runs").iterdir()}
        assert names <= {"artifacts", "runs.db", "runs.db-shm", "runs.db-wal", "runs.lock"}


def left_of(marks: set[str]) -> Iterator[object]:
    """Give the processes and control groups of runs."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = process.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(word.partition(".")[0] in marks for word in words):
            yield process, words[:3]
    for group in Path("/sys/fs/cgroup").rglob("codesyncx-*"):
        if group.name.partition(".")[0] in marks:
            yield group


@pytest.fixture
def choose() -> random.Random:
    seed = int(os.environ.get("RUN_FAULTS_SEED") or secrets.randbelow(1_000_000))
    sys.stdout.write(f"RUN_FAULTS_SEED={seed}\n")
    return random.Random(seed)


def test_servers_and_sandboxes_are_killed(tmp_path: Path, choose: random.Random) -> None:
    trial = Trial(tmp_path, 200, ("bubblewrap",), choose)
    trial.faults["sandbox"] = trial.kill_a_sandbox
    trial.go()
    trial.check()


class Workers:
    """Two workers, each of them started anew when it was killed."""

    def __init__(self, url: str, folder: Path, choose: random.Random) -> None:
        self._folder, self._choose = folder / "workers", choose
        self._env = {
            "PATH": "/usr/bin:/bin",
            "CODESYNCX_REDIS_URL": url,
            "TMPDIR": str(folder / "temporary"),
        }
        self._workers = [self._start(), self._start()]

    def kill_one(self) -> None:
        """Kill one with -9, and start another."""
        gone = self._workers.pop(self._choose.randrange(2))
        gone.kill()
        gone.wait()
        self._workers.append(self._start())

    def end(self) -> None:
        """Have both end in the proper way."""
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            assert worker.wait(PATIENCE_S) == 0

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "codesyncx_spawner.workers", f"--folder={self._folder}"],
            env=self._env,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def two_workers(url: str, folder: Path, choose: random.Random) -> Iterator[Workers]:
    workers = Workers(url, folder, choose)
    try:
        yield workers
    finally:
        workers.end()


def test_servers_workers_redis_and_sandboxes_are_killed(
    tmp_path: Path, choose: random.Random
) -> None:
    (tmp_path / "temporary").mkdir()
    with running_redis() as redis, two_workers(redis.url, tmp_path, choose) as workers:

        def restart_redis() -> None:
            redis.kill()
            redis.start()

        trial = Trial(tmp_path, 200, ("workers", redis.url), choose)
        trial.faults = {
            "sandbox": trial.kill_a_sandbox,
            "worker": workers.kill_one,
            "redis": restart_redis,
        }
        trial.go()
    trial.check()
    assert list((tmp_path / "workers").iterdir()) == []


def test_servers_and_containers_are_killed(
    tmp_path: Path, choose: random.Random, docker: DockerHost
) -> None:
    def kill_a_container() -> None:
        for run_id in choose.sample(sorted(trial.under_way), len(trial.under_way)):
            name = docker.docker("ps", "--quiet", "--filter", f"label=codesyncx.run={run_id}")
            trial.hit.add(run_id)
            if name:
                subprocess.run(["/usr/bin/docker", "--host", docker.url, "kill", name], check=False)
                return

    trial = Trial(tmp_path, 40, ("docker", docker.url), choose)
    trial.faults["sandbox"] = kill_a_container
    trial.go()
    trial.check()
    assert docker.docker("ps", "--all", "--quiet") == docker.docker("volume", "ls", "-q") == ""
