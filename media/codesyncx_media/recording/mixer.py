"""Mixes people's sound to one, without gaps: where nobody speaks there is silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    """Of shape (samples, 2), from -1 to 1."""

SAMPLE_RATE = 48000
AHEAD_S = 10.0
"""How far ahead of what was taken out sound may lie; what claims to be later is dropped."""


class Mixer:
    """Adds sound at its place and gives it out up to a place. Places count samples."""

    def __init__(self) -> None:
        self.place = 0
        self._ahead: Samples = np.zeros((round(AHEAD_S * SAMPLE_RATE), 2), np.float32)

    def add(self, place: int, samples: Samples) -> None:
        """Add sound; what comes after its place was given out is lost."""
        start = place - self.place
        if start < 0:
            samples, start = samples[-start:], 0
        samples = samples[: max(0, len(self._ahead) - start)]
        self._ahead[start : start + len(samples)] += samples

    def take(self, count: int) -> Samples:
        """Give the next so many samples, at most as many as lie ahead."""
        taken = np.clip(self._ahead[:count], -1.0, 1.0)
        count = len(taken)
        self._ahead[: -count or None] = self._ahead[count:]
        self._ahead[len(self._ahead) - count :] = 0.0
        self.place += count
        return taken


class Voice:
    """Finds the place of each packet of one track.

    Packets follow one another without a gap. Where the clock says something else, a little sooner
    or later, they are stretched until they are where they belong; by more, they jump there.
    """

    JUMP_S = 0.04
    CLOSE_S = 0.005
    STRETCH = 0.005
    """Half of a hundredth: a twelfth of a semitone, which nobody hears."""
    _SMOOTHING = 0.02

    def __init__(self) -> None:
        self._anchor: int | None = None
        self._off = 0.0

    def place(self, timestamp: int, at: float, count: int) -> tuple[int, int]:
        """Give the place of `count` samples taken at a time, and how long to make them."""
        told = round(at * SAMPLE_RATE)
        anchor = self._anchor
        if anchor is None or abs(timestamp + anchor - told) > self.JUMP_S * SAMPLE_RATE:
            anchor, self._off = told - timestamp, 0.0
        self._off += (told - timestamp - anchor - self._off) * self._SMOOTHING
        stretch = 0
        if abs(self._off) > self.CLOSE_S * SAMPLE_RATE:
            stretch = round(count * self.STRETCH) * (1 if self._off > 0 else -1)
        self._anchor = anchor + stretch
        self._off -= stretch
        return timestamp + anchor, count + stretch


def stretched(samples: Samples, count: int) -> Samples:
    """Give the same sound in `count` samples, a few more or less."""
    if count == len(samples):
        return samples
    known = np.arange(len(samples))
    wanted = np.linspace(0, len(samples) - 1, count)
    return np.stack([np.interp(wanted, known, side) for side in samples.T], axis=1).astype(
        np.float32
    )
