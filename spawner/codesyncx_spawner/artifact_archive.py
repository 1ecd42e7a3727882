"""Takes what a run has made out of a tar archive that somebody hostile has filled.

Nothing is extracted: each member is judged by itself, and the bytes of plain files are copied to
names of our own. Blocks: for a thread of its own.
"""

from __future__ import annotations

import tarfile
from typing import IO, TYPE_CHECKING

from .artifacts import MAX_FILES, copy_artifact, why_not_kept
from .folder_walk import MAX_DEPTH, MAX_ENTRIES, Found, Kind, is_path
from .selection import ArtifactChoice, is_passed_over
from .snapshot import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from .selection import Mark, Selection

_CUT = "the run has left too much to look at all of it."


def keep_archived(
    stream: IO[bytes],
    target: Path,
    before: Mapping[str, Mark],
    *,
    most_bytes: int,
    most_read: int,
    is_wanted: Callable[[str], bool] = lambda _: True,
) -> Selection:
    """Copy what is new or changed in a stream whose members are all in one folder.

    No more than `most_read` bytes are read of it. OSError if it ends too early.
    """
    choice = ArtifactChoice(before, most_bytes, MAX_FILES, is_wanted)
    try:
        with tarfile.open(fileobj=stream, mode="r|", errors="surrogateescape") as tar:
            for number, member in enumerate(tar):
                if tar.offset > most_read or number > MAX_ENTRIES:
                    choice.leave(_path_of(member), _CUT)
                    break
                _look_at(tar, member, target, choice)
    except tarfile.TarError as error:
        raise OSError(f"the archive of what the run has left is damaged: {error}") from error
    return choice.selection


def _look_at(
    tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, choice: ArtifactChoice
) -> None:
    path = _path_of(member)
    if not path or member.isdir() or any(is_passed_over(name) for name in path.split("/")):
        return
    first = _path_of_name(member.linkname) if member.islnk() else ""
    if first and first not in choice.selection.paths:
        choice.leave(path, f"it is another name of {first}, which isn't kept.")
        return
    size = (target / first).stat().st_size if first else member.size
    if not choice.takes(_found(path, member, size)):
        return
    try:
        source = (target / first).open("rb") if first else tar.extractfile(member)
        if source is not None:
            copy_artifact(source, target / path, size)
    except OSError as error:
        choice.take_back(path, why_not_kept(error))


def _found(path: str, member: tarfile.TarInfo, size: int) -> Found:
    kind = Kind.OTHER
    if not is_path(path):
        pass
    elif path.count("/") >= MAX_DEPTH:
        kind = Kind.DEEP
    elif member.isreg() or member.islnk():
        kind = Kind.FILE
    elif member.issym():
        kind = Kind.LINK
    mtime_ns = int(member.mtime) * NS_PER_S
    return Found(path, kind, size, mtime_ns, False, "", -1, member.name)  # noqa: FBT003


def _path_of(member: tarfile.TarInfo) -> str:
    return _path_of_name(member.name)


def _path_of_name(name: str) -> str:
    """Give a name without the folder that all are in."""
    return name.partition("/")[2].rstrip("/")
