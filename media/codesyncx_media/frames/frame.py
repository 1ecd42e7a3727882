"""One picture or a few milliseconds of sound, encoded, as a decoder takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..sdp.formats import SOUND, VIDEO

if TYPE_CHECKING:
    from collections.abc import Mapping

CODECS: Mapping[int, str] = {codec.payload_type: codec.name for codec in (*SOUND, *VIDEO)}
"""What subscribers' payload types mean; they are the same for everybody."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame.

    `codec` is "vp8", "vp9", "h264", "av1" or "opus". `timestamp` counts on without wrapping, in
    90,000ths of a second for pictures and 48,000ths for sound. `data` is a VP8 or VP9 frame, an
    H.264 access unit in Annex B form, an AV1 temporal unit whose OBUs have sizes, or an Opus
    packet. `rotation` is by how many degrees clockwise a picture is turned to be upright;
    `level` is a sound's loudness in -dBov, 127 where it is silent or unknown.
    """

    codec: str
    timestamp: int
    is_key: bool
    data: bytes
    rotation: int = 0
    level: int = 127
