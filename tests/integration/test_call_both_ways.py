"""One call, two ways: somebody over UDP (aiortc) and somebody over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Self

import pytest
from aiortc import AudioStreamTrack, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import MediaStreamError
from support.frame_caller import FrameCaller
from support.media_worker import MediaWorker
from support.sights_and_sounds import BLUE, RED, Colour, colour_of, is_near, picture, strength, tone

if TYPE_CHECKING:
    import av


class Screen(VideoStreamTrack):
    """Shows one colour."""

    def __init__(self, colour: Colour) -> None:
        super().__init__()
        self._colour = colour
        self._number = 0

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        self._number += 1
        frame = picture(self._colour, self._number)
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(AudioStreamTrack):
    """Sounds of one tone."""

    def __init__(self, hertz: float) -> None:
        super().__init__()
        self._hertz = hertz
        self._number = 0

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(0.02)
        self._number += 1
        return tone(self._hertz, self._number)


class UdpCaller(FrameCaller):
    """Somebody whose media goes over UDP, as a browser's does."""

    async def __aenter__(self) -> Self:
        self.sending = RTCPeerConnection()
        self.getting = RTCPeerConnection()
        self.shown: list[Colour] = []
        self.sounds: list[av.AudioFrame] = []
        self.getting.on("track", lambda track: self._run(self._attend(track)))
        return await super().__aenter__()

    async def __aexit__(self, *error: object) -> None:
        await self.sending.close()
        await self.getting.close()
        await super().__aexit__(*error)

    async def open_media(self) -> None:
        """Do without a media socket."""

    async def offer(
        self, colour: Colour, hertz: float, goes_on: dict[str, str] | None = None
    ) -> dict[str, str]:
        """Publish a colour and a tone; gives the track ids by kind."""
        self.sending.addTrack(Tone(hertz))
        self.sending.addTrack(Screen(colour))
        await self.sending.setLocalDescription(await self.sending.createOffer())
        kinds = {
            each.mid: "microphone" if each.kind == "audio" else "camera"
            for each in self.sending.getTransceivers()
        }
        sdp = self.sending.localDescription.sdp
        ids = {mid: goes_on[kind] for mid, kind in kinds.items()} if goes_on else {}
        reply = await self.ask(type="publish", sdp=sdp, tracks=kinds, goes_on=ids)
        await self.sending.setRemoteDescription(RTCSessionDescription(reply["sdp"], "answer"))
        return {kinds[mid]: track_id for mid, track_id in reply["tracks"].items()}

    async def answer(self) -> None:
        """Take what the server offers."""
        offer = await self.event("subscribe")
        await self.getting.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
        await self.getting.setLocalDescription(await self.getting.createAnswer())
        sdp = self.getting.localDescription.sdp
        await self.ask(type="subscribed", connection=offer["connection"], sdp=sdp)

    async def _attend(self, track: Any) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                async with self._changed:
                    if track.kind == "audio":
                        self.sounds.append(frame)
                    else:
                        self.shown.append(colour_of(frame))
                    self._changed.notify_all()


@pytest.mark.asyncio
async def test_people_over_udp_and_over_a_websocket_see_and_hear_each_other() -> None:
    with MediaWorker() as worker:
        async with FrameCaller(worker, "ada") as ada, UdpCaller(worker, "ben") as ben:
            await ada.publish(s1="microphone", s2="camera")
            ada.film(2, RED, layers=2)
            ada.play(1, 440)
            await ben.event("track_published")
            await ben.answer()
            of_ben = await ben.offer(BLUE, 1000)
            await ada.sees(of_ben["camera"], BLUE)
            await ada.hears(of_ben["microphone"], 1000)
            await ben.wait_for(lambda: any(is_near(each, RED) for each in ben.shown))
            await ben.wait_for(lambda: any(strength(each, 440) > 0.7 for each in ben.sounds[-5:]))


@pytest.mark.asyncio
async def test_who_changes_over_to_udp_goes_on_with_the_same_tracks() -> None:
    with MediaWorker() as worker:
        async with FrameCaller(worker, "ada") as ada, UdpCaller(worker, "ben") as ben:
            of_ada = await ada.publish(s2="camera")
            ada.film(2, RED, layers=2)
            await FrameCaller.open_media(ben)
            of_ben = await ben.publish(s1="microphone", s2="camera")
            ben.film(2, RED)
            await ada.sees(of_ben[2], RED)
            await ben.sees(of_ada[2], RED)
            await ada.wait_for(
                lambda: sum(told["type"] == "track_published" for told in ada.heard) == 3
            )
            ada.heard.clear()
            ada.said.clear()
            ben.heard.clear()

            await ben.ask(type="use_udp")
            assert (await ben.media_closed())[0] == 1000
            waits = {"microphone": of_ben[1], "camera": of_ben[2]}
            assert await ben.offer(BLUE, 1000, waits) == waits
            await ben.answer()
            await ada.sees(of_ben[2], BLUE)
            await ada.hears(of_ben[1], 1000)
            await ben.wait_for(lambda: any(is_near(each, RED) for each in ben.shown))
            assert not {"track_published", "track_ended"} & {each["type"] for each in ada.heard}
            assert "streams" not in {each["type"] for each in ada.said}
            assert (await ben.ask(type="use_udp"))["type"] == "done", "said again it is no matter"
