"""Whether a name of earlier days may be told: what was granted on it may have moved on since.

Grants follow a file or folder that is renamed. So once a hidden folder has another name, nothing
is granted on its old one any more, and that, with all that was in it, would look like any other.
Here the renames are kept, and an old name is judged also by the places to which it led since.

Pure: whether a place is closed is asked of whoever knows.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    #: Whether what is granted on the second place, or below it, keeps somebody from the first.
    Closes = Callable[[str, str], bool]

MOST_RENAMES = 10_000
#: What happened on the disk is heard of so much later at most, and may be told after a rename that
#: it came before.
LATE_S = 10.0
#: A name isn't followed through more renames than this: it counts as closed.
MOST_STEPS = 100


class Rename(NamedTuple):
    """That what was at `old` went to `new`, at a time in Unix seconds."""

    time: float
    old: str
    new: str


class OldNames:
    """The renames of a project, the latest of them."""

    def __init__(self, most: int = MOST_RENAMES) -> None:
        self._renames: deque[Rename] = deque()
        self._by_old: dict[str, list[Rename]] = {}
        self._most = most
        self._forgotten_until = -math.inf

    def note(self, renames: Iterable[Rename]) -> None:
        """Take renames, later ones after earlier ones."""
        for rename in renames:
            self._renames.append(rename)
            self._by_old.setdefault(rename.old, []).append(rename)
        while len(self._renames) > self._most:
            oldest = self._renames.popleft()
            self._forgotten_until = oldest.time
            same = self._by_old[oldest.old]
            same.remove(oldest)
            if not same:
                del self._by_old[oldest.old]

    def may_tell(self, path: str, time: float | None, closes: Closes) -> bool:
        """Whether no place to which `path` led after `time` is closed to somebody.

        Without a time all renames count. What is older than the oldest rename known isn't told.
        """
        if time is not None and time <= self._forgotten_until:
            return False
        for count, (top, place) in enumerate(self._later(path, time)):
            if count >= MOST_STEPS or closes(place, top):
                return False
        return True

    def _later(self, path: str, time: float | None) -> Iterator[tuple[str, str]]:
        """Give where `path` was later, with the part of it that was renamed last."""
        since = -math.inf if time is None else time - LATE_S
        waiting, seen = [(path, since)], {path}
        while waiting:
            place, earliest = waiting.pop()
            for rename in self._of(place):
                later = rename.new + place[len(rename.old) :]
                if rename.time >= earliest and later not in seen:
                    seen.add(later)
                    waiting.append((later, rename.time))
                    yield rename.new, later

    def _of(self, path: str) -> Iterator[Rename]:
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            yield from self._by_old.get("/".join(parts[:count]), ())
