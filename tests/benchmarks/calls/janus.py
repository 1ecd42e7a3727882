"""People in Janus' videoroom, by its documentation (janus.conf.meetecho.com/docs/videoroom)."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from benchmarks.calls.descriptions import answer, offer, remote_of
from benchmarks.calls.wire import Pump, Wire
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from benchmarks.calls.streams import Sending
    from websockets.asyncio.client import ClientConnection

_ROOM = 1
_PAUSE_S = 0.05


class JanusPerson:
    """Somebody in the room: one handle that sends, one that gets."""

    def __init__(
        self, room: JanusRoom, pump: Pump, sending: Sending | None, *, receives: bool
    ) -> None:
        self.down: Wire | None = None
        self.feed = 0
        self.sending = sending
        self._room = room
        self._pump = pump
        self._receives = receives
        self._handle = 0
        self._seen: set[int] = set()

    async def publish(self) -> None:
        """Send what there is to send."""
        if self.sending is None:
            return
        handle = await self._room.attach()
        joined = await self._room.ask(
            handle, {"request": "join", "ptype": "publisher", "room": _ROOM}
        )
        self.feed = joined["plugindata"]["data"]["id"]
        media = [(each.kind.media, each.ssrc) for each in self.sending.sources]
        answered = await self._room.ask(
            handle, {"request": "publish"}, {"type": "offer", "sdp": offer(media)}
        )
        up = self._pump.add(Wire(self._room.host, self.sending.hear))
        await up.connect(remote_of(answered["jsep"]["sdp"]), pause_s=_PAUSE_S)
        await self._room.until_up(handle)
        self._pump.sources.append(self.sending.send)
        self.sending.start(up, time.monotonic())

    async def follow(self, feeds: list[int]) -> None:
        """Get these people's tracks too."""
        new = [feed for feed in feeds if feed not in self._seen and feed != self.feed]
        if not new or not self._receives:
            return
        self._seen.update(new)
        streams = [{"feed": feed} for feed in new]
        if not self._handle:
            self._handle = await self._room.attach()
            asked = {"request": "join", "ptype": "subscriber", "room": _ROOM, "streams": streams}
        else:
            asked = {"request": "subscribe", "streams": streams}
        offered = await self._room.ask(self._handle, asked)
        description = offered["jsep"]["sdp"]
        jsep = {"type": "answer", "sdp": answer(description)}
        await self._room.ask(self._handle, {"request": "start"}, jsep)
        if self.down is None:
            self.down = self._pump.add(Wire(self._room.host))
            await self.down.connect(remote_of(description), pause_s=_PAUSE_S)


class JanusRoom:
    """One room, and the one session that all handles are in."""

    def __init__(self, url: str, host: str) -> None:
        self.host = host
        self._url = url
        self._people: list[JanusPerson] = []
        self._socket: ClientConnection | None = None
        self._session = 0
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._is_up: dict[int, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def join(
        self, pump: Pump, name: str, sending: Sending | None, *, receives: bool = True
    ) -> JanusPerson:
        """Come in; those who are there already subscribe to the newcomer."""
        del name
        person = JanusPerson(self, pump, sending, receives=receives)
        await person.publish()
        self._people.append(person)
        feeds = [each.feed for each in self._people if each.feed]
        for each in [person] if sending is None else self._people:
            await each.follow(feeds)
        return person

    async def close(self) -> None:
        """Leave with everybody."""
        for task in self._tasks:
            task.cancel()
        if self._socket is not None:
            await self._socket.close()

    def people(self) -> list[JanusPerson]:
        """Give all who came."""
        return self._people

    async def attach(self) -> int:
        """Make a handle of the videoroom."""
        if self._socket is None:
            self._socket = await connect(
                self._url, subprotocols=[Subprotocol("janus-protocol")], max_size=None
            )
            self._tasks.append(asyncio.get_running_loop().create_task(self._listen()))
            self._session = (await self._request({"janus": "create"}))["data"]["id"]
            self._tasks.append(asyncio.get_running_loop().create_task(self._stay()))
        made = await self._request({"janus": "attach", "plugin": "janus.plugin.videoroom"})
        return int(made["data"]["id"])

    async def ask(
        self, handle: int, body: dict[str, Any], jsep: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Ask the videoroom, and wait for its event."""
        message = {"janus": "message", "handle_id": handle, "body": body}
        return await self._request({**message, **({"jsep": jsep} if jsep else {})})

    async def until_up(self, handle: int) -> None:
        """Wait until Janus has made its end of a connection: before, a feed can't be followed."""
        await asyncio.wait_for(self._is_up.setdefault(handle, asyncio.Event()).wait(), 20)

    async def _request(self, message: dict[str, Any]) -> dict[str, Any]:
        if self._socket is None:
            raise RuntimeError("not connected")
        transaction = secrets.token_hex(8)
        session = {"session_id": self._session} if self._session else {}
        future = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = future
        await self._socket.send(json.dumps({**message, **session, "transaction": transaction}))
        reply: dict[str, Any] = await asyncio.wait_for(future, 20)
        error = reply.get("error") or reply.get("plugindata", {}).get("data", {}).get("error")
        if error:
            raise RuntimeError(str(error))
        return reply

    async def _listen(self) -> None:
        if self._socket is None:
            return
        async for text in self._socket:
            message = json.loads(text)
            if message["janus"] == "ack":
                continue  # its answer comes later
            if message["janus"] == "webrtcup":
                self._is_up.setdefault(message["sender"], asyncio.Event()).set()
            future = self._waiting.pop(message.get("transaction", ""), None)
            if future is not None and not future.done():
                future.set_result(message)

    async def _stay(self) -> None:
        while self._socket is not None:
            await asyncio.sleep(20)
            beat = {"janus": "keepalive", "session_id": self._session, "transaction": "beat"}
            await self._socket.send(json.dumps(beat))
