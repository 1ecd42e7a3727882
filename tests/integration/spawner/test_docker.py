"""What is Docker's own: its images, its daemon that goes away, and what comes in and out."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tarfile
import time
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
from codesyncx_spawner.egress import expand
from codesyncx_spawner.errors import NoSandboxError, OverLimitError, SandboxError
from codesyncx_spawner.execution import Execution
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.run_file import RunConfiguration
from codesyncx_spawner.runner import Runner
from codesyncx_spawner.sandbox import docker as docker_backend
from codesyncx_spawner.sandbox import docker_sandbox
from codesyncx_spawner.sandbox.backend import SandboxSpec
from codesyncx_spawner.sandbox.docker import DockerBackend
from codesyncx_spawner.sandbox.first_choice import FirstChoiceBackend
from codesyncx_spawner.selection import Mark
from codesyncx_spawner.snapshot import Look, Snapshot
from codesyncx_spawner.states import State
from support.docker_host import docker_host
from support.sandboxes import TIGHT, Ground, archive_of, nothing
from support.servers import SUPPORT
from traitlets.config import Config

from codesyncx_server.access.model import Person

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from codesyncx_spawner.output import Piece
    from codesyncx_spawner.run import Run
    from codesyncx_spawner.sandbox.docker_sandbox import DockerSandbox
    from support.docker_host import DockerHost


@pytest.fixture
def backend(
    docker: DockerHost, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[DockerBackend]:
    backend = DockerBackend(url=docker.url)
    yield backend
    jp_asyncio_loop.run_until_complete(backend.close())
    assert docker.docker("ps", "--all", "--quiet") == docker.docker("volume", "ls", "-q") == ""


def spec_of(*command: str) -> SandboxSpec:
    return SandboxSpec(f"{os.getpid()}-{secrets.token_hex(4)}", command, TIGHT)


@contextlib.asynccontextmanager
async def started(backend: DockerBackend, code: str) -> AsyncIterator[DockerSandbox]:
    sandbox = await backend.prepare(spec_of("/usr/bin/python3", "main.py"))
    try:
        await sandbox.start(archive_of({"main.py": code}))
        yield sandbox
    finally:
        await sandbox.kill(0)
        await sandbox.release()


async def until_printed(sandbox: DockerSandbox, wanted: bytes) -> None:
    printed = b""
    async for chunk in sandbox.logs():
        printed += chunk
        if wanted in printed:
            return
    raise AssertionError(printed)


async def test_a_server_without_docker_says_what_to_install(tmp_path: Path) -> None:
    backend = DockerBackend(url=f"unix://{tmp_path}/no-socket")
    with pytest.raises(NoSandboxError, match=r"apt install docker\.io"):
        await backend.check()
    await backend.close()


async def test_a_server_with_neither_says_what_to_install_of_both(tmp_path: Path) -> None:
    config = Config()
    config.BubblewrapBackend.program = "no-such-bwrap"
    config.DockerBackend.url = f"unix://{tmp_path}/no-socket"
    backend = FirstChoiceBackend(config=config)
    with pytest.raises(NoSandboxError, match=r"install bubblewrap.* Or: .*install docker\.io"):
        await backend.check()
    await backend.close()


async def test_docker_is_taken_where_there_is_no_bubblewrap(
    docker: DockerHost, tmp_path: Path
) -> None:
    config = Config()
    config.BubblewrapBackend.program = "no-such-bwrap"
    config.DockerBackend.url = docker.url
    backend = FirstChoiceBackend(config=config)
    await backend.check()
    result = await Ground(backend, tmp_path).run("print('in a container')")
    await backend.close()
    assert result.text == "in a container\n"


async def test_a_run_with_an_image_goes_to_docker(docker: DockerHost, tmp_path: Path) -> None:
    config = Config()
    config.DockerBackend.url = docker.url
    backend = FirstChoiceBackend(config=config)
    code = "import os; print(os.path.exists('/etc/debian_version'))"
    results = [
        (await Ground(backend, tmp_path).run(code, image=image)).text
        for image in (None, "codesyncx/sandbox")
    ]
    await backend.close()
    assert results == ["False\n", "True\n"]


async def test_only_images_that_are_allowed_can_be_had(backend: DockerBackend) -> None:
    backend.images = ["courses/*"]
    spec = SandboxSpec("r1", ("true",), Limits(), image="evil/image")
    with pytest.raises(OverLimitError, match=r"'evil/image' may not be used .* courses/\*"):
        await backend.lacks_image(spec)
    with pytest.raises(OverLimitError):
        await backend.prepare(spec)
    assert await backend.lacks_image(SandboxSpec("r1", ("true",), Limits(), image="courses/ml"))


class NoFiles:
    async def snapshot(self, _run: Run, archive: IO[bytes], _known: object = None) -> Snapshot:
        archive.write(bytes(2 * tarfile.BLOCKSIZE))
        return Snapshot({}, (), {})


class OneFile:
    """A project with one file, whose text changes."""

    text = "one"

    async def snapshot(
        self, _run: Run, archive: IO[bytes], known: Mapping[str, Look] | None = None
    ) -> Snapshot:
        look = Look(len(self.text) + ord(self.text[0]), 3, "", is_executable=False)
        is_new = (known or {}).get("file.txt") != look
        content = archive_of({"file.txt": self.text} if is_new else {})
        archive.write(content.read())
        return Snapshot({"file.txt": Mark(3, 0)} if is_new else {}, (), {"file.txt": look})


@pytest.fixture
def registry(docker: DockerHost) -> Iterator[str]:
    """Give a registry where the daemon can reach one: in its own network."""
    process = docker.inside(sys.executable, str(SUPPORT / "image_registry.py"), "5000")
    with process:
        yield "127.0.0.1:5000"
        process.terminate()


async def test_an_image_is_fetched_and_that_is_shown(
    docker: DockerHost, registry: str, tmp_path: Path
) -> None:
    states: list[State] = []
    runner = Runner(
        tmp_path / "runs",
        DockerBackend(url=docker.url, images=[f"{registry}/*"]),
        NoFiles(),
        changed=lambda run: states.append(run.state),
    )
    await runner.start()
    sentences = []
    for name in ("empty", "absent"):
        what = RunConfiguration("", ("true",), image=f"{registry}/{name}")
        run = await runner.submit(Person("ada"), what)
        async for seen, _ in runner.follow(run.id):
            run = seen
        sentences.append(run.sentence)
    await runner.close()
    assert states[:4] == [State.QUEUED, State.PREPARING, State.PULLING, State.STARTING]
    assert "The sandbox couldn't be started:" in sentences[0]
    assert "/bin/sh" in sentences[0]
    assert f"{registry}/absent:latest isn't on this server, and can't be fetched" in sentences[1]
    docker.docker("rmi", f"{registry}/empty")


@pytest.mark.parametrize("uid", [0, 1000])
async def test_what_it_serves_is_reached_from_outside(
    backend: DockerBackend, monkeypatch: pytest.MonkeyPatch, uid: int
) -> None:
    if uid:
        monkeypatch.setattr(os, "geteuid", lambda: uid)
    code = """
