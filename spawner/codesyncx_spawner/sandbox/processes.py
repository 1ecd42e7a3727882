"""Looks at processes of this machine by `/proc`. Never blocks for long."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from pathlib import Path

_MAX_PROCESSES = 5000
_START_TIME = 19  # of proc(5)'s fields of `stat` after the name, from 0
_TICKS = os.sysconf("SC_CLK_TCK")


def children_of(pid: int) -> list[int]:
    """Give a process' children."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def family_of(pid: int) -> list[int]:
    """Give a process and all below it."""
    found, waiting = list[int](), [pid]
    while waiting and len(found) < _MAX_PROCESSES:
        one = waiting.pop()
        found.append(one)
        waiting += children_of(one)
    return found


def end_marked(mark: str) -> None:
    """End all processes that have `mark` for an argument."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                held = os.pidfd_open(int(folder.name))
                try:
                    if mark.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                        signal.pidfd_send_signal(held, signal.SIGKILL)
                finally:
                    os.close(held)


def marks(prefix: str) -> set[str]:
    """Give the arguments of all processes that begin so."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                found |= set((folder / "cmdline").read_bytes().split(b"\0"))
    return {os.fsdecode(one) for one in found if one.startswith(os.fsencode(prefix))}


def memory_bytes(pids: list[int]) -> int:
    """Give the memory of these processes, what they share counted once."""
    return sum(_proportional_kib(pid) for pid in pids) * 1024


def _proportional_kib(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0  # it has ended
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return 0 if found is None else int(found[1])


def cpu_seconds(pids: list[int]) -> float:
    """Give the processor time of these processes and of those that ended below them."""
    total = 0
    for pid in pids:
        total += sum(int(ticks) for ticks in _stat(pid)[11:15])
    return total / _TICKS


def started_at(pid: int) -> str | None:
    """Say when a process started, in ticks since the machine did: with its number it is unique."""
    fields = _stat(pid)
    return fields[_START_TIME] if len(fields) > _START_TIME else None


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
