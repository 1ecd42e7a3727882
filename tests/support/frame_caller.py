"""Somebody in a call whose media goes over a WebSocket, without a browser."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from typing import TYPE_CHECKING, Any, Self

import av
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from codesyncx_media.frames.wire import Chunk, Codec, read_chunk, write_chunk
from codesyncx_media.rights import Right

from .sights_and_sounds import (
    PICTURE_TICKS,
    SAMPLES,
    Colour,
    colour_of,
    decoder,
    is_near,
    opus_encoder,
    picture,
    strength,
    tone,
    vp8_encoder,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.asyncio.client import ClientConnection

    from .media_worker import MediaWorker

PATIENCE_S = 20
LARGE = 10_000
"""Bytes of a frame after which more is waited for until it is said to have come."""
SPEAKER = frozenset({Right.SPEAK, Right.SHARE_SCREEN})
CODECS = ["opus", "vp8"]


class FrameCaller:
    """`async with FrameCaller(worker, "ada") as ada:` joins, and opens a media socket."""

    def __init__(self, worker: MediaWorker, name: str, rights: frozenset[Right] = SPEAKER) -> None:
        self._worker = worker
        self._name = name
        self._rights = rights
        self._asked = itertools.count(1)
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._stack = contextlib.AsyncExitStack()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self.signalling: ClientConnection
        self.media: ClientConnection
        self.id = ""
        self.heard: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        """What came over the media socket in words."""
        self.streams: dict[int, str] = {}
        self.chunks: list[tuple[str, Chunk]] = []
        """What came, each with its track id."""
        self.bytes = 0
        self.is_slow = False
        """Whether it says no more how much has come."""

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        self.signalling = await self._stack.enter_async_context(
            connect(self._worker.url, max_size=None, max_queue=None)
        )
        await self.signalling.send(json.dumps(self._worker.join(self._name, self._rights)))
        self._run(self._hear())
        self.id = (await self.event("welcome"))["member_id"]
        await self.event("room")
        await self.open_media()
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.__aexit__(None, None, None)

    async def open_media(self) -> None:
        """Open a media socket, instead of any before."""
        key = (await self.ask(type="use_websocket", codecs=CODECS))["key"]
        self.media = await self.socket()
        await self.media.send(json.dumps({"type": "open", "key": key}))
        self._run(self._watch(self.media))

    async def lose_all(self) -> None:
        """Have both sockets break, as when the network is gone."""
        self.signalling.transport.abort()
        self.media.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def come_back(self) -> dict[str, Any]:
        """Join again with the session from before, with a media socket; gives the welcome."""
        session = (await self.event("welcome"))["session"]
        self.heard.clear()
        self.said.clear()
        self.signalling = await self._stack.enter_async_context(
            connect(self._worker.url, max_size=None, max_queue=None)
        )
        join = self._worker.join(self._name, self._rights)
        await self.signalling.send(json.dumps({**join, "session": session}))
        self._run(self._hear())
        welcome = await self.event("welcome")
        await self.event("room")
        await self.open_media()
        return welcome

    async def socket(self) -> ClientConnection:
        """Open a media socket and say nothing."""
        return await self._stack.enter_async_context(
            connect(f"{self._worker.url}/media", max_size=None, max_queue=None)
        )

    async def ask(self, **message: Any) -> dict[str, Any]:
        """Ask the call for something; gives the answer."""
        number = next(self._asked)
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        await self.signalling.send(json.dumps({**message, "id": number}))
        return await asyncio.wait_for(reply, PATIENCE_S)

    async def publish(self, goes_on: dict[int, str] | None = None, **kinds: str) -> dict[int, str]:
        """Announce tracks, of which the keyword is `s` and the number; gives their ids."""
        tracks = {name.removeprefix("s"): kind for name, kind in kinds.items()}
        ids = {str(number): track_id for number, track_id in (goes_on or {}).items()}
        reply = await self.ask(type="publish_frames", tracks=tracks, goes_on=ids)
        return {int(number): track_id for number, track_id in reply["tracks"].items()}

    def film(self, stream: int, colour: Colour, layers: int = 1) -> None:
        """Send pictures of a colour from now on, twice as large in each layer."""
        self._run(self._film(stream, colour, layers))

    def play(self, stream: int, hertz: float) -> None:
        """Send a tone from now on."""
        self._run(self._play(stream, hertz))

    async def send(self, chunk: Chunk) -> None:
        """Send a frame."""
        await self.media.send(write_chunk(chunk))

    async def wait_for(self, what: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(what)

    async def event(self, kind: str) -> dict[str, Any]:
        """Give the first message of a type, when it has come."""
        await self.wait_for(lambda: any(each["type"] == kind for each in self.heard))
        return next(each for each in self.heard if each["type"] == kind)

    async def sees(self, track_id: str, colour: Colour) -> None:
        """Wait until a track shows a colour."""
        screen = decoder("vp8")
        begin = 0

        def is_shown() -> bool:
            nonlocal begin
            new, begin = self.chunks[begin:], len(self.chunks)
            return any(
                is_near(colour_of(frame), colour)
                for which, chunk in new
                if which == track_id
                for frame in screen.decode(_packet(chunk))
            )

        await self.wait_for(is_shown)

    async def hears(self, track_id: str, hertz: float) -> None:
        """Wait until a track sounds of a tone."""
        speaker = decoder("libopus")
        begin = 0

        def is_heard() -> bool:
            nonlocal begin
            new, begin = self.chunks[begin:], len(self.chunks)
            return any(
                strength(frame, hertz) > 0.7
                for which, chunk in new
                if which == track_id
                for frame in speaker.decode(_packet(chunk))
            )

        await self.wait_for(is_heard)

    async def media_closed(self) -> tuple[int, str]:
        """Wait until the server closes the media socket; gives its code and that of its reason."""
        await asyncio.wait_for(self.media.wait_closed(), PATIENCE_S)
        return closing_of(self.media)

    def _run(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)

    async def _hear(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                message = json.loads(await self.signalling.recv())
                reply = self._replies.pop(message.get("id", 0), None)
                if reply is not None and not reply.done():
                    reply.set_result(message)
                self.heard.append(message)
                async with self._changed:
                    self._changed.notify_all()

    async def _watch(self, socket: ClientConnection) -> None:
        self.bytes = 0
        with contextlib.suppress(ConnectionClosed):
            while True:
                message = await socket.recv()
                if isinstance(message, str):
                    self._note(json.loads(message))
                else:
                    self.bytes += len(message)
                    chunk = read_chunk(message)
                    self.chunks.append((self.streams[chunk.stream], chunk))
                    is_due = len(self.chunks) % 10 == 0 or len(message) > LARGE
                    if not self.is_slow and is_due:
                        await socket.send(json.dumps({"type": "received", "bytes": self.bytes}))
                async with self._changed:
                    self._changed.notify_all()

    def _note(self, message: dict[str, Any]) -> None:
        self.said.append(message)
        if message["type"] == "streams":
            self.streams = {int(n): track_id for n, track_id in message["tracks"].items()}

    async def _film(self, stream: int, colour: Colour, layers: int) -> None:
        sizes = [(160 << layer, 120 << layer) for layer in range(layers)]
        encoders = [vp8_encoder(*size) for size in sizes]
        begin = time.monotonic()
        for number in itertools.count():
            asked = [each for each in self.said if each["type"] == "keyframe"]
            for each in asked:
                self.said.remove(each)
                encoders[each["layer"]] = vp8_encoder(*sizes[each["layer"]])
            for layer, encoder in enumerate(encoders):
                for packet in encoder.encode(picture(colour, number, *sizes[layer])):
                    await self.send(
                        Chunk(
                            stream,
                            Codec.VP8,
                            number * PICTURE_TICKS,
                            bytes(packet),
                            is_key=packet.is_keyframe,
                            layer=layer,
                        )
                    )
            await asyncio.sleep(begin + (number + 1) * PICTURE_TICKS / 90_000 - time.monotonic())

    async def _play(self, stream: int, hertz: float) -> None:
        encoder = opus_encoder()
        begin = time.monotonic()
        for number in itertools.count():
            for packet in encoder.encode(tone(hertz, number)):
                chunk = Chunk(stream, Codec.OPUS, number * SAMPLES, bytes(packet), level=20)
                await self.send(chunk)
            await asyncio.sleep(begin + (number + 1) * SAMPLES / 48_000 - time.monotonic())


def closing_of(socket: ClientConnection) -> tuple[int, str]:
    """Give the code with which a socket was closed, and that of its reason."""
    reason = socket.close_reason or ""
    return socket.close_code or 0, json.loads(reason)["code"] if reason[:1] == "{" else reason


def _packet(chunk: Chunk) -> Any:
    return av.Packet(chunk.data)