import socket
with socket.create_server(("127.0.0.1", 8000)) as server:
    print("up", flush=True)
    while True:
        connection = server.accept()[0]
        connection.sendall(connection.recv(10) * 2)
        connection.close()
"""
    async with started(backend, code) as sandbox:
        await until_printed(sandbox, b"up")
        loop = asyncio.get_running_loop()
        with await sandbox.connect(8000) as connection:
            await loop.sock_sendall(connection, b"hello")
            assert await loop.sock_recv(connection, 100) == b"hellohello"
            assert await loop.sock_recv(connection, 100) == b""
        with pytest.raises(ConnectionRefusedError):
            await sandbox.connect(8001)


async def test_a_server_that_cannot_enter_its_network_refuses_one(
    backend: DockerBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    spec = replace(spec_of("true"), network=expand(["pypi.org"]))
    sandbox = await backend.prepare(spec)
    with pytest.raises(SandboxError, match="reach no hosts on this server"):
        await sandbox.start(archive_of({}))
    await sandbox.release()


async def test_edits_come_in_while_it_runs(backend: DockerBackend) -> None:
    code = """
import os, time
open("old", "w").close()
print("up", flush=True)
while not os.path.exists("folder/new") or os.path.exists("old"):
    time.sleep(0.01)
print(open("folder/new").read(), os.stat("folder/new").st_uid == os.getuid(), flush=True)
"""
    async with started(backend, code) as sandbox:
        await until_printed(sandbox, b"up")
        await sandbox.update(archive_of({"folder/new": "edited"}), ["old", "never there"])
        await until_printed(sandbox, b"edited True")


async def test_edits_that_do_not_fit_are_told(backend: DockerBackend) -> None:
    async with started(backend, "print('up', flush=True); import time; time.sleep(60)") as sandbox:
        await until_printed(sandbox, b"up")
        with pytest.raises(OSError, match="Wrote only"):
            await sandbox.update(archive_of({"giant": "x" * 25_000_000}), [])


async def test_what_a_server_left_that_is_gone_is_swept_up(
    docker: DockerHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = DockerBackend(url=docker.url)
    with monkeypatch.context() as patch:
        patch.setattr(docker_backend, "this_server", lambda: f"{socket.gethostname()} 4194305.1")
        gone = await first.prepare(spec_of("sleep", "1000"))
    await gone.start(archive_of({}))
    another = await first.prepare(spec_of("sleep", "1000"))
    second = DockerBackend(url=docker.url)
    await second.check()
    left = docker.docker("ps", "--all", "--quiet").split()
    await gone.release()
    await another.release()
    await first.close()
    await second.close()
    assert len(left) == 1


SERVER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from codesyncx_spawner.runner import Runner
from codesyncx_spawner.sandbox.docker import DockerBackend
from test_docker import ADA, LONG, NoFiles

async def main():
    backend = DockerBackend(url=sys.argv[2])
    runner = Runner(
        Path(sys.argv[1]), backend, NoFiles(), changed=lambda run: print(run.state, flush=True)
    )
    await runner.start()
    run = await runner.submit(ADA, LONG)
    async for _, pieces in runner.follow(run.id):
        if any(piece.text == "4" for piece in pieces):
            await asyncio.sleep(0.5)
            print("printed", flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""
ADA = Person("ada")
COUNT = "echo made > new; for i in $(seq 200); do echo $i; sleep 0.1; done; exit 3"
LONG = RunConfiguration("", ("/bin/sh", "-c", COUNT), limits=TIGHT, ports=(8000,))


def kill_a_server(folder: Path, url: str) -> None:
    """Have a server of its own start a run, and kill it when that goes on."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder), url, str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SUPPORT.parent)},
    )
    with server:
        assert server.stdout is not None
        for line in server.stdout:
            if line.strip() == b"printed":
                server.kill()


