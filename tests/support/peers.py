"""A person in a room, over a real websocket, with a copy of the document of their own."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from pycrdt import (
    Awareness,
    Doc,
    Text,
    YMessageType,
    create_awareness_message,
    create_sync_message,
    create_update_message,
    handle_sync_message,
    read_message,
)
from support.identity import PERSON
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

if TYPE_CHECKING:
    from collections.abc import Callable

WAIT_S = 15.0
MAX_MESSAGE_BYTES = 256 * 1024 * 1024


class Peer:
    """Edits one text document; hears everything the room says."""

    def __init__(
        self,
        base_url: str,
        username: str,
        doc: Doc[Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.username = username
        self.headers = headers or {PERSON: username}
        self.doc: Doc[Any] = doc or Doc()
        self.text: Text = self.doc.get("source", type=Text)
        self.awareness = Awareness(self.doc)
        self.room = ""
        self.lineage = ""
        self.raw: list[bytes] = []
        self.close_code: int | None = None
        self.close_reason: str | None = None
        self._socket: WebSocketClientConnection | None = None
        self._listener: asyncio.Task[None] | None = None
        self._heard = asyncio.Event()
        self._subscription: Any = None
        self._is_hearing = False

    async def session(self, path: str, form: str = "text", kind: str = "file") -> int:
        """Ask for the document's room; gives the HTTP status."""
        request = HTTPRequest(
            f"{self.base_url}/api/collaboration/session/{quote(path)}",
            method="PUT",
            headers=self.headers,
            body=json.dumps({"format": form, "type": kind}),
        )
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
        if response.code < 300:
            body = json.loads(response.body)
            self.room = f"{body['format']}:{body['type']}:{body['fileId']}"
            self.lineage = body["sessionId"]
        self.answer = response.body.decode()
        return response.code

    async def connect(self, *, sync: bool = True) -> None:
        """Enter the room, and by default wait until both have everything."""
        url = self.base_url.replace("http", "ws", 1)
        request = HTTPRequest(
            f"{url}/api/collaboration/room/{self.room}?sessionId={self.lineage}",
            headers=self.headers,
        )
        self.close_code = None
        self._socket = await websocket_connect(request, max_message_size=MAX_MESSAGE_BYTES)
        self._listener = asyncio.create_task(self._listen(self._socket))
        self._subscription = self.doc.observe(self._on_change)
        if sync:
            self.synced = False
            await self.send(create_sync_message(self.doc))
            await self.until(lambda: self.synced or self.close_code is not None)

    async def join(self, path: str, form: str = "text", kind: str = "file") -> Peer:
        """Open the document at `path`."""
        status = await self.session(path, form, kind)
        assert status < 300, (status, self.answer)
        await self.connect()
        return self

    async def send(self, message: bytes) -> None:
        assert self._socket is not None
        await self._socket.write_message(message, binary=True)

    async def until(self, condition: Callable[[], bool], wait_s: float = WAIT_S) -> None:
        """Wait for what the room says to make `condition` true."""
        async with asyncio.timeout(wait_s):
            while not condition():
                self._heard.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._heard.wait(), 0.2)

    async def tell(self, state: dict[str, Any]) -> None:
        """Say where this person is."""
        self.awareness.set_local_state(state)
        update = self.awareness.encode_awareness_update([self.awareness.client_id])
        await self.send(create_awareness_message(update))

    async def leave(self) -> None:
        """Close the connection; the copy of the document stays."""
        if self._subscription is not None:
            self.doc.unobserve(self._subscription)
            self._subscription = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._listener is not None:
            await asyncio.wait([self._listener], timeout=5)
            self._listener = None

    def _on_change(self, event: Any) -> None:
        socket = self._socket
        if not self._is_hearing and socket is not None:
            with contextlib.suppress(Exception):
                _ = socket.write_message(create_update_message(event.update), binary=True)

    async def _listen(self, socket: WebSocketClientConnection) -> None:
        while True:
            message = await socket.read_message()
            if message is None:
                self.close_code, self.close_reason = socket.close_code or 1006, socket.close_reason
                self._heard.set()
                return
            assert isinstance(message, bytes)
            self._hear(message)
            self._heard.set()

    def _hear(self, message: bytes) -> None:
        if message[0] == YMessageType.SYNC:
            self._is_hearing = True
            try:
                reply = handle_sync_message(message[1:], self.doc)
            finally:
                self._is_hearing = False
            if message[1] == 1:
                self.synced = True
            if reply is not None and self._socket is not None:
                _ = self._socket.write_message(reply, binary=True)
        elif message[0] == YMessageType.AWARENESS:
            self.awareness.apply_awareness_update(read_message(message[1:]), "room")
        else:
            self.raw.append(message)


class Join(Protocol):
    """Has a person enter the room of a file."""

    async def __call__(
        self, username: str, path: str = "a.py", *form: str, doc: Doc[Any] | None = None
    ) -> Peer: ...
