"""Cheap clients of a document room: what the server costs is to be measured, not they.

Most listeners take in bytes and look at nothing; probes read every frame and note when each edit
arrived. All of them speak y-protocols over a plain websocket, so that they can talk to any server
of that protocol.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import struct
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pycrdt import Doc, Text

from codesyncx_server.collab import protocol
from codesyncx_server.updates import read_update

if TYPE_CHECKING:
    from collections.abc import Callable

EDIT_INTERVAL_S = 0.25
PATIENCE_S = 60.0
_SHORT, _MEDIUM = 126, 127
_SYNC, _AWARENESS = 0, 1
_STEP_2 = 1
_scratch = bytearray(1 << 18)  # what comes in is read or dropped before the next arrives

EditId = tuple[int, int]


@dataclass(frozen=True)
class Address:
    """How to come into a room; `prefix` stands before each message, `hello` comes first."""

    url: str
    headers: dict[str, str]
    prefix: bytes = b""
    hello: bytes = b""


@dataclass
class Flight:
    """Every edit on its way: when it was sent, and when others had it."""

    sent: dict[EditId, float] = field(default_factory=dict)
    arrivals: list[tuple[EditId, float]] = field(default_factory=list)


class Socket(asyncio.BufferedProtocol):
    """One websocket; messages are given to `hear` while `is_reading`, else dropped unread."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.is_reading = True
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._early: list[bytes] = []
        self.hear: Callable[[bytes], None] = self._early.append
        self.closed = False
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    async def connect(self) -> Socket:
        url = urlsplit(self._address.url)
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, url.hostname, url.port)
        await asyncio.wait_for(self.opened, PATIENCE_S)
        if self._address.hello:
            self.send(self._address.hello)
        return self

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        url = urlsplit(self._address.url)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {url.netloc}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            *(f"{name}: {value}" for name, value in self._address.headers.items()),
        ]
        transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def listen(self, hear: Callable[[bytes], None]) -> None:
        """Give messages to `hear`, also those that came before anybody listened."""
        self.hear = hear
        for message in self._early:
            hear(message)
        self._early.clear()

    def get_buffer(self, _size: int) -> bytearray:
        return _scratch

    def buffer_updated(self, count: int) -> None:
        if not self.is_reading:
            return
        self._buffer += memoryview(_scratch)[:count]
        if self.opened.done() or self._read_answer():
            self._read_frames()

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        if not self.opened.done():
            self.opened.set_exception(error or ConnectionError("closed"))

    def send(self, message: bytes) -> None:
        """Send one binary message, masked with zeros as only a benchmark may."""
        payload = self._address.prefix + message
        length = len(payload)
        if length < _SHORT:
            head = bytes((0x82, 0x80 | length))
        elif length < 1 << 16:
            head = bytes((0x82, 0x80 | _SHORT)) + struct.pack(">H", length)
        else:
            head = bytes((0x82, 0x80 | _MEDIUM)) + struct.pack(">Q", length)
        if self._transport is not None and not self.closed:
            self._transport.write(head + b"\0\0\0\0" + payload)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _read_answer(self) -> bool:
        head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not found or self.opened.done():
            return False
        self._buffer = bytearray(rest)
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            self.opened.set_exception(ConnectionError(head.decode(errors="replace")[:300]))
            return False
        self.opened.set_result(None)
        return True

    def _read_frames(self) -> None:
        data, at = self._buffer, 0
        skipped = len(self._address.prefix)
        while len(data) - at >= 2:
            opcode, length = data[at] & 0x0F, data[at + 1] & 0x7F
            start = at + 2
            if length == _SHORT:
                if len(data) < start + 2:
                    break
                (length,) = struct.unpack_from(">H", data, start)
                start += 2
            elif length == _MEDIUM:
                if len(data) < start + 8:
                    break
                (length,) = struct.unpack_from(">Q", data, start)
                start += 8
            if len(data) < start + length:
                break
            if opcode == 2:
                self.hear(bytes(memoryview(data)[start + skipped : start + length]))
            elif opcode == 8:
                self.closed = True
            at = start + length
        del data[:at]