async def test_a_run_of_a_killed_server_is_taken_up(docker: DockerHost, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    kill_a_server(folder, docker.url)
    left = docker.docker("ps", "--quiet").split()
    lines: list[str] = []
    run: Run | None = None
    # The first of them ends in the proper way, which leaves it to the second.
    for wanted in ("30", None):
        runner = Runner(folder, DockerBackend(url=docker.url), NoFiles())
        await runner.start()
        (run,) = runner.runs()
        lines = []
        async for seen, pieces in runner.follow(run.id):
            lines += [piece.text for piece in pieces]
            run = seen
            if wanted in lines:
                break
        if wanted is not None:
            assert docker.docker("ps", "--quiet").split() == left
        await runner.close()
    assert run is not None
    assert lines == [str(number) for number in range(1, 201)]
    assert (run.state, run.exit_code, run.attempt) == (State.FAILED, 3, 1)
    assert [artifact.path for artifact in run.artifacts] == ["new"]
    assert docker.docker("ps", "--all", "--quiet") == docker.docker("volume", "ls", "-q") == ""


async def test_what_is_taken_up_can_be_reached_edited_and_stopped(
    docker: DockerHost, tmp_path: Path
) -> None:
    folder, files = tmp_path / "runs", OneFile()
    served = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8000)"
    what = RunConfiguration("", ("python3", "-c", served), limits=TIGHT, ports=(8000,))
    runner = Runner(folder, DockerBackend(url=docker.url), files)
    await runner.start()
    run = await runner.submit(ADA, what)
    await until_it_gives(runner, run, b"one")
    await runner.close()
    again = Runner(folder, DockerBackend(url=docker.url), files)
    await again.start()
    await until_it_gives(again, run, b"one")
    files.text = "two"
    again.files_changed()
    await until_it_gives(again, run, b"two")
    await again.stop(run.id)
    async for seen, _ in again.follow(run.id):
        run = seen
    await again.close()
    assert (run.state, run.attempt, run.artifacts) == (State.STOPPED, 1, ())
    assert docker.docker("ps", "--all", "--quiet") == ""


def wait_for_the_end(docker: DockerHost, container: str) -> None:
    while not docker.docker("top", container, "-o", "pid,args").endswith("sleep 86400"):
        time.sleep(0.1)


