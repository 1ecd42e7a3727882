from __future__ import annotations

from typing import TYPE_CHECKING

from codesyncx_spawner.limits import Limits
from codesyncx_spawner.sandbox.cgroups import ControlGroup, Hierarchy, find_hierarchies

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = Limits(cpu=1.5, memory_bytes=100_000_000, pids=20)


def delegated(mount: Path, group: str, offered: str, enabled: str) -> Path:
    folder = mount / group
    folder.mkdir(parents=True)
    (folder / "cgroup.controllers").write_text(offered)
    (folder / "cgroup.subtree_control").write_text(enabled)
    return folder


def test_the_second_version_is_used_where_it_has_been_delegated(tmp_path: Path) -> None:
    folder = delegated(tmp_path, "user.slice/jupyter.service", "cpu io memory pids", "cpu")
    (found,) = find_hierarchies(
        f"cgroup2 {tmp_path} cgroup2 rw,nosuid 0 0\n", "0::/user.slice/jupyter.service\n"
    )
    assert found == Hierarchy(folder, frozenset({"cpu", "memory", "pids"}), is_v2=True)
    assert (folder / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_a_group_that_offers_nothing_is_not_used(tmp_path: Path) -> None:
    delegated(tmp_path, "x", "", "")
    assert find_hierarchies(f"cgroup2 {tmp_path} cgroup2 rw 0 0\n", "0::/x\n") == []


def test_the_first_version_is_used_as_it_is_mounted(tmp_path: Path) -> None:
    (tmp_path / "cpu" / "own").mkdir(parents=True)
    (tmp_path / "memory").mkdir()
    mounts = (
        f"cgroup {tmp_path}/cpu cgroup rw,cpu,cpuacct 0 0\n"
        f"cgroup {tmp_path}/memory cgroup rw,memory 0 0\n"
        f"cgroup {tmp_path}/freezer cgroup rw,freezer 0 0\n"
    )
    # What a container is in may be a path that its mounts don't show.
    groups = "4:memory:/elsewhere\n3:cpu,cpuacct:/own\n2:freezer:/\n"
    assert find_hierarchies(mounts, groups) == [
        Hierarchy(tmp_path / "cpu" / "own", frozenset({"cpu", "cpuacct"}), is_v2=False),
        Hierarchy(tmp_path / "memory", frozenset({"memory"}), is_v2=False),
    ]


def test_limits_are_written_as_the_second_version_has_them(tmp_path: Path) -> None:
    every = frozenset({"cpu", "memory", "pids"})
    group = ControlGroup("r1", [Hierarchy(tmp_path, every, is_v2=True)])
    group.make(LIMITS)
    made = tmp_path / "codesyncx-r1"
    assert group.enforced == every
    assert (made / "cpu.max").read_text() == "150000 100000"
    assert (made / "memory.max").read_text() == "100000000"
    assert (made / "pids.max").read_text() == "23"
    (made / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    (made / "memory.peak").write_text("4096\n")
    (made / "memory.events").write_text("low 0\noom 0\noom_kill 0\n")
    assert (group.cpu_s(), group.peak_memory_bytes()) == (1.5, 4096)
    assert not group.ran_out_of_memory()
    (made / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
    assert group.ran_out_of_memory()


def test_a_server_that_may_make_no_groups_knows_that_it_enforces_nothing(tmp_path: Path) -> None:
    missing = Hierarchy(tmp_path / "gone", frozenset({"memory"}), is_v2=False)
    group = ControlGroup("r1", [missing])
    group.make(LIMITS)
    assert group.enforced == frozenset()
    assert (group.cpu_s(), group.peak_memory_bytes()) == (None, None)
    group.remove()
