"""Somebody in a call without a browser, who sends one colour and one tone with aiortc."""

from __future__ import annotations

import asyncio
import contextlib
import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from av import AudioFrame, VideoFrame
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

if TYPE_CHECKING:
    from support.media_worker import MediaWorker
    from websockets.asyncio.client import ClientConnection

    from codesyncx_media.rights import Rights

SAMPLE_RATE = 48000
Colour = tuple[int, int, int]


class Tone(AudioStreamTrack):
    """A sine; nothing while `is_on` is False, as from a browser that is muted."""

    def __init__(self, hertz: float) -> None:
        super().__init__()
        self.hertz = hertz

    async def recv(self) -> AudioFrame:
        frame = await super().recv()
        assert isinstance(frame, AudioFrame)
        count = frame.samples
        rate = frame.sample_rate
        times = (np.arange(count) + frame.pts) / rate
        wave = (np.sin(2 * np.pi * self.hertz * times) * 8000).astype(np.int16)
        out = AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        out.pts, out.sample_rate, out.time_base = frame.pts, rate, Fraction(1, rate)
        return out


class Colours(VideoStreamTrack):
    """Pictures of one colour, which can be changed."""

    def __init__(self, colour: Colour) -> None:
        super().__init__()
        self.colour = colour

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        picture = np.full((180, 320, 3), self.colour, np.uint8)
        frame = VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = pts, time_base
        return frame


class RtcCaller:
    """`async with RtcCaller(worker, "ada", rights) as ada:` is in the call."""

    def __init__(self, worker: MediaWorker, name: str, rights: Rights) -> None:
        self._worker = worker
        self._name = name
        self._rights = rights
        self._asked = 0
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._socket: ClientConnection
        self._reading: asyncio.Task[None]
        self.heard: list[dict[str, Any]] = []
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._socket = await connect(self._worker.url, max_size=None)
        self._reading = asyncio.create_task(self._read())
        await self._socket.send(json.dumps(self._worker.join(self._name, self._rights)))
        await self.hear("room")
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._peer.close()
        await self._socket.close()
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading

    async def ask(self, **message: Any) -> dict[str, Any]:
        """Send a message and give what it is answered with."""
        self._asked += 1
        number = self._asked
        await self._socket.send(json.dumps({"id": number, **message}))
        return await self._wait(lambda heard: heard.get("id") == number)

    async def hear(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Wait for an event that has these fields, or give the one that came."""
        wanted = {"type": kind, **fields}
        return await self._wait(lambda heard: wanted.items() <= heard.items())

    async def publish(self, tone: Tone, colours: Colours, kind: str = "camera") -> dict[str, str]:
        """Send sound and pictures; gives their track ids by kind."""
        self._peer.addTrack(tone)
        self._peer.addTrack(colours)
        await self._peer.setLocalDescription(await self._peer.createOffer())
        mids = {one.kind: one.mid for one in self._peer.getTransceivers()}
        kinds = {mids["audio"]: "microphone", mids["video"]: kind}
        answer = await self.ask(type="publish", sdp=self._peer.localDescription.sdp, tracks=kinds)
        assert answer["type"] == "published", answer
        await self._peer.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        return {kinds[mid]: track_id for mid, track_id in answer["tracks"].items()}

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):  # the process was killed
            async for text in self._socket:
                async with self._news:
                    self.heard.append(json.loads(text))
                    self._news.notify_all()

    async def _wait(self, wanted: Any) -> dict[str, Any]:
        async with asyncio.timeout(40), self._news:
            while True:
                for heard in self.heard:
                    if wanted(heard):
                        return heard
                await self._news.wait()
