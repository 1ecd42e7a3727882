"""Knows what is in the project and what was already told, so that nothing is told twice.

What a person does through the server is told at once, with their name; a moment later the disk
shows the same thing. The ledger recognises it: deletions, moves and new files by their path,
contents by what the disk said right after the save.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .changes import Entry, FileChange, Kind, Look, is_below, moved

if TYPE_CHECKING:
    from collections.abc import Iterable

#: How long the disk may take to show what a person did.
REMEMBERED_S = 5.0
SAVES_REMEMBERED = 8
MOST_NOTES = 20_000


class Ledger:
    """What is where, and what the disk is expected to show."""

    def __init__(self) -> None:
        #: Whether the first look at the disk is over.
        self.is_ready = False
        self._known: dict[str, bool] = {}
        self._gone: dict[str, float] = {}
        self._appeared: dict[str, float] = {}
        #: Where what is gone went.
        self._went: dict[str, str] = {}
        self._saved: dict[str, deque[Entry]] = {}

    def begin(self, looks: Iterable[Look]) -> None:
        """Take in the first look at the disk."""
        for look in looks:
            if look.after:
                self._known.setdefault(look.path, look.after.is_dir)
        self.is_ready = True

    def knows(self, path: str) -> bool:
        """Whether there is something at `path`."""
        return path in self._known

    def is_dir(self, path: str) -> bool:
        """Whether a folder is or was last at `path`."""
        return self._known.get(path, False)

    def note(self, change: FileChange, now: float) -> None:
        """Take in what somebody did through the server."""
        if change.kind is Kind.DELETED:
            self._drop(change.path)
            self._gone[change.path] = now
            self._appeared.pop(change.path, None)
        elif change.kind is Kind.RENAMED and change.old_path is not None:
            self._move(change.old_path, change.path)
            self._gone[change.old_path] = now
            self._went[change.old_path] = change.path
            self._appeared[change.path] = now
        elif change.kind is Kind.CREATED:
            self._known[change.path] = change.is_dir
            self._appeared[change.path] = now
            self._gone.pop(change.path, None)
        self._expire(now)

    def note_saved(self, path: str, entry: Entry) -> None:
        """Take in what the disk said of `path` right after this server wrote it."""
        saves = self._saved.pop(path, None) or deque(maxlen=SAVES_REMEMBERED)
        saves.append(entry)
        self._saved[path] = saves
        while len(self._saved) > MOST_NOTES:
            del self._saved[next(iter(self._saved))]

    def outside(self, looks: list[Look], settled: list[FileChange], now: float) -> list[FileChange]:
        """Tell what of `settled`, which came of `looks`, nobody did through the server."""
        self._expire(now)
        after = {look.path: look.after for look in looks}
        news = [
            change for each in settled for change in self._unexpected(each, after.get(each.path))
        ]
        news += self._lost_unseen(looks)
        news += self._passed(looks)
        for look in looks:
            if look.after is None:
                self._known.pop(look.path, None)
            else:
                self._known[look.path] = look.after.is_dir
        return news

    def _lost_unseen(self, looks: list[Look]) -> list[FileChange]:
        """Tell what somebody made and what was gone before the disk was looked at."""
        lost = {
            look.path
            for look in looks
            if look.before is None and look.after is None and look.path in self._appeared
        }
        return [
            FileChange(Kind.DELETED, path, is_dir=self.is_dir(path))
            for path in sorted(lost)
            if not any(is_below(path, folder) for folder in lost)
        ]

    def _passed(self, looks: list[Look]) -> list[FileChange]:
        """Tell what came from outside and was gone before it could be told."""
        moved_on = set(self._went.values())
        return [
            FileChange(Kind.PASSED, look.path)
            for look in looks
            if look.before is None
            and look.after is None
            and not self._has_appeared(look.path)
            and not self._was_taken(look.path)
            and look.path not in moved_on
        ]

    def _unexpected(self, change: FileChange, entry: Entry | None) -> list[FileChange]:
        if change.kind is Kind.DELETED:
            return [] if self._was_taken(change.path) else [change]
        if change.kind is Kind.RENAMED:
            return self._unexpected_move(change, entry)
        is_own_save = self._is_own_save(change.path, entry)
        if change.kind is Kind.CHANGED:
            return [] if is_own_save else [change]
        if not self._has_appeared(change.path):
            return [change]
        if is_own_save or change.is_dir or change.path not in self._saved:
            return []
        return [FileChange(Kind.CHANGED, change.path)]

    def _unexpected_move(self, change: FileChange, entry: Entry | None) -> list[FileChange]:
        old = change.old_path or ""
        went = self._went.get(old)
        left, came = self._was_taken(old), self._has_appeared(change.path)
        if left and came:
            return []
        if left and went is not None and went in self._known:
            # Somebody moved it through the server, and before the disk was looked at, it moved on.
            self._move(went, change.path)
            self._appeared.pop(went, None)
            return [FileChange(Kind.RENAMED, change.path, went, is_dir=change.is_dir)]
        if left:
            created = FileChange(Kind.CREATED, change.path, is_dir=change.is_dir)
            return self._unexpected(created, entry)
        if came:
            return [FileChange(Kind.DELETED, old, is_dir=change.is_dir)]
        return [change]

    def _was_taken(self, path: str) -> bool:
        if path in self._gone:
            del self._gone[path]
            return True
        return any(is_below(path, folder) for folder in self._gone)

    def _has_appeared(self, path: str) -> bool:
        return path in self._appeared or any(is_below(path, each) for each in self._appeared)

    def _is_own_save(self, path: str, entry: Entry | None) -> bool:
        return entry is not None and entry in self._saved.get(path, ())

    def _drop(self, path: str) -> None:
        for known in [known for known in self._known if known == path or is_below(known, path)]:
            del self._known[known]

    def _move(self, old: str, new: str) -> None:
        for known in [known for known in self._known if known == old or is_below(known, old)]:
            self._known[moved(known, old, new)] = self._known.pop(known)
        self._known.setdefault(new, False)

    def _expire(self, now: float) -> None:
        for notes in (self._gone, self._appeared):
            for path in [path for path, time in notes.items() if now - time > REMEMBERED_S]:
                del notes[path]
        for path in [path for path in self._went if path not in self._gone]:
            del self._went[path]
