"""The codecs and header extensions of calls, and their numbers towards subscribers.

The numbers are the same for every subscriber, so that a packet is laid out once for all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..rtp.extensions import (
    AUDIO_LEVEL,
    DEPENDENCY_DESCRIPTOR,
    MID,
    REPAIRED_RID,
    RID,
    SUBSCRIBER_IDS,
    TRANSPORT_SEQUENCE,
    VIDEO_ORIENTATION,
)
from .description import Codec, Extension

if TYPE_CHECKING:
    from collections.abc import Mapping

_VIDEO_FEEDBACK = frozenset({"transport-cc", "nack", "nack pli"})
_SOUND_FEEDBACK = frozenset({"transport-cc"})

_OPUS = Codec(111, "opus", 48000, 2, "minptime=10;useinbandfec=1", _SOUND_FEEDBACK)
_RED = Codec(63, "red", 48000, 2, "111/111")
_VP8 = Codec(96, "vp8", 90000, 1, "", _VIDEO_FEEDBACK)
_H264 = Codec(
    102,
    "h264",
    90000,
    1,
    "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
    _VIDEO_FEEDBACK,
)
_VP9 = Codec(98, "vp9", 90000, 1, "profile-id=0", _VIDEO_FEEDBACK)
_AV1 = Codec(45, "av1", 90000, 1, "", _VIDEO_FEEDBACK)


def _rtx(payload_type: int, of: Codec) -> Codec:
    return Codec(payload_type, "rtx", of.clock_rate, 1, f"apt={of.payload_type}")


SOUND: tuple[Codec, ...] = (_OPUS, _RED)
VIDEO: tuple[Codec, ...] = (_VP8, _H264, _VP9, _AV1)
REPAIRS: Mapping[str, Codec] = {
    codec.name: _rtx(payload_type, codec)
    for codec, payload_type in ((_VP8, 97), (_H264, 103), (_VP9, 99), (_AV1, 46))
}
"""How what is lost of each video codec is sent again (RFC 4588), by the codec's name."""

WIRE_NAMES: Mapping[str, str] = {
    "opus": "opus",
    "red": "red",
    "rtx": "rtx",
    "vp8": "VP8",
    "vp9": "VP9",
    "h264": "H264",
    "av1": "AV1",
}

PUBLISHER_EXTENSIONS: Mapping[str, frozenset[str]] = {
    "audio": frozenset({MID, AUDIO_LEVEL, TRANSPORT_SEQUENCE}),
    "video": frozenset(
        {MID, RID, REPAIRED_RID, TRANSPORT_SEQUENCE, VIDEO_ORIENTATION, DEPENDENCY_DESCRIPTOR}
    ),
}
"""What publishers may put beside their media, by kind."""

SUBSCRIBER_EXTENSIONS: Mapping[str, tuple[Extension, ...]] = {
    kind: tuple(Extension(SUBSCRIBER_IDS[uri], uri) for uri in uris)
    for kind, uris in {
        "audio": (TRANSPORT_SEQUENCE, AUDIO_LEVEL),
        "video": (TRANSPORT_SEQUENCE, VIDEO_ORIENTATION, DEPENDENCY_DESCRIPTOR),
    }.items()
}


def canonical(codec: Codec, kind: str) -> Codec | None:
    """Give what subscribers get a publisher's codec as; None when calls don't carry it."""
    for ours in SOUND if kind == "audio" else VIDEO:
        if (codec.name, codec.clock_rate) == (ours.name, ours.clock_rate) and _fits(codec):
            return ours
    return None


def _fits(codec: Codec) -> bool:
    """Whether everybody who decodes the codec's common profile decodes this."""
    parameters = codec.parameters
    if codec.name == "h264":
        # Constrained Baseline (RFC 6184, table 5), in fragments.
        profile = parameters.get("profile-level-id", "").lower()
        is_constrained_baseline = profile.startswith(("42e0", "42c0"))
        return is_constrained_baseline and parameters.get("packetization-mode") == "1"
    if codec.name == "vp9":
        return parameters.get("profile-id", "0") == "0"
    if codec.name == "av1":
        return parameters.get("profile", "0") == "0"
    return codec.name != "opus" or codec.channels == _OPUS.channels
