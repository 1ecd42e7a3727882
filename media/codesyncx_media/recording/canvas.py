"""The picture of a recording: somebody's, fitted in with its name, or a card for who has none."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from av import VideoFrame
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.uint8]

BACKGROUND = (32, 33, 36)
_DISC = (66, 103, 178)
_WHITE = (255, 255, 255)
_BLACK_LUMA, _NO_COLOUR = 16, 128
_PIXEL_FORMAT = "yuv420p"
_MOST_LETTERS = 60


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels, both even."""

    width: int
    height: int


def fit(source: Size, into: Size) -> Size:
    """Give the largest size of the same shape that fits, with even sides."""
    scale = min(into.width / max(1, source.width), into.height / max(1, source.height))
    return Size(
        max(2, min(into.width, round(source.width * scale / 2) * 2)),
        max(2, min(into.height, round(source.height * scale / 2) * 2)),
    )


class Canvas:
    """Paints pictures of one size."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self._tags: dict[str, VideoFrame] = {}

    def picture(self, frame: VideoFrame, rotation: int, name: str) -> VideoFrame:
        """Fit a picture in, upright, with a name in its corner unless that is empty."""
        turns = rotation // 90
        lying = Size(frame.width, frame.height)
        upright = Size(lying.height, lying.width) if turns % 2 else lying
        fitted = fit(upright, self.size)
        scaled = Size(fitted.height, fitted.width) if turns % 2 else fitted
        small = frame.reformat(scaled.width, scaled.height, _PIXEL_FORMAT)
        sheet = self._blank()
        left = (self.size.width - fitted.width) // 4 * 2
        top = (self.size.height - fitted.height) // 4 * 2
        for target, plane in zip(self._planes(sheet), _planes_of(small), strict=True):
            turned = np.rot90(plane, -turns) if turns else plane
            _paste(target, turned, *self._scale_of(target, left, top))
        if name:
            self._tag(sheet, name)
        return VideoFrame.from_ndarray(sheet, format=_PIXEL_FORMAT)

    def card(self, name: str) -> VideoFrame:
        """Paint a card for somebody without a picture."""
        image = Image.new("RGB", (self.size.width, self.size.height), BACKGROUND)
        draw = ImageDraw.Draw(image)
        middle_x, middle_y = self.size.width // 2, self.size.height * 9 // 20
        radius = self.size.height // 6
        box = (middle_x - radius, middle_y - radius, middle_x + radius, middle_y + radius)
        if name:
            draw.ellipse(box, fill=_DISC)
            _write(draw, (middle_x, middle_y), initials(name), radius * 4 // 5)
            _write(draw, (middle_x, middle_y + radius * 3 // 2), name, radius * 2 // 5)
        frame = VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
        return frame.reformat(format=_PIXEL_FORMAT)

    def _blank(self) -> Plane:
        sheet = np.empty((self.size.height * 3 // 2, self.size.width), np.uint8)
        sheet[: self.size.height] = _BLACK_LUMA
        sheet[self.size.height :] = _NO_COLOUR
        return sheet

    def _planes(self, sheet: Plane) -> list[Plane]:
        width, height = self.size.width, self.size.height
        colours = sheet[height:].reshape(2, height // 2, width // 2)
        return [sheet[:height], colours[0], colours[1]]

    def _scale_of(self, plane: Plane, left: int, top: int) -> tuple[int, int]:
        divisor = self.size.width // plane.shape[1]
        return left // divisor, top // divisor

    def _tag(self, sheet: Plane, name: str) -> None:
        tag = self._tags.get(name)
        if tag is None:
            self._tags.clear()  # one at a time is enough: names change with who is shown
            tag = self._tags[name] = _paint_tag(name, self.size)
        margin = self.size.height // 36 // 2 * 2
        top = self.size.height - margin - tag.height
        for target, plane in zip(self._planes(sheet), _planes_of(tag), strict=True):
            _paste(target, plane, *self._scale_of(target, margin, top))


def initials(name: str) -> str:
    """Give one or two letters for a name."""
    words = [word for word in name.split() if word[0].isalnum()]
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper()


def _paint_tag(name: str, size: Size) -> VideoFrame:
    height = size.height // 18 // 2 * 2
    font = ImageFont.load_default(height * 11 // 20)
    text = _readable(name)
    width = min(size.width // 2, round(font.getlength(text)) + height) // 2 * 2
    image = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(image)
    draw.text((height // 2, height // 2), text, _WHITE, font, "lm")
    frame = VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
    return frame.reformat(format=_PIXEL_FORMAT)


def _write(draw: ImageDraw.ImageDraw, middle: tuple[int, int], text: str, size: int) -> None:
    draw.text(middle, _readable(text), _WHITE, ImageFont.load_default(size), "mm")


def _readable(text: str) -> str:
    """Leave out what would break the line."""
    kept = "".join(letter for letter in text if unicodedata.category(letter)[0] != "C")
    return kept if len(kept) <= _MOST_LETTERS else f"{kept[: _MOST_LETTERS - 1]}…"


def _planes_of(frame: VideoFrame) -> list[Plane]:
    planes = []
    for plane in frame.planes:
        whole = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        planes.append(whole[: plane.height, : plane.width])
    return planes


def _paste(target: Plane, plane: Plane, left: int, top: int) -> None:
    height, width = plane.shape
    target[top : top + height, left : left + width] = plane
