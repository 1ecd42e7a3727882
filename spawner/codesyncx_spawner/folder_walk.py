"""Walks a folder that somebody hostile may have made: by descriptors, never through a link.

Blocks: for a thread of its own.
"""

from __future__ import annotations

import contextlib
import os
import stat
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from codesyncx_server.access.model import clean_path
from codesyncx_server.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Every level holds a descriptor open.
MAX_DEPTH = 40
MAX_ENTRIES = 500_000


class Kind(StrEnum):
    """What is at a path."""

    FILE = "file"
    LINK = "link"
    OTHER = "other"
    """A device, a pipe, a socket; or a file whose name no path may hold."""
    DEEP = "deep"
    """A folder so deep that it isn't looked into."""


class Found(NamedTuple):
    """Something that isn't a folder; its own folder is open until the next is asked for."""

    path: str
    kind: Kind
    size: int
    mtime_ns: int
    is_executable: bool
    target: str
    folder: int
    name: str

    def open(self) -> int:
        """Open the file itself; OSError if something else has taken its place."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        opened = os.open(self.name, flags, dir_fd=self.folder)
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            raise OSError(f"{self.path} is no file any more")
        return opened


def walk(folder: int, passed_over: Callable[[str], bool] = lambda _: False) -> Iterator[Found]:
    """Give all that is in an open folder and below, but for names that are passed over."""
    left = MAX_ENTRIES
    for found in _walk(folder, "", 0, passed_over):
        left -= 1
        if left < 0:
            return
        yield found


def _walk(
    folder: int, above: str, depth: int, passed_over: Callable[[str], bool]
) -> Iterator[Found]:
    for name in sorted(os.listdir(folder)):
        if passed_over(name):
            continue
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            continue
        path = f"{above}{name}"
        if not stat.S_ISDIR(status.st_mode):
            yield _found(path, status, folder, name)
        elif depth >= MAX_DEPTH or not is_path(path):
            yield Found(path, Kind.DEEP, 0, 0, is_executable=False, target="", folder=-1, name=name)
        else:
            yield from _walk_into(folder, name, path, depth, passed_over)


def _walk_into(
    folder: int, name: str, path: str, depth: int, passed_over: Callable[[str], bool]
) -> Iterator[Found]:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        inner = os.open(name, flags, dir_fd=folder)
    except OSError:
        return  # gone, no folder any more, or not to be read
    try:
        yield from _walk(inner, f"{path}/", depth + 1, passed_over)
    finally:
        os.close(inner)


def _found(path: str, status: os.stat_result, folder: int, name: str) -> Found:
    kind, target = Kind.OTHER, ""
    if not is_path(path):
        pass
    elif stat.S_ISREG(status.st_mode):
        kind = Kind.FILE
    elif stat.S_ISLNK(status.st_mode):
        with contextlib.suppress(OSError):
            target = os.readlink(name, dir_fd=folder)
            kind = Kind.LINK
    return Found(
        path,
        kind,
        status.st_size,
        status.st_mtime_ns,
        is_executable=bool(status.st_mode & stat.S_IXUSR),
        target=target,
        folder=folder,
        name=name,
    )


def is_path(path: str) -> bool:
    """Whether a file of this name can be spoken of."""
    try:
        return clean_path(path) == path
    except InvalidRequestError:
        return False
