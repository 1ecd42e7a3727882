"""The files of a commit as a tar archive, in place of those of the project as it is now.

Blocks: for a thread of its own.
"""

from __future__ import annotations

import stat
import tarfile
from typing import IO, TYPE_CHECKING

from codesyncx_server.errors import InvalidRequestError

from .errors import OverLimitError
from .folder_walk import MAX_DEPTH, MAX_ENTRIES, Found, Kind, is_path
from .git_repository import Contents, Entry, GitRepository
from .selection import MayRead, is_passed_over, select_snapshot
from .snapshot import NS_PER_S, Snapshot, add_file, add_folders, add_link

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .limits import Limits
    from .selection import Mark

_LONGEST_LINK = 4096
_EXECUTABLE = 0o100


def write_commit(
    root: Path,
    ref: str,
    archive: IO[bytes],
    may_read: MayRead,
    limits: Limits,
    may_know: MayRead = lambda _: False,
) -> Snapshot:
    """Write what somebody may read now of what a commit of the project's repository has.

    InvalidRequestError if there is no such commit, OverLimitError if it doesn't fit.
    """
    with GitRepository(root) as git, git.contents() as contents:
        commit = git.commit(ref)
        entries = _entries(git, commit)
        time_ns = git.time_of(commit) * NS_PER_S
        found = [_found(one, time_ns, contents) for one in entries.values()]
        selection = select_snapshot(found, may_read, limits, may_know)
        chosen = set(selection.paths)
        marks: dict[str, Mark] = {}
        with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
            add_folders(tar, chosen)
            for one in found:
                if one.path not in chosen:
                    continue
                if one.kind is Kind.LINK:
                    marks[one.path] = add_link(tar, one)
                    continue
                entry = entries[one.path]
                marks[one.path] = add_file(tar, one, contents.begin(entry.object_id, one.size))
                contents.end()
    return Snapshot(marks, tuple(selection.left_out), {}, commit)


def _entries(git: GitRepository, commit: str) -> dict[str, Entry]:
    """Give what may come along at all: each path once, and nothing below what is no folder."""
    entries: dict[str, Entry] = {}
    for count, entry in enumerate(git.entries(commit)):
        if count >= MAX_ENTRIES:
            raise OverLimitError(f"The commit has more than {MAX_ENTRIES} files: none of it runs.")
        names = entry.path.split("/")
        if is_path(entry.path) and not any(is_passed_over(name) for name in names):
            entries.setdefault(entry.path, entry)
    return {
        path: entry
        for path, entry in entries.items()
        if not any(above in entries for above in _above(path))
    }


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _found(entry: Entry, time_ns: int, contents: Contents) -> Found:
    """Say what is at a path, as if it stood in a folder."""
    kind, target = Kind.OTHER, ""
    if entry.path.count("/") >= MAX_DEPTH:
        kind = Kind.DEEP
    elif stat.S_ISREG(entry.mode):
        kind = Kind.FILE
    elif stat.S_ISLNK(entry.mode) and entry.size <= _LONGEST_LINK:
        kind = Kind.LINK
        data = contents.begin(entry.object_id, entry.size).read(entry.size)
        contents.end()
        target = data.decode(errors="surrogateescape")
        if "\0" in target:
            raise InvalidRequestError("The project's git repository is damaged.")
    return Found(
        entry.path,
        kind,
        entry.size,
        time_ns,
        is_executable=bool(entry.mode & _EXECUTABLE),
        target=target,
        folder=-1,
        name=entry.path,
    )
