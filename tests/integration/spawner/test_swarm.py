"""Sandboxes by a Docker swarm: a real one, of two nodes."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from typing import TYPE_CHECKING, Any

import pytest
from codesyncx_spawner.egress import expand
from codesyncx_spawner.errors import NoSandboxError, OverLimitError, SandboxError
from codesyncx_spawner.sandbox import swarm as swarm_backend
from codesyncx_spawner.sandbox.backend import SandboxSpec
from codesyncx_spawner.sandbox.first_choice import FirstChoiceBackend
from codesyncx_spawner.sandbox.swarm import SwarmBackend
from codesyncx_spawner.states import Ending
from support.sandboxes import TIGHT, Ground, archive_of
from support.swarm import docker_swarm
from traitlets.config import Config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from codesyncx_spawner.sandbox.swarm_sandbox import SwarmSandbox
    from support.docker_host import DockerHost
    from support.swarm import Swarm


@pytest.fixture
def backend(swarm: Swarm, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[SwarmBackend]:
    backend = SwarmBackend(url=swarm.manager.url, nodes=swarm.nodes, start_timeout_s=60)
    yield backend
    jp_asyncio_loop.run_until_complete(backend.close())
    assert swarm.left() == []


def spec_of(*command: str, **options: Any) -> SandboxSpec:
    return SandboxSpec(secrets.token_hex(8), command, TIGHT, **options)


@contextlib.asynccontextmanager
async def started(backend: SwarmBackend, code: str) -> AsyncIterator[SwarmSandbox]:
    sandbox = await backend.prepare(spec_of("/usr/bin/python3", "main.py"))
    try:
        await sandbox.start(archive_of({"main.py": code}))
        yield sandbox
    finally:
        await sandbox.kill(0)
        await sandbox.release()


async def until_printed(sandbox: SwarmSandbox, wanted: bytes) -> None:
    printed = b""
    async for chunk in sandbox.logs():
        printed += chunk
        if wanted in printed:
            return
    raise AssertionError(printed)


SLEEPS = "import time; print('up', flush=True); time.sleep(1000)"


async def test_runs_are_on_both_nodes_and_what_they_write_comes_back(
    backend: SwarmBackend, tmp_path: Path
) -> None:
    code = "open('out.txt', 'w').write('made'); print('hello')"
    for name in ("manager", "worker"):
        backend.constraints = [f"node.hostname=={name}"]
        result = await Ground(backend, tmp_path).run(code)
        assert (result.ending, result.text) == (Ending(0), "hello\n")
        assert result.artifacts == {"out.txt": b"made"}


async def test_it_is_chosen_by_its_name(swarm: Swarm, tmp_path: Path) -> None:
    config = Config()
    config.FirstChoiceBackend.order = ["swarm"]
    config.SwarmBackend.url = swarm.manager.url
    backend = FirstChoiceBackend(config=config)
    result = await Ground(backend, tmp_path).run("print('in a task')")
    await backend.close()
    assert result.text == "in a task\n"


async def test_a_daemon_that_is_in_no_swarm_is_refused(docker: DockerHost) -> None:
    backend = SwarmBackend(url=docker.url)
    with pytest.raises(NoSandboxError, match="no manager of a swarm"):
        await backend.check()
    await backend.close()


async def test_a_server_without_docker_is_refused(tmp_path: Path) -> None:
    backend = SwarmBackend(url=f"unix://{tmp_path}/none")
    with pytest.raises(NoSandboxError, match="needs a manager that this server can reach"):
        await backend.check()
    await backend.close()


async def test_a_daemon_without_tls_is_refused() -> None:
    backend = SwarmBackend(url="tcp://127.0.0.1:2375")
    with pytest.raises(NoSandboxError, match=r"set SwarmBackend\.certificates"):
        await backend.check()


async def test_a_node_that_is_not_there_is_named(swarm: Swarm) -> None:
    backend = SwarmBackend(url=swarm.manager.url, nodes={"absent": swarm.worker.url})
    with pytest.raises(NoSandboxError, match="the swarm has no node 'absent'"):
        await backend.check()
    await backend.close()


@pytest.mark.parametrize("options", [{"has_terminal": True}, {"is_interactive": True}])
async def test_kernels_and_terminals_are_refused(options: dict[str, bool]) -> None:
    with pytest.raises(NoSandboxError, match="no kernels and terminals"):
        await SwarmBackend().prepare(spec_of("true", **options))


async def test_hosts_and_other_images_are_refused() -> None:
    with pytest.raises(OverLimitError, match="reach no hosts"):
        await SwarmBackend().prepare(spec_of("true", network=expand(["pypi.org"])))
    with pytest.raises(OverLimitError, match="'evil/image' may not be used"):
        await SwarmBackend().prepare(spec_of("true", image="evil/image"))


async def test_a_sandbox_that_no_node_has_room_for_says_so(backend: SwarmBackend) -> None:
    await backend.check()
    backend.start_timeout_s = 2
    backend.constraints = ["node.labels.sandboxes==yes"]
    with pytest.raises(SandboxError, match=r"within 2 s\. no suitable node"):
        await backend.prepare(spec_of("true"))


async def test_an_image_that_no_node_has_says_so(backend: SwarmBackend) -> None:
    backend.images = ["127.0.0.1:1/*"]
    with pytest.raises(SandboxError, match="can't start the sandbox: No such image"):
        await backend.prepare(spec_of("true", image="127.0.0.1:1/absent:1"))


async def test_the_environment_is_in_no_service_and_no_container(
    swarm: Swarm, backend: SwarmBackend
) -> None:
    command = ("/bin/sh", "-c", 'echo "$TOKEN"; sleep 1000')
    sandbox = await backend.prepare(spec_of(*command, environment={"TOKEN": "$ecret"}))
    await sandbox.start(archive_of({}))
    await until_printed(sandbox, b"$ecret\n")
    (service,) = swarm.manager.docker("service", "ls", "--quiet").split()
    told = swarm.manager.docker("service", "inspect", service)
    for host in swarm.hosts.values():
        for container in host.docker("ps", "--quiet").split():
            told += host.docker("inspect", container)
    await sandbox.kill(0)
    await sandbox.release()
    assert "TOKEN" not in told


async def test_what_it_serves_is_reached_and_edits_come_in(backend: SwarmBackend) -> None:
    code = """
