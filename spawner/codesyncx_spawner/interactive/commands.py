"""What runs in the sandbox of a kernel or a terminal, and how its channels are told. Pure.

The key by which a kernel and the server know each other's messages comes in as a variable, which
the first process writes to a file and forgets: command lines can be read by others on the machine.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: Ports of a kernel's in the network of its own sandbox, and what they are to the server.
PORTS: Mapping[str, int] = {
    "shell_port": 62001,
    "iopub_port": 62002,
    "stdin_port": 62003,
    "control_port": 62004,
    "hb_port": 62005,
}
CONNECTION_FILE = "/tmp/kernel.json"  # noqa: S108 - inside the sandbox

_FOLDER = "CODESYNCX_FOLDER"
_CONNECTION = "CODESYNCX_CONNECTION"
# A folder that nothing was copied from isn't there: then it begins at the top.
_ENTER = f"""
cd -- "./${_FOLDER}" 2>/dev/null
unset {_FOLDER}
"""
_KERNEL = f"""
umask 077
printf %s "${_CONNECTION}" >{CONNECTION_FILE}
umask 022
unset {_CONNECTION}
{_ENTER}
exec "$@"
"""
_TERMINAL = f"""
{_ENTER}
if command -v bash >/dev/null; then exec bash; fi
exec sh
"""


def kernel_command(argv: Sequence[str]) -> tuple[str, ...]:
    """Give the command of a kernel by the `argv` of its kernelspec."""
    filled = (one.replace("{connection_file}", CONNECTION_FILE) for one in argv)
    return ("/bin/sh", "-c", _KERNEL, "kernel", *filled)


def kernel_environment(folder: str, key: bytes, scheme: str) -> dict[str, str]:
    """Give what a kernel begins with."""
    told = {
        "transport": "tcp",
        "ip": "127.0.0.1",
        "key": key.decode(),
        "signature_scheme": scheme,
        **PORTS,
    }
    return {_FOLDER: folder, _CONNECTION: json.dumps(told)}


def outside_connection(sockets: Path, key: bytes, scheme: str) -> dict[str, Any]:
    """Give the connection as the server has it: sockets that `Relay` listens on."""
    return {
        "transport": "ipc",
        "ip": str(sockets),
        "key": key,
        "signature_scheme": scheme,
        **PORTS,
    }


def terminal_command() -> tuple[str, ...]:
    """Give the command of a terminal: a shell, the one that people know if it is there."""
    return ("/bin/sh", "-c", _TERMINAL)


def terminal_environment(folder: str) -> dict[str, str]:
    """Give what a terminal begins with."""
    return {_FOLDER: folder, "PS1": r"sandbox:\w\$ "}
