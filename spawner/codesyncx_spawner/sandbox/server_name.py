"""The name of this server's process, by which what it has left is known to the next one."""

from __future__ import annotations

import os
import secrets
import socket

from . import processes

_WARM = "warm-"


def this_process() -> str:
    """Give a name that no other process of this machine ever has."""
    pid = os.getpid()
    return f"{pid}.{processes.started_at(pid)}"


def is_gone(process: str) -> bool:
    """Whether `this_process` was called in one that isn't there any more."""
    pid, _, started_at = process.partition(".")
    return pid.isdigit() and processes.started_at(int(pid)) != started_at


def this_server() -> str:
    """Give a name that no other process has, of this machine or another one."""
    return f"{socket.gethostname()} {this_process()}"


def is_orphaned(server: str) -> bool:
    """Whether `this_server` was called on this machine, in a process that isn't there any more."""
    host, _, process = server.partition(" ")
    return host == socket.gethostname() and is_gone(process)


def name_waiting() -> str:
    """Name a sandbox that waits for a run of this server's."""
    return f"{_WARM}{this_process()}-{secrets.token_hex(4)}"


def is_left(name: str) -> bool:
    """Whether a sandbox waited for a run of a server that is gone."""
    server = name.removeprefix(_WARM).rpartition("-")[0]
    return name.startswith(_WARM) and is_gone(server)
