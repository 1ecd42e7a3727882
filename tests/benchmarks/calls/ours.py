"""People in one of our calls, by docs/calls-protocol.md."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

from benchmarks.calls.descriptions import answer, offer, remote_of
from benchmarks.calls.wire import Pump, Wire
from websockets.asyncio.client import connect

from codesyncx_media.rights import Right

if TYPE_CHECKING:
    from benchmarks.calls.streams import Sending
    from support.media_worker import MediaWorker
    from websockets.asyncio.client import ClientConnection


class OurPerson:
    """Somebody in a call."""

    def __init__(self, pump: Pump, host: str, sending: Sending | None) -> None:
        self.up: Wire | None = None
        self.down: Wire | None = None
        self._pump = pump
        self._host = host
        self._sending = sending
        self._connection = 0
        self.socket: ClientConnection
        self._tasks: set[asyncio.Task[None]] = set()
        self._published = asyncio.Event()
        self._answer: dict[str, Any] = {}

    async def enter(self, url: str, join: dict[str, Any]) -> None:
        """Join, and publish what there is to send."""
        self.socket = await connect(url, max_size=None, max_queue=None)
        await self.socket.send(json.dumps(join))
        self._tasks.add(asyncio.get_running_loop().create_task(self._listen()))
        if self._sending is None:
            return
        sources = self._sending.sources
        await self.socket.send(
            json.dumps(
                {
                    "type": "publish",
                    "id": 1,
                    "sdp": offer([(each.kind.media, each.ssrc) for each in sources]),
                    "tracks": {str(mid): each.kind.name for mid, each in enumerate(sources)},
                }
            )
        )
        await asyncio.wait_for(self._published.wait(), 20)
        self.up = up = self._pump.add(Wire(self._host, self._sending.hear))
        await up.connect(remote_of(self._answer["sdp"]))
        self._pump.sources.append(self._sending.send)
        self._sending.start(up, time.monotonic())

    async def leave(self) -> None:
        """End signalling; the pump ends the connections."""
        for task in self._tasks:
            task.cancel()
        await self.socket.close()

    async def _listen(self) -> None:
        async for text in self.socket:
            message = json.loads(text)
            if message["type"] == "published":
                self._answer = message
                self._published.set()
            elif message["type"] == "subscribe":
                await self._subscribe(message)
            elif message["type"] == "error":
                raise RuntimeError(message["message"])

    async def _subscribe(self, message: dict[str, Any]) -> None:
        reply = {
            "type": "subscribed",
            "connection": message["connection"],
            "sdp": answer(message["sdp"]),
        }
        await self.socket.send(json.dumps(reply))
        if message["connection"] != self._connection:
            self._connection = message["connection"]
            self.down = self._pump.add(Wire(self._host))
            self.down.wants_feedback = True
            shake = self.down.connect(remote_of(message["sdp"]))
            self._tasks.add(asyncio.get_running_loop().create_task(shake))


class OurRoom:
    """A call of a media process."""

    def __init__(self, worker: MediaWorker, host: str) -> None:
        self._worker = worker
        self._host = host
        self._people: list[OurPerson] = []

    async def join(
        self,
        pump: Pump,
        name: str,
        sending: Sending | None,
        *,
        receives: bool = True,  # noqa: ARG002 (everybody gets all there is; who sends all gets none)
    ) -> OurPerson:
        """Come in."""
        person = OurPerson(pump, self._host, sending)
        self._people.append(person)
        await person.enter(self._worker.url, self._worker.join(name, frozenset(Right)))
        return person

    async def close(self) -> None:
        """Leave with everybody."""
        for person in self._people:
            await person.leave()

    def people(self) -> list[OurPerson]:
        """Give all who came."""
        return self._people
