"""Sandboxes that stand ready: used by one run, made anew, and gone with the server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from codesyncx_spawner.errors import SandboxError
from codesyncx_spawner.sandbox import warm
from codesyncx_spawner.sandbox.backend import SandboxSpec
from codesyncx_spawner.sandbox.bubblewrap import BubblewrapBackend
from codesyncx_spawner.sandbox.docker import DockerBackend
from codesyncx_spawner.sandbox.warm import WarmBackend
from support.sandboxes import TIGHT, Ground, archive_of, processes_with

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from codesyncx_spawner.sandbox.backend import Sandbox, SandboxBackend
    from codesyncx_spawner.sandbox.bubblewrap_sandbox import BubblewrapSandbox
    from support.docker_host import DockerHost

PATIENCE_S = 60.0
MARK = f"codesyncx-warm-{os.getpid()}."


@pytest.fixture(params=["bubblewrap", "docker"])
def make_backend(request: pytest.FixtureRequest) -> Callable[[], SandboxBackend]:
    if request.param == "bubblewrap":
        return BubblewrapBackend
    host = request.getfixturevalue("docker")
    return lambda: DockerBackend(url=host.url)


@contextlib.asynccontextmanager
async def opened(backend: SandboxBackend, size: int = 1) -> AsyncIterator[WarmBackend]:
    made = WarmBackend(backend, size, TIGHT)
    try:
        await made.check()
        await until_ready(made, size)
        yield made
    finally:
        await made.close()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.02)


async def until_ready(backend: WarmBackend, count: int = 1) -> None:
    await until(lambda: len(backend.ready) == count)


def spec_of(*command: str) -> SandboxSpec:
    return SandboxSpec(f"{os.getpid()}-{secrets.token_hex(4)}", command, TIGHT, is_kept=True)


async def printed_by(sandbox: Sandbox, files: dict[str, str] | None = None) -> str:
    """Run it to the end and release it."""
    try:
        await sandbox.start(archive_of(files or {}))
        text = b"".join([chunk async for chunk in sandbox.logs()])
        await sandbox.wait()
    finally:
        await sandbox.release()
    return text.decode()


async def test_a_run_gets_one_that_stood_before_it_came(
    make_backend: Callable[[], SandboxBackend],
) -> None:
    async with opened(make_backend()) as backend:
        spec = spec_of("/bin/sh", "-c", "cat a.txt")
        sandbox = await backend.prepare(spec)
        assert spec.run_id not in sandbox.handle  # it had its name already
        assert await printed_by(sandbox, {"a.txt": "hello"}) == "hello"


async def test_nothing_of_one_run_is_there_for_the_next(
    make_backend: Callable[[], SandboxBackend],
) -> None:
    handles, found = set(), []
    async with opened(make_backend()) as backend:
        for _ in range(3):
            await until_ready(backend)
            look = "cat /work/* ~/* 2>/dev/null; echo left | tee /work/a >~/b"
            sandbox = await backend.prepare(spec_of("/bin/sh", "-c", look))
            handles.add(sandbox.handle)
            found.append(await printed_by(sandbox))
    assert len(handles) == 3
    assert found == [""] * 3


async def test_runs_at_once_never_share_one() -> None:
    async with opened(BubblewrapBackend(), 2) as backend:
        sandboxes = await asyncio.gather(*(backend.prepare(spec_of("true")) for _ in range(5)))
        assert len({one.handle for one in sandboxes}) == 5
        for one in sandboxes:
            await one.release()


async def test_other_limits_are_had_by_one_that_is_made_for_them() -> None:
    async with opened(BubblewrapBackend()) as backend:
        roomy = replace(TIGHT, disk_bytes=64 * 1024 * 1024)
        look = ("/bin/sh", "-c", "df -k --output=size /work | tail -1")
        sandbox = await backend.prepare(replace(spec_of(*look), limits=roomy))
        assert (await printed_by(sandbox)).strip() == "65536"
        await until(lambda: [kind.limits for kind in backend.ready] == [roomy])  # for the next run


async def test_one_that_has_ended_is_not_given_out() -> None:
    async with opened(BubblewrapBackend()) as backend:
        (pid,) = (pid for pid in processes_with(MARK) if not children(pid))
        os.kill(pid, 9)
        await until_ready(backend, 0)
        assert await printed_by(await backend.prepare(spec_of("echo", "hello"))) == "hello\n"
        await until_ready(backend)


async def test_old_ones_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "_MOST_AGE_S", 0.3)
    async with opened(BubblewrapBackend()):
        old = set(processes_with(MARK))
        await until(lambda: bool(now := set(processes_with(MARK))) and not now & old)
    assert processes_with(MARK) == []


async def test_one_that_cannot_be_made_hinders_nobody() -> None:
    class Failing(BubblewrapBackend):
        async def stand(self, *_: object) -> BubblewrapSandbox:
            raise SandboxError("no room")

        async def prepare(self, spec: SandboxSpec) -> BubblewrapSandbox:
            return await super().stand(spec, 0)

    backend = WarmBackend(Failing(), 1, TIGHT)
    await backend.check()
    assert await printed_by(await backend.prepare(spec_of("echo", "hello"))) == "hello\n"
    await backend.close()


async def test_hostile_code_in_one_meets_its_limits(
    make_backend: Callable[[], SandboxBackend], tmp_path: Path
) -> None:
    async with opened(make_backend()) as backend:
        result = await Ground(backend, tmp_path).run("x = bytearray(10**9)")
        assert result.ending.ran_out_of_memory or result.ending.exit_code


SERVER = """
import asyncio, sys
from codesyncx_spawner.sandbox.bubblewrap import BubblewrapBackend
from codesyncx_spawner.sandbox.docker import DockerBackend
from codesyncx_spawner.sandbox.warm import WarmBackend
from support.sandboxes import TIGHT

async def main():
    url = sys.argv[1]
    backend = WarmBackend(DockerBackend(url=url) if url else BubblewrapBackend(), 2, TIGHT)
    await backend.check()
    while len(backend.ready) < 2:
        await asyncio.sleep(0.02)
    print("ready", flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


def kill_a_server(url: str = "") -> int:
    """Have a server of its own make two ready, and kill it; give its number."""
    support = str(Path(__file__).parents[1])
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, url],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": support},
    )
    with server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        server.kill()
    return server.pid


async def test_a_killed_server_leaves_none_by_bubblewrap() -> None:
    pid = kill_a_server()
    mark = f"codesyncx-warm-{pid}."
    await until(lambda: not processes_with(mark))
    await BubblewrapBackend().check()
    assert groups_of(mark) == []


async def test_a_killed_server_leaves_none_by_docker(docker: DockerHost) -> None:
    kill_a_server(docker.url)
    await until(lambda: not docker.docker("ps", "--quiet"))  # they end by themselves
    backend = DockerBackend(url=docker.url)
    await backend.check()
    await backend.close()
    assert docker.docker("ps", "--all", "--quiet") == docker.docker("volume", "ls", "-q") == ""


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def groups_of(mark: str) -> list[Path]:
    return list(Path("/sys/fs/cgroup").rglob(f"{mark}*"))
