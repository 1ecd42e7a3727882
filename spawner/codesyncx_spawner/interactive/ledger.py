"""Which sandboxes a server has, on the disk: the next one ends those of a server that was killed.

Blocks for moments: for a thread.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK = "lock"
_SOCKETS = "sockets"
_SOCKETS_PREFIX = "codesyncx-"
_PRIVATE = 0o700


class Left(NamedTuple):
    """A sandbox of a server that is gone; the handle is empty if it was killed before it had it."""

    sandbox_id: str
    handle: str


class Ledger:
    """The entries of one server, which holds them locked while it lives."""

    def __init__(self, folder: Path) -> None:
        """Take the folder that the servers of this project share."""
        self._folder = folder
        self._own = folder / secrets.token_hex(8)
        self._own.mkdir(mode=_PRIVATE, parents=True)
        self._lock = (self._own / _LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Their paths must be short, which those of a project's data needn't be.
        self.sockets = Path(tempfile.gettempdir()) / f"{_SOCKETS_PREFIX}{secrets.token_hex(8)}"
        (self._own / _SOCKETS).write_text(str(self.sockets))
        self.sockets.mkdir(mode=_PRIVATE)

    def note(self, sandbox_id: str, handle: str = "") -> None:
        """Write a sandbox down, before it is made and when its handle is known."""
        (self._own / f"{sandbox_id}.json").write_text(json.dumps(handle))

    def forget(self, sandbox_id: str) -> None:
        """Strike out a sandbox that is gone."""
        (self._own / f"{sandbox_id}.json").unlink(missing_ok=True)

    def left(self) -> Iterator[Left]:
        """Give what servers that are gone have left, each to be ended before the next is asked for.

        Those that live hold their entries locked.
        """
        for folder in self._folder.iterdir():
            if folder == self._own:
                continue
            with contextlib.suppress(OSError), (folder / _LOCK).open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for entry in folder.glob("*.json"):
                    yield Left(entry.stem, _handle_in(entry))
                _remove_sockets(folder / _SOCKETS)
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.sockets, ignore_errors=True)
        shutil.rmtree(self._own, ignore_errors=True)
        self._lock.close()


def _handle_in(entry: Path) -> str:
    try:
        return str(json.loads(entry.read_text()))
    except (OSError, ValueError):
        return ""


def _remove_sockets(told: Path) -> None:
    with contextlib.suppress(OSError):
        folder = Path(told.read_text())
        if folder.name.startswith(_SOCKETS_PREFIX) and folder.parent == Path(tempfile.gettempdir()):
            shutil.rmtree(folder, ignore_errors=True)
