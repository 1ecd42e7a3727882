"""The files of a run as a tar archive: of plain files, folders and links inside, nothing else.

Blocks: for a thread of its own.
"""

from __future__ import annotations

import io
import json
import os
import posixpath
import tarfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, NamedTuple

from .errors import OverLimitError
from .folder_walk import MAX_ENTRIES, Found, Kind, walk
from .selection import LeftOut, Mark, MayRead, is_passed_over, select_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from .limits import Limits

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was put into an archive."""

    marks: Mapping[str, Mark]
    left_out: tuple[LeftOut, ...]
    looks: Mapping[str, Look]
    commit: str = ""
    """The id of the commit that it is of, if it isn't of the project as it is now."""


class Look(NamedTuple):
    """How a file of the project was when it was read; the same look is the same content."""

    mtime_ns: int
    size: int
    target: str
    is_executable: bool


def snapshot_to_json(marks: Mapping[str, Mark], looks: Mapping[str, Look]) -> str:
    """Write down what has gone into a sandbox, for `read_snapshot`."""
    return json.dumps([marks, looks], ensure_ascii=False)


def read_snapshot(text: str) -> Snapshot:
    """Give what had gone into a sandbox."""
    marks, looks = json.loads(text)
    return Snapshot(
        {path: Mark(*mark) for path, mark in marks.items()},
        (),
        {path: Look(*look) for path, look in looks.items()},
    )


def write_snapshot(
    root: Path,
    archive: IO[bytes],
    may_read: MayRead,
    limits: Limits,
    known: Mapping[str, Look] | None = None,
    may_know: MayRead = lambda _: False,
) -> Snapshot:
    """Write what the person may read of a project, but for what looks as it is known already.

    OverLimitError if all that they may read doesn't fit into the sandbox.
    """
    known = known or {}
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        seen: dict[str, tuple[Kind, str]] = {}
        selection = select_snapshot(_look(folder, seen), may_read, limits, may_know)
        chosen = set(selection.paths)
        marks: dict[str, Mark] = {}
        looks: dict[str, Look] = {}
        with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
            if not known:
                add_folders(tar, chosen)
            for one in walk(folder, is_passed_over):
                # What has become a link since it was selected was never judged as one.
                if one.path not in chosen or seen[one.path] != (one.kind, one.target):
                    continue
                look = Look(one.mtime_ns, one.size, one.target, one.is_executable)
                if known.get(one.path) == look:
                    looks[one.path] = look
                elif (mark := _add(tar, one)) is not None:
                    marks[one.path], looks[one.path] = mark, look
    finally:
        os.close(folder)
    return Snapshot(marks, tuple(selection.left_out), looks)


def _look(folder: int, seen: dict[str, tuple[Kind, str]]) -> Iterator[Found]:
    """Give all that is there, and remember what it was."""
    for one in walk(folder, is_passed_over):
        seen[one.path] = (one.kind, one.target)
        if len(seen) >= MAX_ENTRIES:
            raise OverLimitError(f"The project has more than {MAX_ENTRIES} files: none of it runs.")
        yield one


def add_folders(tar: tarfile.TarFile, paths: set[str]) -> None:
    """Put in the folders that files are in."""
    for path in sorted(_folders(paths)):
        tar.addfile(_member(path, tarfile.DIRTYPE, mode=0o755))


def _folders(paths: set[str]) -> set[str]:
    folders = set()
    for path in paths:
        above = posixpath.dirname(path)
        while above and above not in folders:
            folders.add(above)
            above = posixpath.dirname(above)
    return folders


def _add(tar: tarfile.TarFile, one: Found) -> Mark | None:
    """Put one file in; None if it has gone meanwhile."""
    if one.kind is Kind.LINK:
        return add_link(tar, one)
    try:
        opened = os.fdopen(one.open(), "rb")
    except OSError:
        return None
    with opened:
        # What is appended meanwhile isn't read; what is cut off meanwhile is filled up.
        size = min(one.size, os.fstat(opened.fileno()).st_size)
        return add_file(tar, one._replace(size=size), opened)


def add_link(tar: tarfile.TarFile, one: Found) -> Mark:
    """Put a link in."""
    member = _member(one.path, tarfile.SYMTYPE, mtime_s=one.mtime_ns // NS_PER_S)
    member.linkname = one.target
    tar.addfile(member)
    return Mark(0, 0)


def add_file(tar: tarfile.TarFile, one: Found, content: IO[bytes]) -> Mark:
    """Put a file in, of as many bytes as it has."""
    mtime_s = one.mtime_ns // NS_PER_S
    mode = 0o755 if one.is_executable else 0o644
    member = _member(one.path, tarfile.REGTYPE, mode=mode, mtime_s=mtime_s)
    member.size = one.size
    tar.addfile(member, _Padded(content))
    return Mark(one.size, mtime_s * NS_PER_S)


def _member(path: str, kind: bytes, *, mode: int = 0o644, mtime_s: int = 0) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.type, member.mode, member.mtime = kind, mode, mtime_s
    return member


class _Padded(io.RawIOBase):
    """A file that gives zeros where it has been cut off since its size was read."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(size).ljust(max(size, 0), b"\0")