class Client:
    """A person: types, maybe echoes awareness as JupyterLab's browsers do.

    A probe notes what arrives, one that follows takes it into a document of its own.
    """

    def __init__(
        self,
        socket: Socket,
        flight: Flight,
        *,
        doc: Doc[Any] | None = None,
        echoes: bool = False,
        follows: bool = False,
    ) -> None:
        self.socket = socket
        self.flight = flight
        self.doc: Doc[Any] = Doc() if doc is None else doc
        self.text = self.doc.get("source", type=Text)
        self.is_synced = asyncio.Event()
        self.synced_at = 0.0
        self._echoes = echoes
        self._follows = follows
        self._is_probe = False
        self._clock = 0
        self._edits = 0
        self._heard_clocks: dict[int, int] = {}
        self.first: bytes = b""
        socket.listen(self._hear)

    async def sync(self, *, probe: bool = False) -> None:
        """Fetch the document; afterwards only those read who have a reason to."""
        self.socket.send(protocol.sync_step1(self.doc.get_state()))
        await asyncio.wait_for(self.is_synced.wait(), PATIENCE_S)
        self.doc.apply_update(self.first)
        self._is_probe = probe
        self.socket.is_reading = probe or self._echoes or self._follows

    async def type_for(self, seconds: float) -> None:
        """Type 4 edits a second, each with a move of the cursor."""
        until = time.perf_counter() + seconds
        await asyncio.sleep(random.random() * EDIT_INTERVAL_S)
        while time.perf_counter() < until and not self.socket.closed:
            began = time.perf_counter()
            self.edit()
            await asyncio.sleep(max(0.0, EDIT_INTERVAL_S - (time.perf_counter() - began)))

    def edit(self) -> None:
        """Type one letter somewhere, and move the cursor there."""
        self.insert(random.randrange(len(self.text) + 1), "x")
        self._clock += 1
        state = json.dumps({"cursor": self._edits, "user": {"name": "x"}}).encode()
        entry = protocol.awareness_entry(self.doc.client_id, self._clock, state)
        self.socket.send(protocol.awareness_states([entry]))

    def insert(self, at: int, text: str) -> None:
        """Type ASCII text."""
        state = self.doc.get_state()
        self.text.insert(at, text)
        update = self.doc.get_update(state)
        self.flight.sent[self.doc.client_id, self._edits] = time.perf_counter()
        self._edits += len(text)
        self.socket.send(protocol.sync_update(update))

    def _hear(self, message: bytes) -> None:
        if message[0] == _AWARENESS:
            if self._echoes:
                self._echo(message)
        elif message[0] == _SYNC:
            now = time.perf_counter()
            decoded = protocol.decode(message)
            if isinstance(decoded, protocol.StateVector):
                news = self.doc.get_update(decoded.state) if self._follows else b"\x00\x00"
                self.socket.send(protocol.sync_step2(news))
                return
            assert isinstance(decoded, protocol.Update)
            if message[1] == _STEP_2 and not self.is_synced.is_set():
                self.first = decoded.update
                self.synced_at = now
                self.is_synced.set()
                return
            if self._follows:
                self.doc.apply_update(decoded.update)
            if self._is_probe:
                self._note(decoded.update, now)

    def _note(self, update: bytes, now: float) -> None:
        own = self.doc.client_id
        for one in read_update(update):
            if one.client != own:
                self.flight.arrivals += [
                    ((one.client, clock), now) for clock in range(one.clock, one.clock + one.length)
                ]

    def _echo(self, message: bytes) -> None:
        """Send back what is news, as JupyterLab's provider does."""
        news = []
        for client_id, clock, state in _entries(message):
            if self._heard_clocks.get(client_id, -1) < clock and client_id != self.doc.client_id:
                self._heard_clocks[client_id] = clock
                news.append(protocol.awareness_entry(client_id, clock, state))
        if news:
            self.socket.send(protocol.awareness_states(news))


@lru_cache(maxsize=4096)
def _entries(message: bytes) -> list[protocol.AwarenessEntry]:
    """Read a message that thirty clients get alike."""
    decoded = protocol.decode(message)
    assert isinstance(decoded, protocol.AwarenessStates)
    return decoded.entries
