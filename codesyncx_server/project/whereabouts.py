"""Finds files and folders on which something is granted where they went while no server ran.

What the disk says of each is kept beside the project's other data. If at the start it isn't at its
path any more, and is surely somewhere else, that is a rename like any other, only heard of late: so
its grants aren't left to what may be put at the old path. What can't be told for sure stays.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from .changes import Entry, find_moves, is_below
from .scan import entry_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .changes import FileChange, Look

logger = logging.getLogger(__name__)

#: Of a folder so many names are kept, by which to know it again.
MOST_NAMES = 50
MOST_PLACES = 10_000


class Whereabouts:
    """What the disk said of some places; all its methods take as long as the disk does."""

    def __init__(self, file: Path, on_disk: Callable[[str], str]) -> None:
        """Keep it in `file`; `on_disk` gives where a path of the project is."""
        self._file = file
        self._on_disk = on_disk
        self._written: str | None = None

    def moved(self, looks: Iterable[Look]) -> list[FileChange]:
        """Give which of the places moved, from all that is in the project now."""
        kept = self._read()
        here = {look.path: look.after for look in looks if look.after is not None}
        gone = {path: entry for path, entry in kept.items() if here.get(path) != entry}
        if not gone:
            return []
        for path in kept.keys() - gone.keys():
            del here[path]
        # An empty folder can't be told from another that got its number.
        bare = [path for path, entry in gone.items() if entry.is_dir and not _holds_any(path, gone)]
        for path in bare:
            del gone[path]
        return _ordered(find_moves(gone, here))

    def note(self, places: Iterable[str]) -> None:
        """Keep what the disk says of these places now."""
        found: dict[str, Entry] = {}
        for place in sorted(places)[:MOST_PLACES]:
            entry = entry_at(self._on_disk(place))
            if entry is not None:
                found[place] = entry
                if entry.is_dir:
                    found.update(self._inside(place))
        text = json.dumps(found)
        if text == self._written:
            return
        fresh = self._file.with_name(f"{self._file.name}.new")
        try:
            fresh.write_text(text)
            fresh.replace(self._file)
        except OSError as error:
            logger.warning("Where shared files are can't be kept: %s", error)
        else:
            self._written = text

    def _inside(self, folder: str) -> dict[str, Entry]:
        try:
            names = sorted(each.name for each in Path(self._on_disk(folder)).iterdir())
        except OSError:
            return {}
        entries = (
            (f"{folder}/{name}", entry_at(self._on_disk(f"{folder}/{name}"))) for name in names
        )
        return {path: entry for path, entry in entries if entry is not None}

    def _read(self) -> dict[str, Entry]:
        try:
            told = json.loads(self._file.read_text())
            return {str(path): Entry(*facts) for path, facts in told.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            logger.warning("Where shared files were can't be read: %s", error)
            return {}


def _holds_any(folder: str, paths: Iterable[str]) -> bool:
    return any(is_below(path, folder) for path in paths)


def _ordered(moves: list[FileChange]) -> list[FileChange]:
    """Put them so that nothing comes to where something else is yet to leave."""
    waiting, ordered = list(moves), []
    while waiting:
        sources = {change.old_path for change in waiting}
        free = [change for change in waiting if change.path not in sources]
        if not free:
            names = ", ".join(sorted(change.path for change in waiting))
            logger.warning(
                "These changed places while no server ran, look at their grants: %s", names
            )
            break
        ordered += free
        waiting = [change for change in waiting if change not in free]
    return ordered
