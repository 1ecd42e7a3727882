"""Looking at the disk: what is in the project, and what became of it since the last look."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from .changes import Entry, Look

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_ENTRIES = 100_000

IGNORED_NAMES = frozenset(
    {
        ".git",
        ".hg",
        ".ipynb_checkpoints",
        ".jupyter_ystore.db",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        ".virtual_documents",
        "4913",  # vim tries whether it may write with a file of this name
        "__pycache__",
        "node_modules",
        "venv",
    }
)
#: `.~` are Jupyter's and our half-written files, `.#` Emacs' locks, `.nfs` files still in use.
IGNORED_PREFIXES = (".~", ".#", ".csx-", ".nfs", ".jupyter_ystore.db-", ".fuse_hidden")
IGNORED_SUFFIXES = (".swp", ".swx", ".swo", "~", ".crdownload")


class Ignore:
    """Which names nobody needs to hear of."""

    def __init__(self, *, hidden: bool = True) -> None:
        self._hidden = hidden

    def __call__(self, name: str) -> bool:
        """Whether a file or folder of this name, and what is in it, is passed over."""
        return (
            name in IGNORED_NAMES
            or name.startswith(IGNORED_PREFIXES)
            or name.endswith(IGNORED_SUFFIXES)
            or (self._hidden and name.startswith("."))
            or not _is_text(name)
        )

    def path(self, path: str) -> bool:
        """Whether any part of `path` is passed over."""
        return any(self(part) for part in path.split("/") if part)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


class Scanner:
    """Keeps what was last seen of each folder; every look gives what is different."""

    def __init__(self, root: Path, ignore: Ignore, most_entries: int = MOST_ENTRIES) -> None:
        self._root = str(root)
        self._ignore = ignore
        self._most_entries = most_entries
        self._folders: dict[str, dict[str, Entry]] = {}
        self._count = 0
        #: The project is too large to be followed whole.
        self.is_full = False
        #: A folder appeared that isn't watched yet.
        self.has_new_folders = False

    def folders(self) -> list[str]:
        """Give every known folder as a path on disk."""
        return [self.on_disk(folder) for folder in self._folders]

    def on_disk(self, path: str) -> str:
        """Give where `path` of the project is on disk."""
        return f"{self._root}{os.sep}{path.replace('/', os.sep)}" if path else self._root

    def folder_of(self, on_disk: str) -> str | None:
        """Give the known folder whose look must be renewed after an event at this place."""
        relative = os.path.relpath(on_disk, self._root).replace(os.sep, "/")
        parent = relative.rpartition("/")[0]
        return parent if parent in self._folders else None

    def look_everywhere(self) -> list[Look]:
        """Look at the whole project."""
        return self.look(list(self._folders) or [""])

    def look(self, folders: Iterable[str]) -> list[Look]:
        """Look at these folders, and at everything in those that are new, upper ones first."""
        queue = deque(folders)
        looks: list[Look] = []
        while queue:
            folder = queue.popleft()
            for look in self._look_at(folder):
                looks.append(look)
                if look.before and look.before.is_dir and not _same_folder(look):
                    looks.extend(self._forget(look.path))
                if look.after and look.after.is_dir and not _same_folder(look):
                    queue.extend(self._enterable(look.path))
        return looks

    def _look_at(self, folder: str) -> Iterator[Look]:
        before = self._folders.get(folder, {})
        after = self._read(folder)
        if after is None:
            return
        if folder not in self._folders:
            if self._count + len(after) > self._most_entries:
                self.is_full = True
                return
            self.has_new_folders = True
        self._folders[folder] = after
        self._count += len(after) - len(before)
        prefix = f"{folder}/" if folder else ""
        for name in before.keys() | after.keys():
            if before.get(name) != after.get(name):
                yield Look(prefix + name, before.get(name), after.get(name))

    def _forget(self, folder: str) -> list[Look]:
        looks: list[Look] = []
        entries = self._folders.pop(folder, {})
        self._count -= len(entries)
        for name, entry in entries.items():
            looks.append(Look(f"{folder}/{name}", entry, None))
            if entry.is_dir:
                looks.extend(self._forget(f"{folder}/{name}"))
        return looks

    def _enterable(self, folder: str) -> list[str]:
        """Give the folder, unless it is a link: what is behind one may be anywhere, or a loop."""
        return [] if Path(self.on_disk(folder)).is_symlink() else [folder]

    def _read(self, folder: str) -> dict[str, Entry] | None:
        entries: dict[str, Entry] = {}
        try:
            with os.scandir(self.on_disk(folder)) as found:
                for each in found:
                    if not self._ignore(each.name) and (entry := _entry(each)):
                        entries[each.name] = entry
        except OSError:
            return None
        return entries


def entry_at(on_disk: str) -> Entry | None:
    """Look at one file; `None` when there is nothing to see."""
    try:
        stat = os.lstat(on_disk)
    except (OSError, ValueError):
        return None
    return _of_stat(stat, is_dir=Path(on_disk).is_dir())


def _entry(found: os.DirEntry[str]) -> Entry | None:
    try:
        return _of_stat(found.stat(follow_symlinks=False), is_dir=found.is_dir())
    except OSError:
        return None


def _of_stat(stat: os.stat_result, *, is_dir: bool) -> Entry:
    if is_dir:
        return Entry(stat.st_dev, stat.st_ino, is_dir=True)
    return Entry(
        stat.st_dev, stat.st_ino, is_dir=False, mtime_ns=stat.st_mtime_ns, size=stat.st_size
    )


def _same_folder(look: Look) -> bool:
    before, after = look.before, look.after
    return bool(
        before
        and after
        and before.is_dir
        and after.is_dir
        and (before.device, before.inode) == (after.device, after.inode)
    )
