"""The queue before the sandboxes, with real ones: what is shown, kept, and survives."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest
from codesyncx_spawner.errors import NoSandboxError, OverLimitError, QuotaError
from codesyncx_spawner.fair_queue import Quotas
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.run_file import RunConfiguration
from codesyncx_spawner.runner import MAX_ATTEMPTS, Runner
from codesyncx_spawner.sandbox.bubblewrap import BubblewrapBackend
from codesyncx_spawner.snapshot import Look, Snapshot, write_snapshot
from codesyncx_spawner.states import State
from support.servers import REPOSITORY

from codesyncx_server.access.model import Person
from codesyncx_server.errors import NotFoundError, RefusedError

if TYPE_CHECKING:
    from codesyncx_spawner.run import Run

ADA, BOB = Person("ada"), Person("bob")


class ProjectFiles:
    """A project of which everybody may read everything but what begins with `secret`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    async def snapshot(
        self, run: Run, archive: IO[bytes], known: Mapping[str, Look] | None = None
    ) -> Snapshot:
        if run.person.username == "nobody":
            raise RefusedError("You may not read anything.")
        return write_snapshot(
            self.root,
            archive,
            lambda path: not path.startswith("secret"),
            run.what.limits,
            known,
        )


Open = Callable[..., Any]


@pytest.fixture
def project(tmp_path: Path) -> ProjectFiles:
    root = tmp_path / "project"
    root.mkdir()
    (root / "data.txt").write_text("forty-two")
    (root / "secret.txt").write_text("hush")
    return ProjectFiles(root)


