"""Encodes pictures and sound to a file that plays up to what was written last, come what may."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np

from .film_facts import ARTIST
from .fragments import FragmentLog, Playlist
from .mixer import SAMPLE_RATE
from .task import FILM, PLAYLIST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .canvas import Size
    from .mixer import Samples

PICTURES_PER_S = 15
FRAGMENT_S = 2
_PICTURES_PER_FRAGMENT = PICTURES_PER_S * FRAGMENT_S
_SOUND_BPS = 96_000
_SMPTE_170M = 6
"""ITU-T H.273: how browsers turn a camera's colours to numbers."""
_ENCODER = {
    "preset": "veryfast",
    "tune": "zerolatency",  # no pictures held back, and no B frames
    "crf": "24",
    "sc_threshold": "0",  # key frames where fragments begin, and nowhere else
}


class Film:
    """A film in a folder, with the playlist of what it has so far.

    All its methods raise OSError when the disk is full.
    """

    def __init__(
        self, folder: Path, size: Size, *, threads: int = 1, recorded_by: str = ""
    ) -> None:
        self.pictures = 0
        """How many there are so far."""
        self._file = _FragmentFile(folder)
        self._container = av.open(
            self._file,
            "w",
            format="mp4",
            options={"movflags": "empty_moov+default_base_moof+frag_keyframe"},
        )
        self._container.metadata[ARTIST] = recorded_by
        pictures = self._container.add_stream("libx264", rate=PICTURES_PER_S, options=_ENCODER)
        pictures.width, pictures.height = size.width, size.height
        pictures.pix_fmt = "yuv420p"
        context = pictures.codec_context
        context.gop_size = _PICTURES_PER_FRAGMENT
        context.thread_count = threads
        context.colorspace = context.color_primaries = context.color_trc = _SMPTE_170M
        self._pictures = pictures
        self._sound = self._container.add_stream("aac", rate=SAMPLE_RATE)
        self._sound.bit_rate = _SOUND_BPS
        self._sound.layout = "stereo"
        self._samples = 0
        self._file.begin(self._durations())

    @property
    def duration_s(self) -> float:
        """How long it is so far."""
        return self.pictures / PICTURES_PER_S

    def show(self, picture: av.VideoFrame) -> None:
        """Add the next picture."""
        picture.pts = self.pictures
        picture.time_base = Fraction(1, PICTURES_PER_S)
        picture.pict_type = av.video.frame.PictureType.NONE
        self.pictures += 1
        self._container.mux(self._pictures.encode(picture))

    def sound(self, samples: Samples) -> None:
        """Add the next sound."""
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples.T), format="fltp", layout="stereo"
        )
        frame.sample_rate = SAMPLE_RATE
        frame.pts = self._samples
        frame.time_base = Fraction(1, SAMPLE_RATE)
        self._samples += len(samples)
        self._container.mux(self._sound.encode(frame))

    def close(self) -> None:
        """Write what is left; the film is whole then."""
        self._container.mux(self._pictures.encode(None))
        self._container.mux(self._sound.encode(None))
        self._container.close()
        self._file.close()

    def _durations(self) -> Iterator[float]:
        told = 0
        while True:
            # All fragments but the last are of the same length.
            pictures = min(_PICTURES_PER_FRAGMENT, self.pictures - told)
            told += pictures
            yield max(pictures, 1) / PICTURES_PER_S


class _FragmentFile:
    """Where the encoder writes to: only whole fragments reach the disk, then the playlist."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = FragmentLog(Playlist(FILM, FRAGMENT_S))
        self._durations: Iterator[float] = iter(())
        self._file = (folder / FILM).open("wb", buffering=0)

    def begin(self, durations: Iterator[float]) -> None:
        self._durations = durations

    def write(self, data: bytes) -> int:
        whole = self._log.feed(data, self._durations)
        if whole:
            self._write_all(whole)
            self._write_playlist()
        return len(data)

    def close(self) -> None:
        self._log.playlist.is_over = True
        self._file.close()
        self._write_playlist()

    def _write_all(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]

    def _write_playlist(self) -> None:
        draft = self._folder / f"{PLAYLIST}.new"
        draft.write_text(str(self._log.playlist))
        draft.replace(self._folder / PLAYLIST)


def copy_for_seeking(source: Path, target: Path) -> None:
    """Write a film anew with its index in front, so that players can jump and know its length.

    Nothing is encoded again. OSError when there is no room; av.FFmpegError for what is no film.
    """
    with (
        av.open(str(source)) as inside,
        av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as outside,
    ):
        outside.metadata.update(inside.metadata)
        streams = {one.index: outside.add_stream_from_template(one) for one in inside.streams}
        for packet in inside.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                outside.mux(packet)
