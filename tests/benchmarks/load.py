"""Cheap clients of a document room: what the server costs is to be measured, not they.

Most listeners take in bytes and look at nothing; a few probes read every frame and say how long
each edit was under way. All of them speak y-protocols over a plain websocket, so that they can
talk to any server of that protocol.
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
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pycrdt import Doc, Text

from codesyncx_server.collab import protocol
from codesyncx_server.updates import read_update

if TYPE_CHECKING:
    from collections.abc import Callable

EDIT_INTERVAL_S = 0.25
_SHORT, _MEDIUM = 126, 127


@dataclass
class Flight:
    """Every edit on its way: when it was sent, how long it took to each probe."""

    sent: dict[tuple[int, int], float] = field(default_factory=dict)
    delays_s: list[float] = field(default_factory=list)
    arrived: int = 0


class Socket(asyncio.Protocol):
    """One websocket; `probe` frames are given to `hear`, else they are dropped unread."""

    def __init__(self, url: str, headers: dict[str, str], *, is_probe: bool) -> None:
        self._url = urlsplit(url)
        self._headers = headers
        self.is_probe = is_probe
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.hear: Callable[[bytes], None] = bytes
        self.closed = False
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    async def connect(self) -> Socket:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, self._url.hostname, self._url.port)
        await asyncio.wait_for(self.opened, 30)
        return self

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        path = self._url.path + (f"?{self._url.query}" if self._url.query else "")
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {self._url.netloc}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}",
            *(f"{name}: {value}" for name, value in self._headers.items()),
        ]
        transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def data_received(self, data: bytes) -> None:
        if self.opened.done():
            if not self.is_probe:
                return
            self._buffer += data
            self._read_frames()
            return
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        self._buffer = b""
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            self.opened.set_exception(ConnectionError(head.decode(errors="replace")[:300]))
            return
        self.opened.set_result(None)
        if rest:
            self.data_received(rest)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        if not self.opened.done():
            self.opened.set_exception(error or ConnectionError("closed"))

    def send(self, payload: bytes) -> None:
        """Send one binary message, masked with zeros as only a benchmark may."""
        length = len(payload)
        if length < _SHORT:
            head = bytes((0x82, 0x80 | length))
        elif length < 65536:
            head = bytes((0x82, 0x80 | _SHORT)) + struct.pack(">H", length)
        else:
            head = bytes((0x82, 0x80 | _MEDIUM)) + struct.pack(">Q", length)
        if self._transport is not None and not self.closed:
            self._transport.write(head + b"\0\0\0\0" + payload)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _read_frames(self) -> None:
        data, at = self._buffer, 0
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
                self.hear(data[start : start + length])
            at = start + length
        self._buffer = data[at:]


class Client:
    """A person: listens, maybe types, maybe echoes awareness as JupyterLab's browsers do."""

    def __init__(self, socket: Socket, flight: Flight, *, echoes: bool = False) -> None:
        self.socket = socket
        self.flight = flight
        self.doc: Doc[Any] = Doc()
        self.text = self.doc.get("source", type=Text)
        self.is_synced = asyncio.Event()
        self.updates = 0
        self._echoes = echoes
        self._clock = 0
        self._typed = -1
        self._reads = False
        socket.hear = self._hear

    async def sync(self) -> None:
        """Fetch the document; afterwards a client that is no probe stops reading."""
        was_probe, self.socket.is_probe = self.socket.is_probe, True
        self.socket.send(protocol.sync_step1(self.doc.get_state()))
        await asyncio.wait_for(self.is_synced.wait(), 60)
        self.socket.is_probe = was_probe or self._echoes
        self._reads = was_probe

    async def type_for(self, seconds: float) -> None:
        """Type 4 edits a second, each with a move of the cursor."""
        until = time.perf_counter() + seconds
        await asyncio.sleep(random.random() * EDIT_INTERVAL_S)
        while time.perf_counter() < until and not self.socket.closed:
            began = time.perf_counter()
            self.edit()
            await asyncio.sleep(max(0.0, EDIT_INTERVAL_S - (time.perf_counter() - began)))

    def edit(self) -> None:
        state = self.doc.get_state()
        clock = self._text_clock()
        self.text.insert(random.randrange(len(self.text) + 1) if len(self.text) else 0, "x")
        update = self.doc.get_update(state)
        self.flight.sent[self.doc.client_id, clock] = time.perf_counter()
        self.socket.send(protocol.sync_update(update))
        self._clock += 1
        state_json = json.dumps({"cursor": clock, "user": {"name": "x"}}).encode()
        entry = protocol.awareness_entry(self.doc.client_id, self._clock, state_json)
        self.socket.send(protocol.awareness_states([entry]))

    def _text_clock(self) -> int:
        self._typed += 1
        return self._typed

    def _hear(self, message: bytes) -> None:
        if message[0] == 1:
            if self._echoes:
                self.socket.send(message)
            return
        if message[0] != 0:
            return
        now = time.perf_counter()
        decoded = protocol.decode(message)
        if isinstance(decoded, protocol.StateVector):
            self.socket.send(protocol.sync_step2(b"\x00\x00"))
            return
        assert isinstance(decoded, protocol.Update)
        if message[1] == 1 and not self.is_synced.is_set():
            self.doc.apply_update(decoded.update)
            self.is_synced.set()
            return
        if not self._reads:
            return
        self.updates += 1
        for struct_ in read_update(decoded.update):
            for clock in range(struct_.clock, struct_.clock + struct_.length):
                sent = self.flight.sent.get((struct_.client, clock))
                if sent is not None:
                    self.flight.delays_s.append(now - sent)
                    self.flight.arrived += 1
