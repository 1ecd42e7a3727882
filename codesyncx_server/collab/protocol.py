"""The wire protocol of document rooms, without a socket.

It is y-protocols' sync and awareness over websockets, as jupyter-collaboration speaks it::

    message   = sync | awareness | raw | query
    sync      = 0, (0, state vector | 1, update | 2, update)
    awareness = 1, [count, (client id, clock, JSON or "null")...]
    raw       = 2, a word ("save" is followed by a number; replies are JSON)
    query     = 3

Numbers are var-uints, [..] and strings are preceded by their length in bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

_SYNC, _AWARENESS, _RAW, _QUERY = range(4)
_STEP_1, _STEP_2, _UPDATE = range(3)

_MORE = 0x80
_MAX_VARINT_BYTES = 10
_MAX_AWARENESS_ENTRIES = 10_000
_MAX_WORD_BYTES = 64

_FIN_BINARY = 0x82
_SHORT, _MEDIUM = 126, 127
_MAX_MEDIUM = 0xFFFF


@dataclass(frozen=True, slots=True)
class StateVector:
    """A peer tells what it has and asks for the rest (sync step 1)."""

    state: bytes


@dataclass(frozen=True, slots=True)
class Update:
    """Edits: an answer to a state vector (sync step 2), or new ones."""

    update: bytes
    is_answer: bool = False


class AwarenessEntry(NamedTuple):
    """The state of one client: JSON as it came, `null` for one that left."""

    client_id: int
    clock: int
    state: bytes


@dataclass(frozen=True, slots=True)
class AwarenessStates:
    """What clients tell of themselves."""

    entries: list[AwarenessEntry]


@dataclass(frozen=True, slots=True)
class AwarenessQuery:
    """A peer asks for everyone's state."""


@dataclass(frozen=True, slots=True)
class SaveRequest:
    """A person asks to write the file now."""

    request_id: int


Message = StateVector | Update | AwarenessStates | AwarenessQuery | SaveRequest


class _Reader:
    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def number(self) -> int:
        value = shift = 0
        for _ in range(_MAX_VARINT_BYTES):
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < _MORE:
                return value
            shift += 7
        raise InvalidRequestError("The message holds a number that is too long.")

    def chunk(self) -> bytes:
        length = self.number()
        end = self.at + length
        if end > len(self.data):
            raise InvalidRequestError("The message is cut short.")
        part = self.data[self.at : end]
        self.at = end
        return part

    def finish(self) -> None:
        if self.at != len(self.data):
            raise InvalidRequestError("The message has bytes after its end.")


def decode(data: bytes) -> Message:
    """Read one message; InvalidRequestError when it is none."""
    reader = _Reader(data)
    try:
        message = _decode(reader)
    except IndexError as error:
        raise InvalidRequestError("The message is cut short.") from error
    reader.finish()
    return message


def _decode(reader: _Reader) -> Message:
    kind = reader.number()
    if kind == _SYNC:
        return _decode_sync(reader)
    if kind == _AWARENESS:
        return AwarenessStates(_decode_awareness(reader.chunk()))
    if kind == _QUERY:
        return AwarenessQuery()
    if kind == _RAW:
        word = reader.chunk()
        if word == b"save":
            return SaveRequest(reader.number())
        shown = word[:_MAX_WORD_BYTES].decode(errors="replace")
        raise InvalidRequestError(f"The request {shown!r} is unknown.")
    raise InvalidRequestError(f"Messages of type {kind} are unknown.")


def _decode_sync(reader: _Reader) -> Message:
    step = reader.number()
    if step == _STEP_1:
        return StateVector(reader.chunk())
    if step in {_STEP_2, _UPDATE}:
        return Update(reader.chunk(), step == _STEP_2)
    raise InvalidRequestError(f"Sync messages of type {step} are unknown.")


def _decode_awareness(data: bytes) -> list[AwarenessEntry]:
    reader = _Reader(data)
    count = reader.number()
    if count > _MAX_AWARENESS_ENTRIES:
        raise InvalidRequestError("The message tells of too many people at once.")
    entries = [
        AwarenessEntry(reader.number(), reader.number(), reader.chunk()) for _ in range(count)
    ]
    reader.finish()
    return entries


def encode_number(value: int) -> bytes:
    """Write a var-uint."""
    out = bytearray()
    while value >= _MORE:
        out.append((value & 0x7F) | _MORE)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_chunk(data: bytes) -> bytes:
    """Write bytes after their length."""
    return encode_number(len(data)) + data


def sync_step1(state: bytes) -> bytes:
    """Ask for what `state`, a state vector, lacks."""
    return bytes((_SYNC, _STEP_1)) + encode_chunk(state)


# What a browser that has nothing asks first.
NOTHING_YET = sync_step1(b"\x00")


def sync_step2(update: bytes) -> bytes:
    """Answer a state vector."""
    return bytes((_SYNC, _STEP_2)) + encode_chunk(update)


def sync_update(update: bytes) -> bytes:
    """Tell of new edits."""
    return bytes((_SYNC, _UPDATE)) + encode_chunk(update)


def awareness_entry(client_id: int, clock: int, state: bytes) -> bytes:
    """Write one client's state, to be put together by `awareness_states`."""
    return encode_number(client_id) + encode_number(clock) + encode_chunk(state)


def awareness_states(entries: Iterable[bytes]) -> bytes:
    """Tell of clients, each written by `awareness_entry`."""
    parts = list(entries)
    return bytes((_AWARENESS,)) + encode_chunk(encode_number(len(parts)) + b"".join(parts))


def save_reply(request_id: int, status: str) -> bytes:
    """Answer a request to save: `success`, `failed` or `skipped`."""
    body = {"type": "save", "responseTo": request_id, "status": status}
    return bytes((_RAW,)) + encode_chunk(json.dumps(body).encode())


def frame(payload: bytes) -> bytes:
    """Wrap a message in an unmasked binary websocket frame (RFC 6455, section 5.2).

    Built once, whatever the number of listeners; so no extension (compression) may be negotiated.
    """
    return _frame_head(len(payload)) + payload


def frame_of_update(update: bytes) -> bytes:
    """Give `frame(sync_update(update))`, but copy a large update only once."""
    head = bytes((_SYNC, _UPDATE)) + encode_number(len(update))
    return b"".join((_frame_head(len(head) + len(update)), head, update))


def _frame_head(length: int) -> bytes:
    if length < _SHORT:
        return bytes((_FIN_BINARY, length))
    if length <= _MAX_MEDIUM:
        return bytes((_FIN_BINARY, _SHORT)) + length.to_bytes(2, "big")
    return bytes((_FIN_BINARY, _MEDIUM)) + length.to_bytes(8, "big")
