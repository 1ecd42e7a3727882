"""The same sandboxes with gVisor's kernel between the code and the machine's, where it is."""

from __future__ import annotations

import asyncio
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from codesyncx_spawner.sandbox.docker import DockerBackend
from codesyncx_spawner.states import Ending
from support.docker_host import WITH_GVISOR
from support.sandboxes import BRIEF, Ground

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.docker_host import DockerHost

pytestmark = pytest.mark.skipif(
    shutil.which("runsc") is None, reason="this distribution has no package runsc"
)


@pytest.fixture
def ground(
    docker: DockerHost, tmp_path: Path, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[Ground]:
    backend = DockerBackend(url=docker.url, runtime=WITH_GVISOR)
    yield Ground(backend, tmp_path)
    jp_asyncio_loop.run_until_complete(backend.close())
    assert docker.docker("ps", "--all", "--quiet") == docker.docker("volume", "ls", "-q") == ""


async def test_code_runs_on_another_kernel_and_what_it_writes_comes_back(ground: Ground) -> None:
    result = await ground.run("""
        import os
        print(os.uname().release)
        open("out.txt", "w").write("made")
        raise SystemExit(7)
    """)
    assert result.ending == Ending(7)
    assert result.text.strip() not in {"", os.uname().release}
    assert result.artifacts == {"out.txt": b"made"}


async def test_nothing_of_the_machine_can_be_reached(ground: Ground) -> None:
    result = await ground.run("""
        import os, socket
        for attempt in (
            lambda: socket.create_connection(("169.254.169.254", 80), 2),
            lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
            lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM),
            lambda: os.setuid(0),
            lambda: os.mknod("disk", 0o60600, os.makedev(8, 0)),
            lambda: open("/usr/bin/planted", "w"),
            lambda: os.listdir("/root"),
            lambda: open("/var/run/docker.sock"),
        ):
            try:
                print("did", attempt())
            except OSError:
                print("refused")
    """)
    assert result.text == "refused\n" * 8


async def test_a_memory_bomb_is_ended_and_told(ground: Ground) -> None:
    result = await ground.run("""
        import os
        kept = []
        while True:
            kept.append(os.urandom(1_000_000))
    """)
    assert result.ending.ran_out_of_memory


async def test_a_fork_bomb_ends_at_the_latest_with_its_time(ground: Ground) -> None:
    bomb = """
        import os
        while True:
            try:
                os.fork()
            except OSError:
                pass
    """
    bombed, neighbour = await asyncio.gather(ground.run(bomb, BRIEF), ground.run("print('fine')"))
    assert bombed.ending.was_timed_out or bombed.ending.ran_out_of_memory
    assert (neighbour.ending, neighbour.text) == (Ending(0), "fine\n")
