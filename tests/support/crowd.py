"""A crowd: many people who are only in the awareness room, over real websockets."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, Self

from demo_people import token_of
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from support.servers import LabServer

ROOM = "JupyterLab:globalAwareness"
AWARENESS = 1
PATIENCE_S = 60


def _varuint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _sized(data: bytes) -> bytes:
    return _varuint(len(data)) + data


def awareness_frame(client_id: int, clock: int, state: dict[str, Any]) -> bytes:
    """Encode one client's state as y-protocols does."""
    text = json.dumps(state).encode()
    update = _varuint(1) + _varuint(client_id) + _varuint(clock) + _sized(text)
    return _varuint(AWARENESS) + _sized(update)


class Crowd:
    """`with Crowd(lab, 100) as crowd: crowd.tell(3, path="a.py")`."""

    def __init__(self, lab: LabServer, size: int) -> None:
        self._lab = lab
        self._size = size
        self._clocks = [0] * size
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._stack = AsyncExitStack()
        self._sockets: list[ClientConnection] = []
        self._readers: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._wait(self._connect())
        return self

    def __exit__(self, *_: object) -> None:
        self._wait(self._leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    def tell(self, index: int, **presence: Any) -> None:
        """Say where one of the crowd is."""
        self._clocks[index] += 1
        name = f"guest{index}"
        state = {
            "user": {"username": name, "name": name.title(), "display_name": name.title()},
            "codesyncx": {"status": "active", "doing": "reading", "kind": "file", **presence},
        }
        frame = awareness_frame(1000 + index, self._clocks[index], state)
        self._wait(self._sockets[index].send(frame))

    def _wait(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    async def _connect(self) -> None:
        base = self._lab.url.replace("http", "ws", 1)
        for index in range(self._size):
            token = token_of(f"guest{index}", self._lab.token)
            url = f"{base}/api/collaboration/room/{ROOM}?token={token}"
            socket = await self._stack.enter_async_context(connect(url, max_size=None))
            self._sockets.append(socket)
            self._readers.add(asyncio.create_task(self._drain(socket)))

    async def _leave(self) -> None:
        await self._stack.aclose()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)

    async def _drain(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for _ in socket:
                pass
