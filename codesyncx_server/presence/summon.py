"""A summons: an owner asks everyone to come to a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codesyncx_server.errors import InvalidRequestError, TooManyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_PATH_LENGTH = 1024
MAX_CELL_ID_LENGTH = 200
MAX_NUMBER = 10_000_000
KINDS = ("file", "notebook")


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a document of the project; lines and cells count from 1."""

    path: str
    kind: str
    line: int | None = None
    cell_id: str | None = None
    cell_index: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the place as the browsers read it, without what is unknown."""
        fields = {
            "path": self.path,
            "kind": self.kind,
            "line": self.line,
            "cell_id": self.cell_id,
            "cell_index": self.cell_index,
        }
        return {name: value for name, value in fields.items() if value is not None}


def read_place(body: object) -> Place:
    """Read a request body; raises `InvalidRequestError` for what is no place in the project."""
    if not isinstance(body, dict):
        raise InvalidRequestError("A place is a JSON object.")
    unknown = body.keys() - {"path", "kind", "line", "cell_id", "cell_index"}
    if unknown:
        raise InvalidRequestError(f"A place has no {', '.join(sorted(map(repr, unknown)))}.")
    kind = body.get("kind", "file")
    if kind not in KINDS:
        raise InvalidRequestError(f"The kind is one of {', '.join(KINDS)}.")
    return Place(
        path=_path(body.get("path")),
        kind=kind,
        line=_count(body, "line"),
        cell_id=_cell_id(body.get("cell_id")),
        cell_index=_count(body, "cell_index"),
    )


def _path(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_PATH_LENGTH:
        raise InvalidRequestError("A path is a text of 1 to 1024 characters.")
    if not value.isprintable() or "\\" in value:
        raise InvalidRequestError("The path holds characters that no path of a project has.")
    if any(part in ("", ".", "..") for part in value.split("/")):
        raise InvalidRequestError("The path must be relative to the project, without '..'.")
    return value


def _count(body: Mapping[str, object], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_NUMBER:
        raise InvalidRequestError(f"{name} is a whole number from 1.")
    return value


def _cell_id(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= MAX_CELL_ID_LENGTH:
        raise InvalidRequestError("A cell_id is a text of 1 to 200 characters.")
    return value


class Patience:
    """Lets one person summon everyone only so often."""

    def __init__(self, interval_s: float, now: Callable[[], float]) -> None:
        self._interval_s = interval_s
        self._now = now
        self._last: dict[str, float] = {}

    def spend(self, username: str) -> None:
        """Count one summons; raises `TooManyError` when the last one was a moment ago."""
        now = self._now()
        self._last = {name: at for name, at in self._last.items() if now - at < self._interval_s}
        if username in self._last:
            raise TooManyError("You have just called everyone; wait a moment.")
        self._last[username] = now