@pytest.fixture
def open_runner(
    project: ProjectFiles, tmp_path: Path, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[Open]:
    opened: list[Runner] = []

    async def start(**options: Any) -> Runner:
        runner = Runner(tmp_path / "runs", BubblewrapBackend(), project, **options)
        opened.append(runner)
        await runner.start()
        return runner

    yield start
    for runner in opened:
        jp_asyncio_loop.run_until_complete(runner.close())


def shell(command: str, **options: Any) -> RunConfiguration:
    limits = Limits(**{"memory_bytes": 100_000_000, "disk_bytes": 10_000_000, **options})
    return RunConfiguration("", ("/bin/sh", "-c", command), limits=limits)


async def watched(runner: Runner, run: Run) -> tuple[Run, str, list[State]]:
    """Follow a run to its end."""
    text, states = "", list[State]()
    async for seen, pieces in runner.follow(run.id):
        text += "".join(piece.text + "\n" * piece.ends_line for piece in pieces)
        run = seen
        if seen.state not in states:
            states.append(seen.state)
    return run, text, states


async def until(runner: Runner, run: Run, state: State) -> None:
    async for seen, _ in runner.follow(run.id):
        if seen.state is state:
            return


async def test_a_run_is_followed_from_the_queue_to_its_end(open_runner: Open) -> None:
    told: list[State] = []
    runner = await open_runner(changed=lambda run: told.append(run.state))
    run = await runner.submit(ADA, shell("cat data.txt; echo; ls; echo made > new.txt"))
    ended, text, _ = await watched(runner, run)
    assert text == "forty-two\ndata.txt\n"
    assert (ended.state, ended.exit_code, ended.sentence) == (State.SUCCEEDED, 0, "It is done.")
    assert told == [
        State.QUEUED,
        State.PREPARING,
        State.STARTING,
        State.RUNNING,
        State.COLLECTING,
        State.SUCCEEDED,
    ]
    assert [artifact.path for artifact in ended.artifacts] == ["new.txt"]
    assert runner.artifact(run.id, "new.txt").read_text() == "made\n"
    with pytest.raises(NotFoundError):
        runner.artifact(run.id, "../../runs.db")
    assert ended.files == ("data.txt",)


#: Prints a file whenever it has become another, and names what is there at the end.
WATCH = r"""
while [ ! -e stop ]; do
  now=$(cat data.txt 2>/dev/null)
  [ "$now" = "$last" ] || echo "$now"
  last=$now
  sleep 0.05
done
find . -type f | sort
"""


async def printed(runner: Runner, run: Run, text: str) -> None:
    """Wait until a run has printed a line."""
    async for _, pieces in runner.follow(run.id):
        if any(piece.text == text for piece in pieces):
            return


async def test_edits_come_into_a_run_that_serves_something(
    open_runner: Open, project: ProjectFiles
) -> None:
    runner = await open_runner()
    (project.root / "old").mkdir()
    (project.root / "old" / "gone.txt").touch()
    run = await runner.submit(ADA, replace(shell(WATCH), ports=(8000,)))
    await printed(runner, run, "forty-two")
    (project.root / "data.txt").write_text("forty-six")
    runner.files_changed()
    await printed(runner, run, "forty-six")
    (project.root / "old" / "gone.txt").unlink()
    (project.root / "new").mkdir()
    (project.root / "new" / "file.txt").write_text("x")
    (project.root / "secret-2.txt").write_text("hush")
    (project.root / "stop").touch()
    runner.files_changed()
    ended, text, _ = await watched(runner, run)
    assert text.splitlines()[2:] == ["./data.txt", "./new/file.txt", "./stop"]
    assert ended.artifacts == ()  # the project's own edits are nothing that the run has made
    # Whoever may not read what came in later may not see what was printed of it.
    assert ended.files == ("data.txt", "new/file.txt", "old/gone.txt", "stop")


async def test_edits_stay_out_of_a_run_that_is_no_live_one(
    open_runner: Open, project: ProjectFiles
) -> None:
    runner = await open_runner()
    for what in (shell(WATCH), replace(shell(WATCH), ports=(8000,), live=False)):
        (project.root / "data.txt").write_text("forty-two")
        run = await runner.submit(ADA, what)
        await printed(runner, run, "forty-two")
        (project.root / "data.txt").write_text("forty-six")
        runner.files_changed()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(printed(runner, run, "forty-six"), 1)
        await runner.stop(run.id)
        await until(runner, run, State.STOPPED)


async def test_a_run_cannot_lead_edits_astray(
    open_runner: Open, project: ProjectFiles, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o777)
    outside.chmod(0o777)
    (project.root / "data").mkdir()
    (project.root / "data" / "a.txt").write_text("one")
    trap = f"rm -r data data.txt; ln -s {outside} data; ln -s {outside}/b.txt data.txt; echo set; "
    runner = await open_runner()
    run = await runner.submit(ADA, replace(shell(trap + WATCH), ports=(8000,)))
    await printed(runner, run, "set")
    (project.root / "data" / "a.txt").write_text("two")
    (project.root / "data.txt").write_text("three")
    runner.files_changed()
    await printed(runner, run, "three")
    (project.root / "stop").touch()
    runner.files_changed()
    _, text, _ = await watched(runner, run)
    assert (
        "Not all that was edited could be put into this run: data/a.txt (Not a directory)." in text
    )
    assert list(outside.iterdir()) == []


async def test_what_a_run_uses_is_told_while_it_goes_on(open_runner: Open) -> None:
    runner = await open_runner()
    busy = "python3 -c 'data = bytearray(40_000_000)\nwhile True: pass'"
    run = await runner.submit(ADA, shell(busy))
    async with asyncio.timeout(20):
        async for seen, _ in runner.follow(run.id):
            memory = seen.peak_memory_bytes or 0
            if seen.state is State.RUNNING and (seen.cpu_s or 0) >= 0.5 and memory > 40_000_000:
                break
    await runner.stop(run.id)
    ended, _, _ = await watched(runner, run)
    assert (ended.cpu_s or 0) >= 0.5


async def test_what_has_ended_can_be_read_after_a_restart(open_runner: Open) -> None:
    runner = await open_runner()
    run, text, _ = await watched(runner, await runner.submit(ADA, shell("seq 3000")))
    await runner.close()
    again = await open_runner()
    assert again.runs() == [run]
    _, kept, _ = await watched(again, run)
    assert kept == text == "".join(f"{n}\n" for n in range(1, 3001))
    late = [piece async for _, pieces in again.follow(run.id, 2997) for piece in pieces]
    assert [piece.text for piece in late] == ["2999", "3000"]


async def test_a_failure_is_told(open_runner: Open) -> None:
    runner = await open_runner()
    ended, _, _ = await watched(runner, await runner.submit(ADA, shell("exit 3")))
    assert (ended.state, ended.sentence) == (State.FAILED, "It ended with exit code 3.")
    refused, _, _ = await watched(runner, await runner.submit(Person("nobody"), shell("true")))
    assert (refused.state, refused.sentence) == (State.FAILED, "You may not read anything.")
    slow, _, _ = await watched(runner, await runner.submit(ADA, shell("sleep 60", time_s=0.2)))
    assert slow.state is State.TIMED_OUT


async def test_a_run_can_be_stopped_wherever_it_is(open_runner: Open) -> None:
    runner = await open_runner(quotas=Quotas(running=1))
    first = await runner.submit(ADA, shell("echo up; sleep 1000", time_s=60))
    second = await runner.submit(ADA, shell("echo never"))
    assert runner.position(second.id) == 0
    await runner.stop(second.id)
    ended, text, states = await watched(runner, second)
    assert (ended.state, text, states) == (State.STOPPED, "", [State.STOPPED])
    await until(runner, first, State.RUNNING)
    await runner.stop(first.id)
    ended, _, _ = await watched(runner, first)
    assert ended.state is State.STOPPED
    await runner.stop(first.id)
    with pytest.raises(NotFoundError):
        await runner.stop("no-such-run")


async def test_more_than_may_be_had_is_refused(open_runner: Open) -> None:
    runner = await open_runner(quotas=Quotas(running=1, waiting_per_person=1))
    with pytest.raises(OverLimitError, match=r"limits\.time: 20 min is more than this server"):
        await runner.submit(ADA, shell("true", time_s=1200))
    await runner.submit(ADA, shell("sleep 1000", time_s=60))
    await runner.submit(ADA, shell("true"))
    with pytest.raises(QuotaError):
        await runner.submit(ADA, shell("true"))
    assert len(runner.runs()) == 2


async def test_people_take_turns(open_runner: Open) -> None:
    begun: list[str] = []
    runner = await open_runner(
        quotas=Quotas(running=1),
        changed=lambda run: begun.append(run.id) if run.state is State.RUNNING else None,
    )
    hers = [await runner.submit(ADA, shell("true")) for _ in range(3)]
    his = await runner.submit(BOB, shell("true"))
    for run in (*hers, his):
        await watched(runner, run)
    assert begun == [hers[0].id, his.id, hers[1].id, hers[2].id]


async def test_two_servers_do_not_share_a_queue(open_runner: Open) -> None:
    await open_runner()
    with pytest.raises(NoSandboxError, match="Another server of the same project"):
        await open_runner()


async def test_a_server_that_ends_leaves_its_runs_to_the_next(open_runner: Open) -> None:
    runner = await open_runner()
    run = await runner.submit(ADA, shell("echo begun; sleep 1000", time_s=60))
    async for _, pieces in runner.follow(run.id):
        if pieces:
            break
    await runner.close()
    again = await open_runner()
    lines: list[str] = []
    async for _, pieces in again.follow(run.id):
        lines += [piece.text for piece in pieces]
        if lines.count("begun") == 2:
            break
    assert again.run(run.id).attempt == 2
    assert lines == ["begun", "The server was started anew. The run begins again.", "begun"]
    await again.stop(run.id)
    assert (await watched(again, run))[0].state is State.STOPPED


async def test_a_run_that_ends_the_server_each_time_is_given_up(open_runner: Open) -> None:
    run: Run | None = None
    for _ in range(MAX_ATTEMPTS):
        runner = await open_runner()
        run = run or await runner.submit(ADA, shell("sleep 1000", time_s=60))
        await until(runner, run, State.RUNNING)
        await runner.close()
    assert run is not None
    runner = await open_runner()
    assert runner.run(run.id).state is State.LOST


async def test_a_full_disk_is_told_to_who_submits(open_runner: Open, tmp_path: Path) -> None:
    runner = await open_runner()
    with sqlite3.connect(tmp_path / "runs" / "runs.db") as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON runs BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
    with pytest.raises(Exception, match="A run can't be kept: full"):
        await runner.submit(ADA, shell("true"))
    assert runner.runs() == []


SERVER = """
import asyncio, json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from codesyncx_spawner import runner as runners
from codesyncx_spawner.fair_queue import Quotas
from codesyncx_spawner.sandbox.bubblewrap import BubblewrapBackend
from test_runner import ADA, ProjectFiles, shell

runners.MAX_ATTEMPTS = 1000

def tell(run):
    print(json.dumps([run.id, run.state]), flush=True)
    sys.stdin.readline()  # go on when told to, so that it can be killed at this step

async def main():
    folder, wanted = Path(sys.argv[1]), int(sys.argv[2])
    quotas = Quotas(2, 2, 2, 1000, 1000)
    files = ProjectFiles(folder / "project")
    runner = runners.Runner(
        folder / "runs", BubblewrapBackend(), files, quotas=quotas, changed=tell
    )
    await runner.start()
    for _ in range(wanted - len(runner.runs())):
        await runner.submit(ADA, shell("echo worked"))
    for run in runner.runs():
        async for _ in runner.follow(run.id):
            pass
    await runner.close()

asyncio.run(main())
"""


def arguments_of_all_processes() -> set[bytes]:
    found = set[bytes]()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.update(process.read_bytes().split(b"\0"))
    return found


@pytest.mark.usefixtures("project")
def test_killed_servers_lose_no_run_and_complete_none_twice(tmp_path: Path) -> None:
    """Kill the server with -9 at random steps of its runs, then let it finish."""
    choose, count = random.Random(5), 24
    ends, known = Counter[str](), set[str]()
    # Of some 150 steps, each server is killed after a few; so there are enough for all of them.
    steps = [count + 10, *(choose.randrange(3, 20) for _ in range(5)), None]
    for step in steps:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(tmp_path), str(count), str(Path(__file__).parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd=REPOSITORY / "tests",
            env={**os.environ, "PYTHONPATH": str(REPOSITORY / "tests")},
        )
        assert server.stdin is not None
        assert server.stdout is not None
        with server:
            for number, line in enumerate(server.stdout, 1):
                run_id, state = json.loads(line)
                known.add(run_id)
                ends[run_id] += State(state).is_over
                if number == step:
                    server.kill()
                    break
                server.stdin.write(b"\n")
        assert server.returncode == (0 if step is None else -signal.SIGKILL)
    assert len(known) == count
    with sqlite3.connect(tmp_path / "runs" / "runs.db") as database:
        states = database.execute("SELECT state, count(*) FROM runs GROUP BY state").fetchall()
    assert states == [("succeeded", count)]
    # An ending that was written just before the kill may not have been told any more.
    assert max(ends.values()) == 1
    marks = {f"codesyncx-{run_id}".encode() for run_id in known}
    assert marks.isdisjoint(arguments_of_all_processes())
    left = {path.name for path in Path("/sys/fs/cgroup").rglob("codesyncx-*")}
    assert left.isdisjoint({f"codesyncx-{run_id}" for run_id in known})
