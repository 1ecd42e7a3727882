"""What a Yjs update (v1 encoding) brings, read without applying it.

pycrdt integrates what it can and silently keeps the rest for later. An item that hangs on an
edit which doesn't exist yet would then appear under that other edit's author, so a judge has to
know beforehand that an update stands on its own: `missing` says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..errors import InvalidRequestError

Clock = dict[int, int]

_GC, _DELETED, _JSON, _BINARY, _STRING, _EMBED, _FORMAT, _TYPE, _ANY, _DOC, _SKIP = range(11)
_TYPE_NAMES = {0: "array", 1: "map", 2: "text", 3: "xml", 4: "fragment", 5: "hook", 6: "xmltext"}
_MAX_DEPTH = 24
_MAX_VARINT_SHIFT = 70


@dataclass(frozen=True, slots=True)
class Struct:
    """One run of clocks of one client, and what it depends on."""

    client: int
    clock: int
    length: int
    kind: str
    needs: tuple[tuple[int, int], ...] = ()
    root: str | None = None
    key: str | None = None


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
            if byte < 0x80:
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

    def identifier(self) -> tuple[int, int]:
        return self.number(), self.number()

    def any(self, depth: int = 0) -> None:
        if depth > _MAX_DEPTH:
            raise InvalidRequestError("The update holds values that are nested too deeply.")
        tag = self.byte()
        if tag in {127, 126, 121, 120}:
            return
        if tag == 125:
            while self.byte() >= 0x80:
                pass
        elif tag == 124:
            self.skip(4)
        elif tag in {123, 122}:
            self.skip(8)
        elif tag in {119, 116}:
            self.skip(self.number())
        elif tag == 118:
            for _ in range(self.number()):
                self.skip(self.number())
                self.any(depth + 1)
        elif tag == 117:
            for _ in range(self.number()):
                self.any(depth + 1)
        else:
            raise InvalidRequestError("The update holds a value of an unknown kind.")


def read_update(data: bytes) -> Update:
    """The structs and deletions in `data`; InvalidRequestError when it is not an update."""
    try:
        return _read(data)
    except IndexError as error:
        raise InvalidRequestError("The update is cut short.") from error
    except UnicodeDecodeError as error:
        raise InvalidRequestError("The update holds text that is not UTF-8.") from error


def read_state(data: bytes) -> Clock:
    """A state vector as client id -> clock."""
    reader = _Reader(data)
    return dict(reader.identifier() for _ in range(reader.number()))


def _read(data: bytes) -> Update:
    reader = _Reader(data)
    update = Update()
    for _ in range(reader.number()):
        count, client, clock = reader.number(), reader.number(), reader.number()
        run = update.structs.setdefault(client, [])
        for _ in range(count):
            struct = _read_struct(reader, client, clock)
            run.append(struct)
            clock += struct.length
    for _ in range(reader.number()):
        client = reader.number()
        for _ in range(reader.number()):
            start, length = reader.identifier()
            update.deletes.append((client, start, length))
    if reader.at != len(data):
        raise InvalidRequestError("The update has bytes after its end.")
    return update


def _read_struct(reader: _Reader, client: int, clock: int) -> Struct:
    info = reader.byte()
    reference = info & 0x1F
    if reference in {_GC, _SKIP}:
        length = reader.number()
        return Struct(client, clock, length, "gc" if reference == _GC else "skip")
    needs = []
    root = key = None
    if info & 0x80:
        needs.append(reader.identifier())
    if info & 0x40:
        needs.append(reader.identifier())
    if not info & 0xC0:
        if reader.number() == 1:
            root = reader.text()
        else:
            needs.append(reader.identifier())
        if info & 0x20:
            key = reader.text()
    kind, length = _read_content(reader, reference)
    if length < 1:
        raise InvalidRequestError("The update holds an empty item.")
    return Struct(client, clock, length, kind, tuple(needs), root, key)


def _read_content(reader: _Reader, reference: int) -> tuple[str, int]:
    if reference == _DELETED:
        return "deleted", reader.number()
    if reference == _ANY:
        length = reader.number()
        for _ in range(length):
            reader.any()
        return "any", length
    if reference == _JSON:
        length = reader.number()
        for _ in range(length):
            reader.skip(reader.number())
        return "json", length
    if reference == _STRING:
        return "string", len(reader.text().encode("utf-16-le")) // 2
    if reference == _TYPE:
        name = _TYPE_NAMES.get(reader.number(), "unknown")
        if name in {"xml", "hook"}:
            reader.text()
        return name, 1
    if reference in {_BINARY, _EMBED}:
        reader.skip(reader.number())
        return "binary" if reference == _BINARY else "embed", 1
    if reference == _FORMAT:
        reader.text()
        reader.text()
        return "format", 1
    if reference == _DOC:
        reader.text()
        reader.any()
        return "doc", 1
    raise InvalidRequestError("The update holds content of an unknown kind.")


def missing(update: Update, state: Mapping[int, int]) -> bool:
    """Whether `update` needs edits that neither `state` nor the update itself holds."""
    known = {client: state.get(client, 0) for client in _clients(update)}

    def has(identifier: tuple[int, int]) -> bool:
        client, clock = identifier
        return clock < known.get(client, state.get(client, 0))

    queues = {client: list(reversed(run)) for client, run in update.structs.items()}
    progress = True
    while progress:
        progress = False
        for client, queue in queues.items():
            while queue:
                struct = queue[-1]
                if struct.kind == "skip" or struct.clock > known[client]:
                    return True
                if not all(has(need) for need in struct.needs):
                    break
                known[client] = max(known[client], struct.clock + struct.length)
                queue.pop()
                progress = True
    if any(queues.values()):
        return True
    return any(start + length > known[client] for client, start, length in update.deletes)


def advance(state: Clock, update: Update) -> None:
    """Count the structs of an applied `update` into `state`."""
    for client, run in update.structs.items():
        if run:
            state[client] = max(state.get(client, 0), run[-1].clock + run[-1].length)


def _clients(update: Update) -> set[int]:
    return set(update.structs) | {client for client, _, _ in update.deletes}
