"""Pictures of one colour and sounds of one tone, encoded and decoded as browsers do it."""

from __future__ import annotations

import array
import fractions
import math
from typing import Any

import av

Colour = tuple[int, int, int]
"""Y, Cb, Cr."""

RED: Colour = (81, 90, 240)
BLUE: Colour = (41, 240, 110)
GREEN: Colour = (145, 54, 34)

RATE = 48_000
SAMPLES = 960
PICTURE_TICKS = 3000


def picture(colour: Colour, number: int, width: int = 320, height: int = 240) -> av.VideoFrame:
    """Give a picture of a colour, with a brightness that moves a little."""
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, value in zip(frame.planes, colour, strict=True):
        level = value + number % 3 if plane is frame.planes[0] else value
        plane.update(bytes([level]) * plane.buffer_size)
    frame.pts = number * PICTURE_TICKS
    frame.time_base = fractions.Fraction(1, 90_000)
    return frame


def tone(hertz: float, number: int) -> av.AudioFrame:
    """Give 20 ms of a tone, in two channels."""
    samples = array.array("h")
    for at in range(number * SAMPLES, (number + 1) * SAMPLES):
        samples.extend([round(12_000 * math.sin(2 * math.pi * hertz * at / RATE))] * 2)
    frame = av.AudioFrame("s16", "stereo", SAMPLES)
    frame.planes[0].update(samples.tobytes())
    frame.sample_rate = RATE
    frame.pts = number * SAMPLES
    frame.time_base = fractions.Fraction(1, RATE)
    return frame


def vp8_encoder(width: int = 320, height: int = 240) -> Any:
    """Give an encoder for pictures that begins with a key frame and makes no other by itself."""
    encoder: Any = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.bit_rate = 300_000
    encoder.time_base = fractions.Fraction(1, 90_000)
    encoder.options = {"deadline": "realtime", "lag-in-frames": "0", "g": "9999", "cpu-used": "8"}
    return encoder


def opus_encoder() -> Any:
    """Give an encoder for sound."""
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "stereo", "s16"
    encoder.bit_rate = 48_000
    encoder.time_base = fractions.Fraction(1, RATE)
    return encoder


def decoder(codec: str) -> Any:
    """Give a decoder: "vp8" or "libopus"."""
    return av.CodecContext.create(codec, "r")


def colour_of(frame: av.VideoFrame) -> Colour:
    """Give the colour in the middle of a picture."""
    y, cb, cr = (
        bytes(plane)[plane.height // 2 * plane.line_size + plane.width // 2]
        for plane in frame.planes
    )
    return y, cb, cr


def is_near(seen: Colour, wanted: Colour) -> bool:
    """Whether encoding could have made one colour of the other."""
    return all(abs(one - other) < 16 for one, other in zip(seen, wanted, strict=True))


def strength(frame: av.AudioFrame, hertz: float) -> float:
    """Tell which share of a sound's energy a tone has (Goertzel), about 1 for nothing but it."""
    raw = bytes(frame.planes[0])
    if frame.format.name.startswith("flt"):
        samples = array.array("f", raw[: len(raw) // 4 * 4])
    else:
        samples = array.array("h", raw[: len(raw) // 2 * 2])
    if not frame.format.is_planar:
        samples = samples[:: len(frame.layout.channels)]
    samples = samples[: frame.samples]
    energy = sum(sample * sample for sample in samples)
    if energy == 0:
        return 0.0
    turn = 2 * math.pi * hertz / frame.sample_rate
    real = sum(sample * math.cos(turn * at) for at, sample in enumerate(samples))
    imaginary = sum(sample * math.sin(turn * at) for at, sample in enumerate(samples))
    return 2 * (real * real + imaginary * imaginary) / (len(samples) * energy)
