"""Looks at a recording as somebody who watches it would: colours, tones and length."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import av
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE_RATE = 48000
_WINDOW = 480
_NAMED = {
    "red": (200, 30, 30),
    "blue": (30, 30, 200),
    "green": (30, 160, 30),
    "card": (32, 33, 36),
    "black": (0, 0, 0),
}
Picture = Any


def colour_at(picture: Picture, x: int, y: int) -> str:
    """Name the colour of a point."""
    point = picture[y, x].astype(int)
    return min(_NAMED, key=lambda name: int(np.abs(point - np.array(_NAMED[name])).sum()))


class FilmSeen:
    """A film that was played to its end."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def pictures(self) -> list[tuple[float, Picture]]:
        """All pictures and when they are shown."""
        with av.open(str(self.path)) as film:
            return [
                (float(frame.time), frame.to_ndarray(format="rgb24"))
                for frame in film.decode(video=0)
                if frame.time is not None
            ]

    @cached_property
    def sound(self) -> Any:
        """All sound, of the left channel."""
        with av.open(str(self.path)) as film:
            return np.concatenate([frame.to_ndarray()[0] for frame in film.decode(audio=0)])

    @property
    def duration_s(self) -> float:
        """How long there is something to be seen."""
        return len(self.pictures) / 15

    @property
    def sound_s(self) -> float:
        """How long there is sound, be it silence."""
        return len(self.sound) / SAMPLE_RATE

    def picture_at(self, time: float) -> Picture:
        """Give what is seen at a time."""
        return [picture for at, picture in self.pictures if at <= time][-1]

    def colours(self, begin: float, end: float) -> set[str]:
        """Name the colours a little above the middle between two times."""
        return {
            colour_at(picture, picture.shape[1] // 2, picture.shape[0] // 5)
            for at, picture in self.pictures
            if begin <= at < end
        }

    def first(self, colour: str) -> float:
        """Tell when a colour is seen first."""
        return next(
            at
            for at, picture in self.pictures
            if colour_at(picture, picture.shape[1] // 2, picture.shape[0] // 5) == colour
        )

    def colour_turns(self) -> list[tuple[float, str]]:
        """Tell when the picture turns to another colour, and to which."""
        seen = [
            (at, colour_at(picture, picture.shape[1] // 2, picture.shape[0] // 5))
            for at, picture in self.pictures
        ]
        return [(at, colour) for (_, before), (at, colour) in pairwise(seen) if colour != before]

    def tone_turns(self, *hertz: int) -> list[tuple[float, int]]:
        """Tell when the sound turns to another of some tones, to a hundredth of a second."""
        windows = np.lib.stride_tricks.sliding_window_view(self.sound, _WINDOW)[:: _WINDOW // 4]
        turns = np.arange(_WINDOW) / SAMPLE_RATE
        waves = np.exp([-2j * np.pi * tone * turns for tone in hertz])
        strengths = np.abs(windows @ waves.T)
        heard = [
            (at, hertz[int(row.argmax())])
            for at, row in enumerate(strengths)
            if row.max() > 0.02 * _WINDOW / 2
        ]
        return [
            ((at * _WINDOW / 4 + _WINDOW / 2) / SAMPLE_RATE, tone)
            for (_, before), (at, tone) in pairwise(heard)
            if tone != before
        ]

    def late(self, tones: dict[int, str], begin: float = 0.5) -> list[float]:
        """Tell how much later than its tone each colour is seen after a time, in seconds."""
        heard = self.tone_turns(*tones)
        return [
            at - min(times, key=lambda time: abs(time - at))
            for at, colour in self.colour_turns()
            if at >= begin and (times := [time for time, tone in heard if tones[tone] == colour])
        ]

    def tones(self, begin: float, end: float) -> list[int]:
        """Give the loudest tone of each tenth of a second, in tens of hertz; 0 for silence."""
        tones = []
        tenth = SAMPLE_RATE // 10
        for start in range(round(begin * SAMPLE_RATE), round(end * SAMPLE_RATE) - tenth + 1, tenth):
            heard = self.sound[start : start + tenth]
            is_silent = len(heard) == 0 or np.abs(heard).max() < 0.02
            tones.append(0 if is_silent else int(np.abs(np.fft.rfft(heard)).argmax()) * 10)
        return tones
