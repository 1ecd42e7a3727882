"""What a document's log says, read back."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .records import RecordType, encode_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .records import Saved

_CLIENT_ID = struct.Struct("<Q")


class Author(NamedTuple):
    """Whom a client id belongs to."""

    username: str
    name: str


@dataclass(frozen=True, slots=True)
class Replay:
    """All that a log says.

    `paths` are those that its updates may name: where the file was; None when that isn't known.
    `saved` is the last version known to be on disk; `saving` a later one whose write was begun and
    not confirmed.
    """

    updates: list[bytes] = field(default_factory=list)
    authors: dict[int, Author] = field(default_factory=dict)
    saved: Saved | None = None
    saving: Saved | None = None
    paths: frozenset[str] | None = field(default=None, compare=False)

    @property
    def base(self) -> Saved | None:
        """The version from which a file that we don't recognise was most likely changed."""
        return self.saving or self.saved

    def find_saved(self, sha256: str) -> Saved | None:
        """Tell which of our versions the file on disk is; None if somebody else wrote it."""
        for version in (self.saving, self.saved):
            if version is not None and version.sha256 == sha256:
                return version
        return None


def paths_in(records: Iterable[tuple[int, bytes]]) -> frozenset[str] | None:
    """Give the paths that a log's updates may name; None when one came before any path."""
    paths: set[str] = set()
    for kind, payload in records:
        if kind == RecordType.PATH:
            paths.add(payload.decode())
        elif kind == RecordType.UPDATE and not paths:
            return None
    return frozenset(paths)


def encode_author(client_id: int, author: Author) -> bytes:
    """Write down whom a client id belongs to."""
    facts = json.dumps(author._asdict()).encode()
    return encode_record(RecordType.AUTHOR, _CLIENT_ID.pack(client_id) + facts)


def decode_author(payload: bytes) -> tuple[int, Author]:
    """Read what `encode_author` wrote."""
    (client_id,) = _CLIENT_ID.unpack_from(payload)
    return client_id, Author(**json.loads(payload[_CLIENT_ID.size :]))
