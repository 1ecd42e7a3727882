"""Runs that workers carry out, told by Redis: what is shown, kept, refused and survives."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from codesyncx_spawner.errors import NoSandboxError
from codesyncx_spawner.fair_queue import Quotas
from codesyncx_spawner.runner import Runner
from codesyncx_spawner.states import State
from codesyncx_spawner.workers.backend import WorkersBackend
from support.redis_server import RedisServer, running_redis
from support.servers import REPOSITORY
from test_runner import ADA, ProjectFiles, printed, shell, until, watched

if TYPE_CHECKING:
    from pathlib import Path

    from codesyncx_spawner.run import Run

MANY = Quotas(4, 4, 4, 100, 100)
#: Prints, waits until it is let go, and leaves a file.
SLOW = "echo up; n=0; while [ $n -lt {0} ]; do sleep 0.1; n=$((n+1)); echo $n; done; echo x > made"


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> ProjectFiles:
    root = tmp_path / "project"
    root.mkdir()
    (root / "data.txt").write_text("forty-two")
    (root / "secret.txt").write_text("hush")
    return ProjectFiles(root)


Hire = Callable[..., subprocess.Popen[bytes]]
Open = Callable[..., Any]


@pytest.fixture
def hire(redis: RedisServer, tmp_path: Path) -> Iterator[Hire]:
    """Start workers; they all share a folder, and end with the test."""
    hired: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "codesyncx_spawner.workers", *options]
        worker = subprocess.Popen(
            [*command, f"--folder={tmp_path / 'workers'}"],
            env={"PATH": "/usr/bin:/bin", "CODESYNCX_REDIS_URL": redis.url},
            cwd=REPOSITORY,
        )
        hired.append(worker)
        return worker

    yield start
    for worker in hired:
        worker.terminate()
    for worker in hired:
        worker.wait(20)
    left = list((tmp_path / "workers").glob("*/*.json")) if hired else []
    assert left == []


@pytest.fixture
def open_runner(
    redis: RedisServer,
    project: ProjectFiles,
    tmp_path: Path,
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Iterator[Open]:
    opened: list[Runner] = []

    async def start(**options: Any) -> Runner:
        backend = WorkersBackend(redis_url=redis.url)
        runner = Runner(tmp_path / "runs", backend, project, **{"quotas": MANY, **options})
        opened.append(runner)
        await runner.start()
        return runner

    yield start
    for runner in opened:
        jp_asyncio_loop.run_until_complete(runner.close())


async def test_a_worker_carries_out_a_run(hire: Hire, open_runner: Open) -> None:
    hire()
    runner = await open_runner()
    run = await runner.submit(ADA, shell("cat data.txt; echo; ls; echo made > new.txt; exit 3"))
    ended, text, states = await watched(runner, run)
    assert text == "forty-two\ndata.txt\n"
    assert (ended.state, ended.exit_code) == (State.FAILED, 3)
    assert State.RUNNING in states
    assert [artifact.path for artifact in ended.artifacts] == ["new.txt"]
    assert runner.artifact(run.id, "new.txt").read_text() == "made\n"
    assert ended.files == ("data.txt",)
    assert ended.cpu_s is not None


async def test_a_run_is_stopped_wherever_it_is(hire: Hire, open_runner: Open) -> None:
    runner = await open_runner()
    waits = await runner.submit(ADA, shell("echo never"))
    await until(runner, waits, State.STARTING)
    await runner.stop(waits.id)
    ended, text, _ = await watched(runner, waits)
    assert (ended.state, text) == (State.STOPPED, "")
    hire()
    goes_on = await runner.submit(ADA, shell("echo up; sleep 1000", time_s=60))
    await printed(runner, goes_on, "up")
    await runner.stop(goes_on.id)
    assert (await watched(runner, goes_on))[0].state is State.STOPPED
    late = await runner.submit(ADA, shell("sleep 1000", time_s=0.5))
    assert (await watched(runner, late))[0].state is State.TIMED_OUT


async def test_edits_come_into_a_run_of_a_worker(
    hire: Hire, open_runner: Open, project: ProjectFiles
) -> None:
    hire()
    runner = await open_runner()
    watch = "cat data.txt; echo; while [ ! -e stop ]; do sleep 0.05; done; cat data.txt; echo"
    run = await runner.submit(ADA, replace(shell(watch), live=True))
    await printed(runner, run, "forty-two")
    (project.root / "data.txt").write_text("forty-six")
    (project.root / "stop").touch()
    runner.files_changed()
    ended, text, _ = await watched(runner, run)
    assert (text, ended.artifacts) == ("forty-two\nforty-six\n", ())


async def test_what_workers_cannot_do_is_said(hire: Hire, open_runner: Open) -> None:
    hire()
    runner = await open_runner()
    for what, why in (
        (replace(shell("true"), ports=(8000,)), "workers, whose ports can't be reached"),
        (replace(shell("true"), image="other"), "no base images|may not be used|needs Docker"),
    ):
        ended, _, _ = await watched(runner, await runner.submit(ADA, what))
        assert ended.state is State.FAILED
        assert any(words in ended.sentence for words in why.split("|"))


async def test_output_without_end_is_cut(hire: Hire, open_runner: Open) -> None:
    hire()
    runner = await open_runner()
    run = await runner.submit(ADA, shell("yes", output_bytes=10_000, time_s=1))
    ended, text, _ = await watched(runner, run)
    assert ended.state is State.TIMED_OUT
    assert text.endswith("The output is cut here: it is more than 10 kB.\n")


async def test_a_killed_workers_run_is_anothers(hire: Hire, open_runner: Open) -> None:
    first = hire()
    runner = await open_runner()
    run = await runner.submit(ADA, shell(SLOW.format(20), time_s=60))
    await printed(runner, run, "5")
    hire()
    first.kill()
    began = time.monotonic()
    ended, text, _ = await watched(runner, run)
    assert (ended.state, ended.attempt) == (State.SUCCEEDED, 2)
    assert time.monotonic() - began < 30
    assert text.count("up\n") == 2
    assert "The worker that carried it out is gone. The run begins again.\n" in text
    assert [artifact.path for artifact in ended.artifacts] == ["made"]


async def test_a_worker_that_ends_gives_its_runs_back(hire: Hire, open_runner: Open) -> None:
    first = hire()
    runner = await open_runner()
    run = await runner.submit(ADA, shell(SLOW.format(10), time_s=60))
    await printed(runner, run, "3")
    first.terminate()
    assert await asyncio.to_thread(first.wait, 20) == 0
    hire()
    ended, text, _ = await watched(runner, run)
    assert (ended.state, ended.attempt) == (State.SUCCEEDED, 2)
    assert "The worker that carried it out was ended. The run begins again.\n" in text


async def test_a_server_that_is_started_anew_takes_a_workers_run_up(
    hire: Hire, open_runner: Open
) -> None:
    hire()
    runner = await open_runner()
    run = await runner.submit(ADA, shell(SLOW.format(20), time_s=60))
    await printed(runner, run, "5")
    await runner.close()
    again = await open_runner()
    ended, text, _ = await watched(again, run)
    assert text == "up\n" + "".join(f"{n}\n" for n in range(1, 21))
    assert (ended.state, ended.attempt) == (State.SUCCEEDED, 1)
    assert [artifact.path for artifact in ended.artifacts] == ["made"]


@pytest.mark.parametrize("is_forgetful", [False, True])
async def test_a_run_goes_on_while_redis_is_away(
    hire: Hire, open_runner: Open, redis: RedisServer, *, is_forgetful: bool
) -> None:
    hire()
    runner = await open_runner(quotas=Quotas(1, 1, 1, 100, 100))
    run = await runner.submit(ADA, shell(SLOW.format(20), time_s=60))
    waits = await runner.submit(ADA, shell("echo next"))
    await printed(runner, run, "5")
    redis.kill()
    try:
        with pytest.raises(NoSandboxError, match="Redis, by which they are reached, can't be"):
            await runner.submit(ADA, shell("true"))
        # Longer than what it runs: all the rest has to be told later.
        await asyncio.sleep(8)
        if is_forgetful:
            redis.forget()
    finally:
        redis.start()
    ended, text, _ = await watched(runner, run)
    assert text == "up\n" + "".join(f"{n}\n" for n in range(1, 21))
    assert (ended.state, ended.attempt) == (State.SUCCEEDED, 1)
    assert [artifact.path for artifact in ended.artifacts] == ["made"]
    ended, text, _ = await watched(runner, waits)
    assert (ended.state, text) == (State.SUCCEEDED, "next\n")


async def test_nothing_is_left_in_redis(hire: Hire, open_runner: Open, redis: RedisServer) -> None:
    hire()
    runner = await open_runner()
    runs: list[Run] = [await runner.submit(ADA, shell("echo x > new")) for _ in range(4)]
    for run in runs:
        await watched(runner, run)
    with contextlib.closing(redis.client()) as client:
        until_s = time.monotonic() + 20
        while left := [key for key in client.scan_iter() if b":job:" in key and b":out" not in key]:
            assert time.monotonic() < until_s, left
            await asyncio.sleep(0.1)
        assert client.xlen("codesyncx:jobs") == 0