async def test_its_time_counts_from_its_start_with_no_server_there_too(
    docker: DockerHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = replace(TIGHT, time_s=3)
    what = RunConfiguration("", ("/bin/sh", "-c", "echo up; sleep 1000"), limits=limits)
    folder = tmp_path / "runs"
    ended = []
    for spare_s in (1, 1000):
        monkeypatch.setattr(docker_sandbox, "_SPARE_S", spare_s)
        runner = Runner(folder, DockerBackend(url=docker.url), NoFiles())
        await runner.start()
        run = await runner.submit(ADA, what)
        async for _, pieces in runner.follow(run.id):
            if pieces:
                break
        await runner.close()
        (left,) = docker.docker("ps", "--quiet").split()
        if spare_s == 1:
            wait_for_the_end(docker, left)
        runner = Runner(folder, DockerBackend(url=docker.url), NoFiles())
        await runner.start()
        async for seen, _ in runner.follow(run.id):
            run = seen
        await runner.close()
        ended.append((run.state, run.attempt))
    assert ended == [(State.TIMED_OUT, 1)] * 2
    assert docker.docker("ps", "--all", "--quiet") == ""


async def test_what_printed_too_much_with_no_server_there_begins_again(
    docker: DockerHost, tmp_path: Path
) -> None:
    flood = "echo up; while [ ! -e go ]; do sleep 0.05; done; seq 100000; touch done; sleep 1000"
    what = RunConfiguration("", ("/bin/sh", "-c", flood), limits=TIGHT)
    folder = tmp_path / "runs"
    runner = Runner(folder, DockerBackend(url=docker.url), NoFiles())
    await runner.start()
    run = await runner.submit(ADA, what)
    async for _, pieces in runner.follow(run.id):
        if pieces:
            break
    await runner.close()
    (left,) = docker.docker("ps", "--quiet").split()
    docker.docker("exec", left, "touch", "go")
    docker.docker("exec", left, "sh", "-c", "while [ ! -e done ]; do sleep 0.05; done")
    again = Runner(folder, DockerBackend(url=docker.url), NoFiles())
    await again.start()
    text: list[str] = []
    async for _, pieces in again.follow(run.id):
        text += [piece.text for piece in pieces]
        if text.count("up") == 2:
            break
    assert text == ["up", "The server was started anew. The run begins again.", "up"]
    await again.stop(run.id)
    async for seen, _ in again.follow(run.id):
        run = seen
    await again.close()
    assert (run.state, run.attempt) == (State.STOPPED, 2)
    assert docker.docker("ps", "--all", "--quiet") == ""


async def until_it_gives(runner: Runner, run: Run, wanted: bytes) -> None:
    """Wait until the file that a run serves has a content."""
    loop, got = asyncio.get_running_loop(), b""
    async with asyncio.timeout(30):
        while not got.endswith(wanted):
            await asyncio.sleep(0.05)
            with contextlib.suppress(ConnectionError):
                connection, got = await runner.connect(run.id, 8000), b""
                with connection:
                    await loop.sock_sendall(connection, b"GET /file.txt HTTP/1.0\r\n\r\n")
                    while more := await loop.sock_recv(connection, 1000):
                        got += more


@pytest.fixture(scope="module")
def lasting() -> Iterator[DockerHost]:
    """Give a daemon that keeps its containers while it is started anew."""
    with docker_host({"live-restore": True}) as host:
        yield host


async def test_a_run_outlives_a_daemon_that_is_started_anew(
    lasting: DockerHost, tmp_path: Path
) -> None:
    backend = DockerBackend(url=lasting.url)
    sandbox = await backend.prepare(spec_of("/usr/bin/python3", "main.py"))
    code = """
import os, time
print("up", flush=True)
while not os.path.exists("go"):
    time.sleep(0.05)
print("on", flush=True)
open("made", "w").write("made")
"""
    printed: list[str] = []
    is_up = asyncio.Event()

    def tell(more: list[Piece]) -> None:
        printed.extend(piece.text for piece in more)
        is_up.set()

    execution = Execution(sandbox, TIGHT, tell)
    running = asyncio.create_task(execution.run(archive_of({"main.py": code}), nothing))
    await is_up.wait()
    # In this thread: with the one that starts it, the daemon ends.
    lasting.kill()
    lasting.start()
    await sandbox.update(archive_of({"go": ""}), [])
    ending = await running
    kept = await sandbox.collect(tmp_path / "kept", {}, 1000, lambda path: path == "made")
    await sandbox.release()
    await backend.close()
    assert (ending.exit_code, printed, kept.paths) == (0, ["up", "on"], ["made"])


async def test_a_daemon_that_goes_away_is_told_and_cleaned_up_after(
    lasting: DockerHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_sandbox, "_AWAY_S", 0.5)
    backend = DockerBackend(url=lasting.url)
    sandbox = await backend.prepare(spec_of("sleep", "1000"))
    execution = Execution(sandbox, TIGHT, lambda _: None)

    async def go_away() -> None:
        lasting.kill()

    with pytest.raises(SandboxError, match="Docker went away while it ran"):
        await execution.run(archive_of({}), go_away)
    await sandbox.release()
    lasting.start()
    assert len(lasting.docker("ps", "--quiet").split()) == 1
    another = await backend.prepare(spec_of("true"))
    await another.release()
    await backend.close()
    assert lasting.docker("ps", "--all", "--quiet") == ""
