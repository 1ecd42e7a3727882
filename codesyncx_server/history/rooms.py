"""What the history asks of the document rooms: who is behind a client id, and how far they wrote.

The rooms live in `settings["codesyncx_rooms"]`; without them (the stock rooms serve) nobody is
known here and the browser falls back to the names in awareness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from .versions import Person

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOMS_SETTING = "codesyncx_rooms"
# A document is read from the disk under this client id (jupyter_server_ydoc's choice).
DISK_CLIENT_ID = 0


class Author(Protocol):
    """Who a room says is behind a client id."""

    @property
    def username(self) -> str: ...
    @property
    def name(self) -> str: ...


class AuthoredRoom(Protocol):
    """A document room that knows its authors."""

    @property
    def authors(self) -> Mapping[int, Author]: ...


class RoomRegistry(Protocol):
    """The open rooms by path."""

    def for_path(self, path: str) -> Any: ...


def authors_of(settings: Mapping[str, Any], path: str) -> dict[int, Person]:
    """Give the person behind each client id that wrote in the open document at `path`."""
    room = _room_of(settings, path)
    authors: Mapping[int, Author] = getattr(room, "authors", None) or {}
    return {
        client_id: Person(author.username, author.name or author.username)
        for client_id, author in authors.items()
        if client_id != DISK_CLIENT_ID
    }


def clocks_of(settings: Mapping[str, Any], path: str) -> dict[int, int]:
    """Give how far each client has written in the open document at `path`."""
    room = _room_of(settings, path)
    if room is None:
        return {}
    clocks = decode_state_vector(room.ydoc.get_state())
    clocks.pop(DISK_CLIENT_ID, None)
    return clocks


def decode_state_vector(data: bytes) -> dict[int, int]:
    """Read a Yjs state vector: a count, then pairs of client id and clock, all var-uints."""
    numbers: list[int] = []
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 (the var-uint's continuation bit)
            numbers.append(value)
            value = shift = 0
    pairs = numbers[1 : 1 + 2 * numbers[0]] if numbers else []
    return dict(zip(pairs[::2], pairs[1::2], strict=False))


def _room_of(settings: Mapping[str, Any], path: str) -> Any:
    registry: RoomRegistry | None = settings.get(ROOMS_SETTING)
    return None if registry is None else registry.for_path(path)
