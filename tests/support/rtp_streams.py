"""Publishers and their packets, for tests of the forwarding core."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from codesyncx_media.rtp import extensions as ext
from codesyncx_media.rtp.formats import Format
from codesyncx_media.rtp.packet import build_rtp
from codesyncx_media.rtp.publisher import Publisher
from codesyncx_media.rtp.track import Track, TrackOffer

PUBLISHER_IDS = {
    ext.MID: 4,
    ext.RID: 10,
    ext.REPAIRED_RID: 11,
    ext.AUDIO_LEVEL: 1,
    ext.TRANSPORT_SEQUENCE: 3,
    ext.DEPENDENCY_DESCRIPTOR: 12,
}
OPUS = {111: Format("opus", 48000, 109), 63: Format("red", 48000, 108)}
VP8 = {96: Format("vp8", 90000, 100), 97: Format("rtx", 90000, 101, repairs=96)}
H264 = {102: Format("h264", 90000, 102), 103: Format("rtx", 90000, 103, repairs=102)}
VP9 = {98: Format("vp9", 90000, 98), 99: Format("rtx", 90000, 99, repairs=98)}
AV1 = {45: Format("av1", 90000, 45), 46: Format("rtx", 90000, 46, repairs=45)}
SPATIAL_LAYERS = 3
# Flags, the first template's number, how many decode targets; then from one layer to the next.
AV1_STRUCTURE = int(("10000" + "000000" + "00010" + "10" + "10" + "11").ljust(24, "0"), 2)
FRAME_TICKS = 3000  # 30 frames a second


def publisher_of_sound() -> tuple[Publisher, Track]:
    publisher = Publisher(PUBLISHER_IDS, feedback_ssrc=99)
    return publisher, publisher.add_track(TrackOffer("voice", "audio", "0", OPUS))


def publisher_of_pictures(
    rids: tuple[str, ...] = (), formats: dict[int, Format] = VP8
) -> tuple[Publisher, Track]:
    publisher = Publisher(PUBLISHER_IDS, feedback_ssrc=99)
    return publisher, publisher.add_track(TrackOffer("camera", "video", "1", formats, rids))


def vp8_payload(
    picture_id: int, tl0_index: int, *, keyframe: bool, layer: int = 0, body: bytes = b"picture"
) -> bytes:
    """One frame in one packet."""
    descriptor = struct.pack(
        ">BBHBB", 0x90, 0xE0, 0x8000 | picture_id & 0x7FFF, tl0_index & 0xFF, layer << 6 | 0x20
    )
    return descriptor + bytes([0x00 if keyframe else 0x01]) + body


@dataclass
class Camera:
    """Sends VP8 frames of one packet each. `next` gives one and moves on."""

    ssrc: int
    rid: str = ""
    sequence: int = 1000
    timestamp: int = 50000
    picture: int = 300
    tl0_index: int = 40
    transport_sequence: int = 0
    size: int = 7

    def next(self, *, keyframe: bool = False, layer: int = 0) -> bytes:
        self.sequence += 1
        self.timestamp += FRAME_TICKS
        self.picture += 1
        self.transport_sequence += 1
        if layer == 0:
            self.tl0_index += 1
        values = {4: b"1", 3: struct.pack(">H", self.transport_sequence & 0xFFFF)}
        if self.rid:
            values[10] = self.rid.encode()
        return build_rtp(
            payload_type=96,
            sequence_number=self.sequence & 0xFFFF,
            timestamp=self.timestamp & 0xFFFFFFFF,
            ssrc=self.ssrc,
            marker=True,
            payload=vp8_payload(
                self.picture,
                self.tl0_index,
                keyframe=keyframe,
                layer=layer,
                body=self.ssrc.to_bytes(4, "big") * (self.size // 4 + 1),
            ),
            extension=ext.write_elements(values),
        )

    def again(self, original: bytes, ssrc: int, sequence: int) -> bytes:
        """Send a packet that `next` gave again."""
        view_start = 12 + 4 + 4 * original[15]
        values = {4: b"1"}
        if self.rid:
            values[11] = self.rid.encode()
        return build_rtp(
            payload_type=97,
            sequence_number=sequence,
            timestamp=int.from_bytes(original[4:8], "big"),
            ssrc=ssrc,
            marker=True,
            payload=original[2:4] + original[view_start:],
            extension=ext.write_elements(values),
        )


@dataclass
class LayeredCamera:
    """Sends pictures in three spatial layers (SVC), each layer in one packet of its own size."""

    ssrc: int
    codec: str = "vp9"
    sequence: int = 1000
    timestamp: int = 50000
    picture: int = 300
    transport_sequence: int = 0
    sizes: tuple[int, ...] = (100, 300, 900)

    def next(self, *, keyframe: bool = False) -> list[bytes]:
        """One picture: a packet for each layer, the smallest first."""
        self.timestamp += FRAME_TICKS
        self.picture += 1
        return [self._layer(spatial, keyframe=keyframe) for spatial in range(SPATIAL_LAYERS)]

    def _layer(self, spatial: int, *, keyframe: bool) -> bytes:
        self.sequence += 1
        self.transport_sequence += 1
        values = {4: b"1", 3: struct.pack(">H", self.transport_sequence & 0xFFFF)}
        if self.codec == "av1":
            payload = bytes([0x18 if keyframe and spatial == 0 else 0x10])
            values[12] = struct.pack(">BH", 0xC0 | spatial, self.picture & 0xFFFF)
            if keyframe and spatial == 0:
                values[12] += AV1_STRUCTURE.to_bytes(3, "big") + bytes(20)  # as long as true ones
        else:
            flags = 0xAC if keyframe else 0xEC  # picture id, layers, begins and ends
            numbers = 0x8000 | self.picture & 0x7FFF, spatial << 1 | (spatial > 0)
            payload = struct.pack(">BHBB", flags, *numbers, self.picture & 0xFF)
        return build_rtp(
            payload_type=45 if self.codec == "av1" else 98,
            sequence_number=self.sequence & 0xFFFF,
            timestamp=self.timestamp & 0xFFFFFFFF,
            ssrc=self.ssrc,
            marker=spatial == SPATIAL_LAYERS - 1,
            payload=payload + bytes([spatial]) * self.sizes[spatial],
            extension=ext.write_elements(values),
        )


@dataclass
class Microphone:
    """Sends Opus packets of 20 ms."""

    ssrc: int
    sequence: int = 7000
    timestamp: int = 90000
    payload_type: int = 111

    def next(self, level: int = 30, *, silent_packets: int = 0) -> bytes:
        """One packet; `silent_packets` that weren't sent lie before it (DTX)."""
        self.sequence += 1
        self.timestamp += 960 * (1 + silent_packets)
        return build_rtp(
            payload_type=self.payload_type,
            sequence_number=self.sequence & 0xFFFF,
            timestamp=self.timestamp & 0xFFFFFFFF,
            ssrc=self.ssrc,
            payload=b"sound" * 16,
            extension=ext.write_elements({4: b"0", 1: bytes([level])}),
        )
