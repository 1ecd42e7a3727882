"""Control groups: the kernel's limits for all processes of a sandbox together, v1 and v2.

A server may make them when it is root or when systemd has delegated its group to it
(`Delegate=yes`); see the kernel's admin-guide/cgroup-v1 and cgroup-v2.
"""

from __future__ import annotations

import contextlib
import errno
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import SandboxError

if TYPE_CHECKING:
    from ..limits import Limits

PREFIX = "codesyncx-"
#: bubblewrap's own processes inside.
_OWN_PIDS = 3
_PERIOD_US = 100_000
_CONTROLLERS = ("cpu", "memory", "pids")


class GroupsRefusedError(SandboxError):
    """Groups can be made here, but nothing may be put into them."""


class Hierarchy(NamedTuple):
    """A mounted tree of groups, and where in it this process may make its own."""

    folder: Path
    controllers: frozenset[str]
    is_v2: bool


def find_hierarchies(mounts: str, groups: str) -> list[Hierarchy]:
    """Find the trees in `/proc/mounts`, and this process' groups in `/proc/self/cgroup`."""
    own = {}
    for line in groups.splitlines():
        _, names, path = line.split(":", 2)
        own.update(dict.fromkeys(names.split(","), path))
    found = []
    for line in mounts.splitlines():
        _, mount, kind, options, *_ = line.split(" ")
        if kind == "cgroup2":
            found += _of_v2(Path(mount), own.get("", "/"))
        elif kind == "cgroup":
            controllers = frozenset(options.split(",")) & {*_CONTROLLERS, "cpuacct"}
            path = own.get(next(iter(controllers), ""), "/")
            inside = Path(mount + path)
            if controllers:
                folder = inside if inside.is_dir() else Path(mount)
                found.append(Hierarchy(folder, controllers, is_v2=False))
    return found


def _of_v2(mount: Path, path: str) -> list[Hierarchy]:
    """Find the closest group whose children can have limits: one with processes can't."""
    own = Path(f"{mount}{path}") if path != "/" else mount
    for folder in (own, own.parent):
        if not folder.is_relative_to(mount):
            continue
        with contextlib.suppress(OSError):
            offered = set((folder / "cgroup.controllers").read_text().split())
            wanted = offered & set(_CONTROLLERS)
            enabled = set((folder / "cgroup.subtree_control").read_text().split())
            if missing := wanted - enabled:
                change = " ".join(f"+{name}" for name in sorted(missing))
                (folder / "cgroup.subtree_control").write_text(change)
            if wanted:
                return [Hierarchy(folder, frozenset(wanted), is_v2=True)]
    return []


def names_of_groups(hierarchies: list[Hierarchy]) -> set[str]:
    """Give the names of all sandboxes' groups that there are, with `PREFIX`."""
    return {one.name for tree in hierarchies for one in tree.folder.glob(f"{PREFIX}*")}


class ControlGroup:
    """The groups of one sandbox, one in each tree."""

    def __init__(self, run_id: str, hierarchies: list[Hierarchy]) -> None:
        self._name = f"{PREFIX}{run_id}"
        self._hierarchies = hierarchies
        self._made: list[Hierarchy] = []
        self.enforced: frozenset[str] = frozenset()
        """Of cpu, memory and pids, what the kernel limits for all processes together."""

    def make(self, limits: Limits) -> None:
        """Make the groups, as far as this server may."""
        for hierarchy in self._hierarchies:
            group = hierarchy.folder / self._name
            try:
                group.mkdir()
                self._made.append(hierarchy)
                write = _write_v2 if hierarchy.is_v2 else _write_v1
                for controller in sorted(hierarchy.controllers):
                    write(group, controller, limits)
                    self.enforced |= {controller}
            except OSError:
                continue  # not ours to make: then it isn't in `enforced`
        self.enforced &= set(_CONTROLLERS)

    def place(self, pid: int) -> None:
        """Put a process, and all that it will start, into the groups.

        GroupsRefusedError if this server may make groups and not use them, OSError if the process
        has ended.
        """
        for hierarchy in self._made:
            group = hierarchy.folder / self._name
            try:
                (group / "cgroup.procs").write_text(str(pid))
            except PermissionError as error:
                raise GroupsRefusedError(f"Nothing may be put into {group}.") from error

    def cpu_s(self) -> float | None:
        """Give the processor time of all of its processes."""
        if (stat := self._read("cpu", "cpu.stat")) is not None and "usage_usec" in stat:
            return int(stat.split("usage_usec", 1)[1].split()[0]) / 1e6
        usage = self._read("cpuacct", "cpuacct.usage")
        return None if usage is None else int(usage) / 1e9

    def peak_memory_bytes(self) -> int | None:
        """Give the most memory that its processes and files had at one time."""
        peak = self._read("memory", "memory.peak") or self._read(
            "memory", "memory.max_usage_in_bytes"
        )
        return None if peak is None else int(peak)

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel has ended any of its processes for want of memory."""
        for file in ("memory.events", "memory.oom_control"):
            for line in (self._read("memory", file) or "").splitlines():
                name, _, count = line.partition(" ")
                if name == "oom_kill" and int(count):
                    return True
        return False

    def remove(self, patience_s: float = 2.0) -> None:
        """Remove the groups; blocks for a moment if a process in them is still ending."""
        until = time.monotonic() + patience_s
        for hierarchy in self._hierarchies:
            while True:
                try:
                    (hierarchy.folder / self._name).rmdir()
                except FileNotFoundError:
                    break
                except OSError as error:
                    if error.errno != errno.EBUSY or time.monotonic() > until:
                        break
                    time.sleep(0.01)
                else:
                    break
        self._made = []

    def processes(self) -> set[int]:
        """Give all processes that are in the groups."""
        found: set[int] = set()
        for hierarchy in self._hierarchies:
            with contextlib.suppress(OSError):
                listed = (hierarchy.folder / self._name / "cgroup.procs").read_text()
                found.update(int(pid) for pid in listed.split())
        return found

    def _read(self, controller: str, file: str) -> str | None:
        for hierarchy in self._made:
            if controller in hierarchy.controllers:
                with contextlib.suppress(OSError):
                    return (hierarchy.folder / self._name / file).read_text()
        return None


def _write_v1(group: Path, controller: str, limits: Limits) -> None:
    if controller == "cpu":
        (group / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(int(limits.cpu * _PERIOD_US)))
    elif controller == "memory":
        (group / "memory.limit_in_bytes").write_text(str(limits.memory_bytes))
        with contextlib.suppress(OSError):  # kernels without swap accounting
            (group / "memory.memsw.limit_in_bytes").write_text(str(limits.memory_bytes))
    elif controller == "pids":
        (group / "pids.max").write_text(str(limits.pids + _OWN_PIDS))


def _write_v2(group: Path, controller: str, limits: Limits) -> None:
    if controller == "cpu":
        (group / "cpu.max").write_text(f"{int(limits.cpu * _PERIOD_US)} {_PERIOD_US}")
    elif controller == "memory":
        (group / "memory.max").write_text(str(limits.memory_bytes))
        with contextlib.suppress(OSError):
            (group / "memory.swap.max").write_text("0")
    elif controller == "pids":
        (group / "pids.max").write_text(str(limits.pids + _OWN_PIDS))
