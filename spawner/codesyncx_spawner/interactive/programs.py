"""How the program of a kernelspec can be had in a sandbox. Looks at the disk, changes nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHARED = ("bin", "lib", "lib64", "pyvenv.cfg")
_MODULE = "-m"
_PYTHONS = frozenset({"python", "python3", f"python3.{sys.version_info[1]}"})


class Program(NamedTuple):
    """A kernel's command, and the folders of this machine that it needs."""

    argv: tuple[str, ...]
    read_only: tuple[str, ...] = ()

    def trial(self) -> tuple[str, ...]:
        """Give a command that succeeds where this program would start."""
        if len(self.argv) > 2 and self.argv[1] == _MODULE:  # noqa: PLR2004 - program, -m, module
            look = "import importlib.util as u, sys; sys.exit(u.find_spec(sys.argv[1]) is None)"
            return (self.argv[0], "-c", look, self.argv[2])
        return ("/bin/sh", "-c", 'command -v -- "$0" >/dev/null', self.argv[0])


def programs_for(argv: Sequence[str], *, share_environment: bool) -> list[Program]:
    """Give the ways to start a kernel, the best first.

    That is its own program, with the Python environment that it is in; or else, for kernels that
    are a module of Python, whatever `python3` the sandbox has.
    """
    if not argv:
        return []
    # As jupyter_client takes them: the environment that JupyterLab runs in.
    first = sys.executable if argv[0] in _PYTHONS else argv[0]
    own = Program((first, *argv[1:]), environment_of(first) if share_environment else ())
    found = [own]
    if len(argv) > 1 and argv[1] == _MODULE:
        found.append(Program(("python3", *argv[1:])))
    return found


def environment_of(program: str) -> tuple[str, ...]:
    """Give the folders of the Python environments that a program is in: no settings, no data.

    What is in `/usr` is in every sandbox already.
    """
    path = Path(program)
    if not path.is_absolute():
        return ()
    shared: dict[str, None] = {}
    for place in (path, path.resolve()):
        prefix = place.parent.parent
        if _is_environment(prefix) and not prefix.is_relative_to("/usr"):
            parts = (prefix / name for name in _SHARED)
            shared.update(dict.fromkeys(str(part) for part in parts if part.exists()))
    return tuple(shared)


def _is_environment(prefix: Path) -> bool:
    """Whether a folder is a Python's, virtual or not; somebody's home with a `bin` in it isn't."""
    try:
        return (prefix / "pyvenv.cfg").is_file() or any(prefix.glob("lib/python3*/os.py"))
    except OSError:
        return False
