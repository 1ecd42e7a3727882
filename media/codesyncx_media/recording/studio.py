"""Makes a film of what a call's people send: decodes what is shown, mixes what is heard.

It has no clock: the messages say how late it is. Its film is a second behind, so that what comes
late has its place still.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import av
import numpy as np

from .feed import EndTrack, Media, Show, Stop, Tick
from .film import PICTURES_PER_S
from .mixer import SAMPLE_RATE, Mixer, Voice, stretched

if TYPE_CHECKING:
    from .canvas import Canvas
    from .feed import Message, Seconds
    from .film import Film
    from .mixer import Samples

BEHIND_S = 1.0
PATIENCE_S = 1.5
"""How long the last picture stays while the first one of somebody else is on its way."""
MAX_PIXELS = 4096 * 2304
MAX_WAITING = 256
_SAMPLES_PER_PICTURE = SAMPLE_RATE // PICTURES_PER_S
_FULL_SCALE = 32768
_LOOK_AHEAD = 312
"""By how many samples Opus gives its sound later than the timestamp says: 6.5 ms in browsers."""
_HALF_A_PICTURE_S = 0.5 / PICTURES_PER_S
_DECODERS = {"vp8": "vp8", "vp9": "vp9", "h264": "h264", "av1": "libdav1d"}
_TICKS_PER_S = 90000


class Picture(NamedTuple):
    """A decoded picture and when it was taken."""

    at: Seconds
    frame: av.VideoFrame
    rotation: int


class PictureStream:
    """The pictures of one track; those that can't be decoded are left out."""

    def __init__(self) -> None:
        self._codec = ""
        self._decoder: av.VideoCodecContext | None = None
        self._waiting: deque[Picture] = deque(maxlen=MAX_WAITING)
        self._last: Picture | None = None

    def take(self, media: Media) -> None:
        """Decode a frame."""
        frame = media.frame
        if self._decoder is None or self._codec != frame.codec:
            if not frame.is_key:
                return
            self._codec, self._decoder = frame.codec, _picture_decoder(frame.codec)
        packet = av.Packet(frame.data)
        packet.pts = packet.dts = round(media.at * _TICKS_PER_S)
        try:
            decoded = self._decoder.decode(packet)
        except av.FFmpegError:
            return  # it never was a picture; the next key frame is one
        for picture in decoded:
            at = media.at if picture.pts is None else picture.pts / _TICKS_PER_S
            self._waiting.append(Picture(at, picture, frame.rotation))

    def at(self, time: Seconds) -> Picture | None:
        """Give what was to be seen at a time; times only grow."""
        while self._waiting and self._waiting[0].at <= time:
            self._last = self._waiting.popleft()
        return self._last


class SoundStream:
    """The sound of one track."""

    def __init__(self) -> None:
        self._decoder = _sound_decoder()
        self._voice = Voice()

    def take(self, media: Media) -> tuple[int, Samples] | None:
        """Decode a packet; gives its place and samples, None for what can't be decoded."""
        try:
            decoded = self._decoder.decode(av.Packet(media.frame.data))
        except av.FFmpegError:
            return None
        if not decoded:
            return None
        whole = np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in decoded])
        samples = whole.astype(np.float32) / np.float32(_FULL_SCALE)
        place, count = self._voice.place(media.frame.timestamp, media.at, len(samples))
        return place - _LOOK_AHEAD, stretched(samples, count)


class Studio:
    """Takes messages in and adds to a film."""

    def __init__(self, film: Film, canvas: Canvas) -> None:
        self._film = film
        self._canvas = canvas
        self._mixer = Mixer()
        self._pictures: dict[int, PictureStream] = {}
        self._sounds: dict[int, SoundStream] = {}
        self._scenes: deque[Show] = deque()
        self._ends: deque[EndTrack] = deque()
        self._scene = Show(0.0, None, "", is_screen=False)
        self._shown: tuple[object, str] = (None, "")
        self._sheet = canvas.card("")

    def take(self, message: Message) -> None:
        """Do what a message says."""
        match message:
            case Media():
                self._take_media(message)
            case Show():
                self._scenes.append(message)
            case EndTrack():
                self._ends.append(message)  # the film hasn't come so far yet
            case Tick():
                self._advance(message.at - BEHIND_S)
            case Stop():
                self._advance(message.at)

    def _take_media(self, media: Media) -> None:
        if media.frame.codec != "opus":
            self._pictures.setdefault(media.track, PictureStream()).take(media)
            return
        sound = self._sounds.setdefault(media.track, SoundStream())
        taken = sound.take(media)
        if taken is not None:
            self._mixer.add(*taken)

    def _advance(self, to: Seconds) -> None:
        while (self._film.pictures + 1) / PICTURES_PER_S <= to:
            self._film.sound(self._mixer.take(_SAMPLES_PER_PICTURE))
            self._film.show(self._look(self._film.pictures / PICTURES_PER_S))

    def _look(self, time: Seconds) -> av.VideoFrame:
        """Give what is to be seen at a time."""
        while self._scenes and self._scenes[0].at <= time:
            self._scene = self._scenes.popleft()
        while self._ends and self._ends[0].at < time:
            ended = self._ends.popleft().track
            self._pictures.pop(ended, None)
            self._sounds.pop(ended, None)
        scene = self._scene
        stream = None if scene.track is None else self._pictures.get(scene.track)
        # The one that was taken nearest to that time, not the last one before it.
        picture = None if stream is None else stream.at(time + _HALF_A_PICTURE_S)
        if picture is not None:
            name = "" if scene.is_screen else scene.name
            self._paint(picture, name)
        elif scene.track is None or time - scene.at >= PATIENCE_S:
            self._paint(None, scene.name)
        return self._sheet

    def _paint(self, picture: Picture | None, name: str) -> None:
        """Paint what isn't painted already."""
        frame = None if picture is None else picture.frame
        if self._shown == (frame, name) and (frame is None or self._shown[0] is frame):
            return
        self._shown = (frame, name)
        if picture is None:
            self._sheet = self._canvas.card(name)
        else:
            self._sheet = self._canvas.picture(picture.frame, picture.rotation, name)


def _picture_decoder(codec: str) -> av.VideoCodecContext:
    context = av.CodecContext.create(_DECODERS[codec], "r")
    if not isinstance(context, av.VideoCodecContext):
        raise TypeError(f"{codec} is no codec of pictures")
    context.thread_count = 1
    context.options = {"max_pixels": str(MAX_PIXELS)}
    context.flags |= av.codec.context.Flags.low_delay
    return context


def _sound_decoder() -> av.AudioCodecContext:
    context = av.CodecContext.create("libopus", "r")
    if not isinstance(context, av.AudioCodecContext):
        raise TypeError("Opus is no codec of sound")
    context.format = av.AudioFormat("s16")
    context.layout = av.AudioLayout("stereo")
    context.sample_rate = SAMPLE_RATE
    return context
