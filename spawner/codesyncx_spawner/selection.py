"""Which files go into a run, and which come out of it. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .errors import DoesNotFitError
from .folder_walk import Found, Kind
from .quantities import bytes_in_words

if TYPE_CHECKING:
    from .limits import Limits

#: Copies of files, or of how they were before, which nobody's rights are told by.
PASSED_OVER = frozenset(
    {".git", ".hg", ".svn", ".ipynb_checkpoints", "__pycache__", ".virtual_documents"}
)
_HALF_WRITTEN = (".~", ".csx-", ".jupyter_ystore.db", ".nfs", ".fuse_hidden")

MayRead = Callable[[str], bool]


class LeftOut(NamedTuple):
    """A file that didn't come along, and why."""

    path: str
    why: str


@dataclass(slots=True)
class Selection:
    """The paths that come along, in their order."""

    paths: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def is_passed_over(name: str) -> bool:
    """Whether nothing of this name ever goes into a run."""
    return name in PASSED_OVER or name.startswith(_HALF_WRITTEN)


def select_snapshot(
    found: Iterable[Found],
    may_read: MayRead,
    limits: Limits,
    may_know: MayRead = lambda _: False,
) -> Selection:
    """Give exactly what the person may read; OverLimitError if it doesn't fit into the sandbox.

    Of what they may not read not even the name is told, unless they may know of it because a part
    of it is theirs. A link comes along only if what it leads to does.
    """
    selection = Selection()
    links, folders, size = list[Found](), set[str](), 0
    for one in found:
        if one.kind is Kind.DEEP or not may_read(one.path):
            if one.kind is Kind.FILE and may_know(one.path):
                selection.left_out.append(LeftOut(one.path, "only a part of it may be read."))
            continue
        if one.kind is Kind.FILE:
            selection.paths.append(one.path)
            folders.update(_folders_of(one.path))
            size += one.size
        elif one.kind is Kind.LINK:
            links.append(one)
        else:
            selection.left_out.append(LeftOut(one.path, "it is no ordinary file."))
    files = set(selection.paths)
    for link in links:
        target = _target_of(link)
        if target is not None and (target in files or target in folders):
            selection.paths.append(link.path)
        else:
            selection.left_out.append(
                LeftOut(link.path, "it leads to something that isn't in the run.")
            )
    _check_fits(size, len(selection.paths) + len(folders), limits)
    return selection


def _check_fits(size: int, count: int, limits: Limits) -> None:
    if size > limits.disk_bytes:
        raise DoesNotFitError(
            f"The files of the project are {bytes_in_words(size)}, and a sandbox has room for "
            f"{bytes_in_words(limits.disk_bytes)}",
            "raise limits.disk in .codesyncx/run.toml.",
        )
    if count > limits.files:
        raise DoesNotFitError(
            f"The project has {count} files and folders, and a sandbox has room for {limits.files}",
            "raise limits.files in .codesyncx/run.toml.",
        )


def _folders_of(path: str) -> Iterable[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _target_of(link: Found) -> str | None:
    """Where in the project a link leads; None if that is somewhere else."""
    if link.target.startswith("/"):
        return None
    target = posixpath.normpath(posixpath.join(posixpath.dirname(link.path), link.target))
    return None if target == ".." or target.startswith("../") else target


class Mark(NamedTuple):
    """How a file was when it went in; what is as it was then doesn't come back."""

    size: int
    mtime_ns: int


class ArtifactChoice:
    """Chooses among what a run has left: plain files that it made or changed, while there is room.

    `selection` grows with each that is asked about.
    """

    def __init__(
        self,
        before: Mapping[str, Mark],
        most_bytes: int,
        most_files: int,
        is_wanted: Callable[[str], bool],
    ) -> None:
        """Choose nothing yet; `before` is what went in."""
        self._before = before
        self._most_bytes = most_bytes
        self._most_files = most_files
        self._is_wanted = is_wanted
        self._room = most_bytes
        self.selection = Selection()

    def takes(self, one: Found) -> bool:
        """Whether something comes along."""
        if one.kind is Kind.FILE and self._before.get(one.path) == Mark(one.size, one.mtime_ns):
            return False
        if one.kind is Kind.LINK and one.path in self._before:
            return False
        why = _reason_to_leave(one, self._room, self._most_bytes)
        if why is None and not self._is_wanted(one.path):
            return False
        if why is None and len(self.selection.paths) >= self._most_files:
            why = f"a run's artifacts are {self._most_files} files at most."
        if why is not None:
            self.leave(one.path, why)
            return False
        self.selection.paths.append(one.path)
        self._room -= one.size
        return True

    def take_back(self, path: str, why: str) -> None:
        """Note that the file that was taken last doesn't come along after all."""
        self.selection.paths.pop()
        self.leave(path, why)

    def leave(self, path: str, why: str) -> None:
        """Note that something doesn't come along."""
        if len(self.selection.left_out) < self._most_files:
            self.selection.left_out.append(LeftOut(path, why))


def _reason_to_leave(one: Found, room: int, most_bytes: int) -> str | None:
    if one.kind is Kind.LINK:
        return "it is a link."
    if one.kind is Kind.DEEP:
        return "the folder is too deep."
    if one.kind is Kind.OTHER:
        return "it is no ordinary file, or its name can't be used."
    if one.size > room:
        return (
            f"it is {bytes_in_words(one.size)}, and a run's artifacts are "
            f"{bytes_in_words(most_bytes)} at most."
        )
    return None
