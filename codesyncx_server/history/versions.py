"""What the history knows: documents, their versions, and the people who made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """A document by its file id, where known, and by its path in the project."""

    path: str
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who edits, as the server knows them."""

    username: str
    name: str

    def to_json(self) -> dict[str, Any]:
        """Give the wire form."""
        return {"username": self.username, "name": self.name}


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a document; without people it came from the disk."""

    version_id: int
    started: float
    time: float
    people: tuple[Person, ...]
    sha256: str
    size_bytes: int
    added: int
    removed: int
    label: str

    def to_json(self) -> dict[str, Any]:
        """Give the wire form."""
        return {
            "type": "version",
            "id": self.version_id,
            "started": self.started,
            "time": self.time,
            "people": [person.to_json() for person in self.people],
            "sha256": self.sha256,
            "size": self.size_bytes,
            "added": self.added,
            "removed": self.removed,
            "label": self.label,
        }


@dataclass(frozen=True, slots=True)
class ClockMark:
    """By `time` a client had written everything before its clock `clock`."""

    client_id: int
    clock: int
    time: float
