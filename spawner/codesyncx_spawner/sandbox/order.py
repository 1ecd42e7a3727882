"""What a sandbox that stands already is told: what to run, and with which environment. Pure.

It is one line of shell that the sandbox waits for, so that nobody else's eyes fall on it: command
lines and containers' configurations can be seen by many.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ..errors import SandboxError
from .layout import environment

if TYPE_CHECKING:
    from .backend import SandboxSpec

#: Reads the line. A shell's `read` takes byte by byte, and leaves the files that follow.
WAIT = """
nl='
'
IFS= read -r order || exit 125
"""
#: From then on $1 is the folder, the others are the command, and the environment is the command's.
OBEY = """
eval "$order"
"""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def order_line(spec: SandboxSpec) -> bytes:
    """Give the line; SandboxError for what no shell can pass on."""
    variables = environment(spec)
    for name in variables:
        if not _VARIABLE.fullmatch(name):
            raise SandboxError(f"{name!r} can't be the name of a variable in a sandbox.")
    words = (spec.folder or ".", *spec.command)
    exports = " ".join(f"{name}={_quoted(value)}" for name, value in variables.items())
    return os.fsencode(f"export {exports}; set -- {' '.join(map(_quoted, words))}\n")


def _quoted(text: str) -> str:
    """Give one word of shell that says `text`, on one line."""
    if "\0" in text:
        raise SandboxError("No program can be given a zero byte.")
    escaped = text.replace("'", "'\\''").replace("\n", "'\"$nl\"'")
    return f"'{escaped}'"
