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

    Packets that follow one another do so to the sample; the clock is asked again only when it
    says something else by more than one would hear.
    """

    TOLERANCE_S = 0.04

    def __init__(self) -> None:
        self._anchor: int | None = None

    def place(self, timestamp: int, at: float) -> int:
        """Give the place of a packet with an RTP timestamp that was taken at a time."""
        told = round(at * SAMPLE_RATE)
        anchor = self._anchor
        if anchor is None or abs(timestamp + anchor - told) > self.TOLERANCE_S * SAMPLE_RATE:
            anchor = self._anchor = told - timestamp
        return timestamp + anchor
