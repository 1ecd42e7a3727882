"""What can happen to a file, and how a set of before-and-after looks becomes a list of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """What the disk says of one file or folder; equal entries of files are the same content."""

    device: int
    inode: int
    is_dir: bool
    mtime_ns: int = 0
    size: int = 0


class Kind(StrEnum):
    """What happens to files; the value is the bus topic."""

    CREATED = "file.created"
    RENAMED = "file.renamed"
    DELETED = "file.deleted"
    CHANGED = "file.changed"
    #: It was there for a moment only: nothing to tell, but a listing may show it.
    PASSED = "file.passed"


@dataclass(frozen=True, slots=True)
class Person:
    """Who did it."""

    username: str
    name: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """One thing that happened to one file, or to a folder with everything in it."""

    kind: Kind
    path: str
    old_path: str | None = None
    is_dir: bool = False

    def to_data(self, person: Person | None, time: float) -> dict[str, Any]:
        """Give the facts as published; no person means that it came from outside."""
        data: dict[str, Any] = {
            "path": self.path,
            "username": person.username if person else None,
            "name": person.name if person else None,
            "is_dir": self.is_dir,
            "time": time,
        }
        if self.old_path is not None:
            data["old_path"] = self.old_path
        return data


class Look(NamedTuple):
    """One path as it was and as it is; `None` where there is nothing."""

    path: str
    before: Entry | None
    after: Entry | None


class Pending:
    """Looks at the disk that haven't been told yet; several looks at one path become one."""

    def __init__(self) -> None:
        self._looks: dict[str, Look] = {}

    def __bool__(self) -> bool:
        return bool(self._looks)

    def absorb(self, look: Look) -> None:
        """Add a look that follows those already here."""
        earlier = self._looks.get(look.path)
        self._looks[look.path] = look if earlier is None else earlier._replace(after=look.after)

    def take(self) -> list[Look]:
        """Give what is here, and begin anew."""
        looks, self._looks = list(self._looks.values()), {}
        return looks


def settle(looks: list[Look]) -> list[FileChange]:
    """Tell what happened: what moved is one rename, a folder speaks for what is in it."""
    gone = {look.path: look.before for look in looks if look.before and not _lasts(look)}
    here = {look.path: look.after for look in looks if look.after and not _lasts(look)}
    changed = [
        FileChange(Kind.CHANGED, look.path)
        for look in looks
        if look.before and look.after and _lasts(look) and _differs(look.before, look.after)
    ]
    renamed = _pair(gone, here)
    deleted = [
        FileChange(Kind.DELETED, path, is_dir=gone[path].is_dir) for path in _outermost(gone)
    ]
    created = [
        FileChange(Kind.CREATED, path, is_dir=here[path].is_dir) for path in _outermost(here)
    ]
    return [*renamed, *deleted, *created, *changed]


def find_moves(gone: dict[str, Entry], here: dict[str, Entry]) -> list[FileChange]:
    """Tell what of `gone` is surely somewhere else now; takes from both what it has found."""
    return [change for change in _pair(gone, here) if change.kind is Kind.RENAMED]


def is_below(path: str, folder: str) -> bool:
    """Whether `path` lies in `folder`, at any depth."""
    return path.startswith(f"{folder}/")


def moved(path: str, old: str, new: str) -> str:
    """Give where `path` is after `old` became `new`."""
    if path == old:
        return new
    return new + path[len(old) :] if is_below(path, old) else path


def _lasts(look: Look) -> bool:
    """Whether the path names a file all along, or a folder all along."""
    return bool(look.before and look.after and look.before.is_dir == look.after.is_dir)


def _differs(before: Entry, after: Entry) -> bool:
    return not after.is_dir and before != after


def _pair(gone: dict[str, Entry], here: dict[str, Entry]) -> list[FileChange]:
    """Take what only moved out of both.

    The number of an inode may be given to a new file at once, so a file's modification time and
    size must agree too, and a folder must still hold a name that was in it.
    """
    sources: dict[Entry, list[str]] = {}
    for path, entry in gone.items():
        sources.setdefault(entry, []).append(path)
    told: list[FileChange] = []
    for new in sorted(here, key=lambda path: path.count("/")):
        candidates = sources.get(here.get(new, _NOTHING), [])
        if len(candidates) != 1 or candidates[0] not in gone:
            continue
        old = candidates[0]
        if here[new].is_dir and not _is_same_folder(old, new, gone, here):
            continue
        told.append(FileChange(Kind.RENAMED, new, old, is_dir=here[new].is_dir))
        del gone[old], here[new]
        for path in [path for path in gone if is_below(path, old)]:
            inside = here.get(moved(path, old, new))
            if inside is None or inside.is_dir != gone[path].is_dir:
                continue
            if _differs(gone[path], inside):
                told.append(FileChange(Kind.CHANGED, moved(path, old, new)))
            del here[moved(path, old, new)], gone[path]
    return told


def _is_same_folder(old: str, new: str, gone: dict[str, Entry], here: dict[str, Entry]) -> bool:
    inside = [path for path in gone if is_below(path, old)]
    return not inside or any(moved(path, old, new) in here for path in inside)


_NOTHING = Entry(-1, -1, is_dir=False)


def _outermost(entries: dict[str, Entry]) -> list[str]:
    kept: list[str] = []
    for path in sorted(entries):
        parents = path.split("/")[:-1]
        prefixes = ("/".join(parents[: depth + 1]) for depth in range(len(parents)))
        if not any(prefix in entries for prefix in prefixes):
            kept.append(path)
    return kept