import os, socket, time
with socket.create_server(("127.0.0.1", 8000)) as server:
    print("up", flush=True)
    while not os.path.exists("new"):
        time.sleep(0.01)
    print("edited", flush=True)
    connection = server.accept()[0]
    connection.sendall(connection.recv(10) * 2)
"""
    async with started(backend, code) as sandbox:
        await until_printed(sandbox, b"up")
        await sandbox.update(archive_of({"new": ""}), [])
        await until_printed(sandbox, b"edited")
        loop = asyncio.get_running_loop()
        with await sandbox.connect(8000) as connection:
            await loop.sock_sendall(connection, b"hello")
            assert await loop.sock_recv(connection, 100) == b"hellohello"


GOES_ON = """
import os, time
print("up", flush=True)
while not os.path.exists("go"):
    time.sleep(0.05)
print("on", flush=True)
"""


async def test_a_run_on_a_node_that_is_drained_goes_on_to_its_end() -> None:
    # A swarm of its own, for one that gives the node work again may begin what it had once more.
    with docker_swarm() as swarm:
        backend = SwarmBackend(url=swarm.manager.url, nodes=swarm.nodes)
        backend.constraints = ["node.hostname==worker"]
        async with started(backend, GOES_ON) as sandbox:
            await until_printed(sandbox, b"up")
            swarm.manager.docker("node", "update", "--availability", "drain", "worker")
            backend.start_timeout_s = 1
            with pytest.raises(SandboxError, match="no suitable node"):
                await backend.prepare(spec_of("true"))
            await sandbox.update(archive_of({"go": ""}), [])
            await until_printed(sandbox, b"on")
            assert await sandbox.wait() == Ending(0)
        await backend.close()
        assert swarm.left() == []


async def test_a_service_that_somebody_takes_away_ends_the_run(
    swarm: Swarm, backend: SwarmBackend
) -> None:
    async with started(backend, SLEEPS) as sandbox:
        await until_printed(sandbox, b"up")
        (service,) = swarm.manager.docker("service", "ls", "--quiet").split()
        swarm.manager.docker("service", "rm", service)
        for host in swarm.hosts.values():
            if containers := host.docker("ps", "--quiet").split():
                host.docker("rm", "--force", *containers)
        with pytest.raises(SandboxError, match="took the sandbox away while it ran"):
            await sandbox.wait()


async def test_what_a_server_left_that_is_gone_is_swept_up(
    swarm: Swarm, backend: SwarmBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        name = f"{socket.gethostname()} 4194305.1"
        patch.setattr(swarm_backend, "this_server", lambda: name)
        gone = await backend.prepare(spec_of("true"))
    another = await backend.prepare(spec_of("true"))
    await gone.leave()
    await another.leave()
    await backend.close()
    await backend.check()
    assert len(swarm.manager.docker("service", "ls", "--quiet").split()) == 1
    await backend.reap(another._spec.run_id, another.handle)
