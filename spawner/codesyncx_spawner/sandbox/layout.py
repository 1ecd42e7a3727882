"""What a sandbox looks like to the code in it, whatever kind it is. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .backend import SandboxSpec

WORK = "/work"
HOME = "/tmp/home"  # noqa: S108 - inside the sandbox
#: Folders that have room of their own: what is in them goes with the sandbox.
WRITABLE = (WORK, "/tmp", "/dev/shm")  # noqa: S108 - inside the sandbox

#: Where the way out is, for a sandbox that has one: see `egress_proxy`.
PROXY_PORT = 3128
_PROXY = {
    **dict.fromkeys(("https_proxy", "HTTPS_PROXY"), f"http://127.0.0.1:{PROXY_PORT}"),
    **dict.fromkeys(("no_proxy", "NO_PROXY"), "localhost,127.0.0.1,::1"),
}


def mark_of(run_id: str) -> str:
    """Give the name of a run's sandbox to this machine, for everybody to see."""
    return f"codesyncx-{run_id}"


def environment(spec: SandboxSpec) -> dict[str, str]:
    """Give the whole environment of a command: nothing of the server's is in it."""
    threads = str(max(1, math.ceil(spec.limits.cpu)))
    return {
        "HOME": HOME,
        "USER": "runner",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PYTHONUNBUFFERED": "1",
        # Numeric libraries start as many threads as the machine has processors.
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        **(_PROXY if spec.network else {}),
        **spec.environment,
    }
