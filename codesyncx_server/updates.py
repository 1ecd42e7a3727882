"""What a Yjs update (v1 encoding) brings, read without applying it.

pycrdt integrates what it can and silently keeps the rest for later. An item that hangs on an
edit which doesn't exist yet would then appear under that other edit's author, so a judge has to
know beforehand that an update stands on its own: `missing` says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Clock = dict[int, int]
Id = tuple[int, int]

_GC, _DELETED, _JSON, _BINARY, _STRING, _EMBED, _FORMAT, _TYPE, _ANY, _DOC, _SKIP = range(11)
_TYPE_NAMES = {0: "array", 1: "map", 2: "text", 3: "xml", 4: "fragment", 5: "hook", 6: "xmltext"}
_KINDS = {
    _DELETED: "deleted",
    _JSON: "json",
    _BINARY: "binary",
    _STRING: "string",
    _EMBED: "embed",
    _FORMAT: "format",
    _ANY: "any",
    _DOC: "doc",
}
_MAX_DEPTH = 24
_MAX_VARINT_SHIFT = 70
_MAX_CLIENT_ID = 2**53 - 1  # what a browser counts up to
_MAX_CLOCK = 2**31 - 1  # pycrdt reckons in 32 bits and lets larger ones wrap around
_MORE = 0x80
_HAS_LEFT, _HAS_RIGHT, _HAS_KEY = 0x80, 0x40, 0x20

# The tags of lib0's "any" encoding.
_ARRAY, _BUFFER, _OBJECT, _TEXT, _INTEGER = 117, 116, 118, 119, 125
_FIXED_SIZES = {120: 0, 121: 0, 122: 8, 123: 8, 124: 4, 126: 0, 127: 0}


class Struct(NamedTuple):
    """One run of clocks of one client, and what it depends on.

    `left` and `right` are what it stood between when it was made, `data` is a string's UTF-8.
    """

    client: int
    clock: int
    length: int
    kind: str
    needs: tuple[Id, ...] = ()
    root: str | None = None
    key: str | None = None
    left: Id | None = None
    right: Id | None = None
    data: bytes | None = None

    @property
    def end(self) -> int:
        """The clock after its last one."""
        return self.clock + self.length


@dataclass(slots=True)
class Update:
    """A decoded update: its structs by client, and the ranges it deletes."""

    structs: dict[int, list[Struct]] = field(default_factory=dict)
    deletes: list[tuple[int, int, int]] = field(default_factory=list)

    def __iter__(self) -> Iterator[Struct]:
        for run in self.structs.values():
            yield from run


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def byte(self) -> int:
        value = self.data[self.at]
        self.at += 1
        return value

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < _MORE:
                return value
            shift += 7
            if shift > _MAX_VARINT_SHIFT:
                raise InvalidRequestError("The update holds a number that is too long.")

    def skip(self, length: int) -> None:
        if self.at + length > len(self.data):
            raise InvalidRequestError("The update is cut short.")
        self.at += length

    def text(self) -> str:
        length = self.number()
        start = self.at
        self.skip(length)
        return self.data[start : self.at].decode()

    def client(self) -> int:
        client = self.number()
        if client > _MAX_CLIENT_ID:
            raise InvalidRequestError("The update holds a client id that is too large.")
        return client

    def clock(self) -> int:
        clock = self.number()
        if clock > _MAX_CLOCK:
            raise InvalidRequestError("The update counts further than documents do.")
        return clock

    def identifier(self) -> tuple[int, int]:
        return self.client(), self.clock()

    def any(self, depth: int = 0) -> None:
        if depth > _MAX_DEPTH:
            raise InvalidRequestError("The update holds values that are nested too deeply.")
        tag = self.byte()
        if tag in _FIXED_SIZES:
            self.skip(_FIXED_SIZES[tag])
        elif tag == _INTEGER:
            while self.byte() >= _MORE:
                pass
        elif tag in {_TEXT, _BUFFER}:
            self.skip(self.number())
        elif tag in {_OBJECT, _ARRAY}:
            for _ in range(self.number()):
                if tag == _OBJECT:
                    self.skip(self.number())
                self.any(depth + 1)
        else:
            raise InvalidRequestError("The update holds a value of an unknown kind.")


def read_update(data: bytes) -> Update:
    """Decode `data`; InvalidRequestError when it is not an update."""
    try:
        return _read(data)
    except IndexError as error:
        raise InvalidRequestError("The update is cut short.") from error
    except UnicodeDecodeError as error:
        raise InvalidRequestError("The update holds text that is not UTF-8.") from error


def read_state(data: bytes) -> Clock:
    """Decode a state vector to client id -> clock."""
    reader = _Reader(data)
    return dict(reader.identifier() for _ in range(reader.number()))


def _read(data: bytes) -> Update:
    reader = _Reader(data)
    update = Update()
    for _ in range(reader.number()):
        count, client, clock = reader.number(), reader.client(), reader.clock()
        if client in update.structs:
            raise InvalidRequestError("The update names a client twice.")
        run = update.structs[client] = []
        for _ in range(count):
            struct = _read_struct(reader, client, clock)
            run.append(struct)
            clock += struct.length
            if clock > _MAX_CLOCK:
                raise InvalidRequestError("The update counts further than documents do.")
    named = set()
    for _ in range(reader.number()):
        client = reader.client()
        if client in named:
            raise InvalidRequestError(
                "The update names a client twice."
            )  # the last one would count
        named.add(client)
        for _ in range(reader.number()):
            update.deletes.append((client, reader.clock(), reader.clock()))
    if reader.at != len(data):
        raise InvalidRequestError("The update has bytes after its end.")
    return update


def _read_struct(reader: _Reader, client: int, clock: int) -> Struct:
    info = reader.byte()
    reference = info & 0x1F
    if reference in {_GC, _SKIP}:
        length = reader.clock()
        if length < 1:
            raise InvalidRequestError("The update holds an empty item.")
        return Struct(client, clock, length, "gc" if reference == _GC else "skip")
    root = key = parent = data = None
    left = reader.identifier() if info & _HAS_LEFT else None
    right = reader.identifier() if info & _HAS_RIGHT else None
    if not info & (_HAS_LEFT | _HAS_RIGHT):
        if reader.number() == 1:
            root = reader.text()
        else:
            parent = reader.identifier()
        if info & _HAS_KEY:
            key = reader.text()
    if reference == _STRING:
        text = reader.text()
        data = text.encode()
        kind, length = _KINDS[_STRING], units_of(data)
    else:
        kind, length = _read_content(reader, reference)
    if length < 1:
        raise InvalidRequestError("The update holds an empty item.")
    needs = tuple(need for need in (left, right, parent) if need is not None)
    return Struct(client, clock, length, kind, needs, root, key, left, right, data)


def _read_content(reader: _Reader, reference: int) -> tuple[str, int]:
    length = 1
    if reference in {_DELETED, _ANY, _JSON}:
        length = reader.clock()
    if reference == _ANY:
        for _ in range(length):
            reader.any()
    elif reference in {_JSON, _BINARY, _EMBED}:
        for _ in range(length):
            reader.skip(reader.number())
    elif reference == _TYPE:
        return _read_type(reader), 1
    elif reference == _FORMAT:
        reader.text()
        reader.text()
    elif reference == _DOC:
        reader.text()
        reader.any()
    return _KINDS.get(reference) or _unknown(), length


def _read_type(reader: _Reader) -> str:
    name = _TYPE_NAMES.get(reader.number()) or _unknown()
    if name in {"xml", "hook"}:
        reader.text()
    return name


def _unknown() -> str:
    raise InvalidRequestError("The update holds content of an unknown kind.")


def units_of(data: bytes) -> int:
    """Count UTF-8 bytes in what clocks count: UTF-16."""
    return len(data) if data.isascii() else len(data.decode().encode("utf-16-le")) // 2


def missing(update: Update, state: Mapping[int, int]) -> bool:
    """Whether `update` needs edits that neither `state` nor the update itself holds."""
    if in_order(update, state) is None:
        return True
    known = dict.fromkeys((client for client, _, _ in update.deletes), 0)
    for client in known:
        run = update.structs.get(client)
        known[client] = max(state.get(client, 0), run[-1].end if run else 0)
    return any(start + length > known[client] for client, start, length in update.deletes)


def in_order(update: Update, state: Mapping[int, int]) -> list[Struct] | None:
    """Give the structs so that each comes after what it needs; None when something is missing."""
    known = {client: state.get(client, 0) for client in update.structs}
    found: list[Struct] = []

    def has(identifier: Id) -> bool:
        client, clock = identifier
        return clock < known.get(client, state.get(client, 0))

    queues = {client: list(reversed(run)) for client, run in update.structs.items()}
    progress = True
    while progress:
        progress = False
        for client, queue in queues.items():
            while queue:
                struct = queue[-1]
                end = struct.end
                # What is left out does no harm where it is known.
                if struct.clock > known[client] or (struct.kind == "skip" and end > known[client]):
                    return None
                if not all(has(need) for need in struct.needs):
                    break
                known[client] = max(known[client], end)
                found.append(queue.pop())
                progress = True
    return None if any(queues.values()) else found


def advance(state: Clock, update: Update) -> None:
    """Count the structs of an applied `update` into `state`."""
    for client, run in update.structs.items():
        if run:
            state[client] = max(state.get(client, 0), run[-1].end)
