"""What is bubblewrap's own: what it needs, and what is said where it can't be had."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from codesyncx_spawner.errors import NoSandboxError
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.sandbox import bubblewrap, processes
from codesyncx_spawner.sandbox.backend import SandboxSpec
from codesyncx_spawner.sandbox.bubblewrap import BubblewrapBackend
from codesyncx_spawner.sandbox.cgroups import ControlGroup, GroupsRefusedError, Hierarchy

if TYPE_CHECKING:
    from collections.abc import Iterator


async def test_a_server_without_bubblewrap_says_what_to_install() -> None:
    with pytest.raises(NoSandboxError, match="apt install bubblewrap"):
        await BubblewrapBackend(program="no-such-bwrap").check()


async def test_a_program_too_old_is_refused(tmp_path: Path) -> None:
    false = tmp_path / "bwrap"
    false.write_text("#!/bin/sh\necho bubblewrap 0.4.1\n")
    false.chmod(0o755)
    with pytest.raises(NoSandboxError, match=r"needs bubblewrap 0\.8 or newer; .* 0\.4\.1"):
        await BubblewrapBackend(program=str(false)).check()


@pytest.fixture
def refused_bwrap() -> Iterator[str]:
    """Give a bubblewrap whose kernel allows it nothing."""
    # Not in pytest's own folder, which is for this user alone.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        program = Path(folder, "bwrap")
        program.write_text(
            '#!/bin/sh\n[ "$1" = --version ] && { echo bubblewrap 0.9.0; exit; }\n'
            "echo 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
        )
        program.chmod(0o755)
        yield str(program)


async def test_a_machine_that_allows_no_sandboxes_is_told_of(refused_bwrap: str) -> None:
    with pytest.raises(NoSandboxError, match="No permissions to create new namespace"):
        await BubblewrapBackend(program=refused_bwrap).check()


async def test_a_server_that_may_put_nothing_into_groups_does_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(group: ControlGroup, _pid: int) -> None:
        if group.enforced:
            raise GroupsRefusedError("Nothing may be put there.")

    groups = Hierarchy(tmp_path, frozenset({"memory"}), is_v2=True)
    monkeypatch.setattr(bubblewrap, "find_hierarchies", lambda *_: [groups])
    monkeypatch.setattr(ControlGroup, "place", refuse)
    backend = BubblewrapBackend()
    await backend.check()
    assert not backend.makes_groups


async def test_one_that_is_given_up_while_it_is_made_is_gone_at_once() -> None:
    backend = BubblewrapBackend()
    await backend.check()
    run_id = secrets.token_hex(8)
    for number in range(60):
        spec = SandboxSpec(f"{run_id}.{number}", "true", Limits())
        making = asyncio.create_task(backend.prepare(spec))
        await asyncio.sleep(number / 3_000)
        making.cancel()
        async with asyncio.timeout(20):
            await asyncio.wait({making})
        if not making.cancelled():
            await making.result().release()
    assert await asyncio.to_thread(left_of, run_id) == []


def left_of(run_id: str) -> list[str]:
    """Give the processes and control groups that a run's sandboxes have left."""
    groups = [str(found) for found in Path("/sys/fs/cgroup").glob(f"**/*{run_id}*")]
    return groups + [mark for mark in processes.marks("codesyncx-") if run_id in mark]
