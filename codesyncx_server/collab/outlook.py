"""What somebody who may not read the whole project hears of where the others are, and they of them.

The person stays, the facts about files that are closed to the listener go: which one, which line,
which cell. Who sees a part of a file as a file counts its lines from its own first one; the others
hear of them in the whole file, and of each other those with the same part hear in theirs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OURS, _USER, _STOCK = "codesyncx", "user", "current"
_PATH, _LINE, _OPEN = "path", "line", "open"
_CELL_ID, _CELL_INDEX = "cell_id", "cell_index"
_PLACE = frozenset({_PATH, _LINE, _CELL_ID, _CELL_INDEX})
_KEPT = frozenset({"status", "doing", "following", "since", "kind", "in_call"})
_STOCK_PLACE = re.compile(r"(\w+:)(.+)", re.DOTALL)
_MAX_OPEN = 100
_MAX_KNOWN = 2_000


class Part(NamedTuple):
    """A part of a file: where its lines begin and end in it, from 1 on, or which cells it is."""

    path: str
    first_line: int = 0
    last_line: int = 0
    cell_ids: frozenset[str] = frozenset()


class Parts(Protocol):
    """Which paths stand for parts of files to one person."""

    def at(self, path: str) -> Part | None:
        """Give what of a file `path` stands for; None where it is a file like any."""

    def within(self, path: str) -> Mapping[str, Part]:
        """Give the parts of the file at `path` by the paths that they have."""


class Outlook:
    """One person's: what `see` leaves of others' states, and `tell` makes of their own."""

    def __init__(self, may_read: Callable[[str], bool], parts: Parts) -> None:
        self._may_read = may_read
        self._parts = parts
        self._known: dict[str, bool] = {}

    def see(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Give of a state what may be heard; what isn't known to tell nothing isn't."""
        seen: dict[str, Any] = {}
        if _USER in state:
            seen[_USER] = state[_USER]
        ours = state.get(_OURS)
        if isinstance(ours, dict):
            seen[_OURS] = self._see_ours(ours)
        stock = _STOCK_PLACE.fullmatch(str(state.get(_STOCK, "")))
        if stock is not None and self._reads(stock[2]):
            seen[_STOCK] = state[_STOCK]
        return seen

    def tell(self, state: dict[str, Any]) -> dict[str, Any]:
        """Give a state of the person's own as those hear it who may read whole files."""
        told = dict(state)
        ours = state.get(_OURS)
        if isinstance(ours, dict):
            told[_OURS] = self._tell_ours(ours)
        stock = _STOCK_PLACE.fullmatch(str(state.get(_STOCK, "")))
        part = None if stock is None else self._parts.at(stock[2])
        if stock is not None and part is not None:
            told[_STOCK] = f"{stock[1]}{part.path}"
        return told

    def _see_ours(self, ours: Mapping[str, Any]) -> dict[str, Any]:
        seen = {key: value for key, value in ours.items() if key in _KEPT}
        paths = ours.get(_OPEN)
        seen[_OPEN] = [
            own
            for path in (paths[:_MAX_OPEN] if isinstance(paths, list) else ())
            if isinstance(path, str)
            for own in self._seen_as(path)
        ]
        path = ours.get(_PATH)
        seen[_PATH] = None
        if isinstance(path, str):
            if self._reads(path):
                seen.update({key: ours[key] for key in _PLACE if key in ours})
            else:
                seen.update(self._see_in_part(path, ours))
        return seen

    def _see_in_part(self, path: str, ours: Mapping[str, Any]) -> dict[str, Any]:
        """Give the place in the part that holds it, if the person has that one."""
        line, cell_id = ours.get(_LINE), ours.get(_CELL_ID)
        for own, part in self._parts.within(path).items():
            if isinstance(cell_id, str) and cell_id in part.cell_ids:
                return {_PATH: own, _CELL_ID: cell_id}
            if type(line) is int and 0 < part.first_line <= line <= part.last_line:
                return {_PATH: own, _LINE: line - part.first_line + 1}
        return {}

    def _tell_ours(self, ours: dict[str, Any]) -> dict[str, Any]:
        told = dict(ours)
        paths = ours.get(_OPEN)
        if isinstance(paths, list):
            told[_OPEN] = [self._told_as(path) for path in paths[:_MAX_OPEN]]
        path = ours.get(_PATH)
        part = self._parts.at(path) if isinstance(path, str) else None
        if part is None:
            return told
        told[_PATH] = part.path
        told.pop(_CELL_INDEX, None)  # it counts the part's cells
        line = told.pop(_LINE, None)
        if part.first_line and type(line) is int:
            told[_LINE] = line + part.first_line - 1
        return told

    def _told_as(self, path: Any) -> Any:
        part = self._parts.at(path) if isinstance(path, str) else None
        return path if part is None else part.path

    def _seen_as(self, path: str) -> list[str]:
        return [path] if self._reads(path) else []

    def _reads(self, path: str) -> bool:
        known = self._known.get(path)
        if known is None:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            known = self._known[path] = self._may_read(path)
        return known
