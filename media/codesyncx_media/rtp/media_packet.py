"""A publisher's packet, laid out once for all subscribers."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .extensions import BLOCK_BYTES, Extensions, subscriber_block
from .packet import FIXED_HEADER_BYTES, RtpView

if TYPE_CHECKING:
    from .payload import PayloadInfo
    from .received_stream import ReceivedStream

PAYLOAD_AT = FIXED_HEADER_BYTES + BLOCK_BYTES

_HEADER = struct.Struct(">BBHII")


@dataclass(slots=True, eq=False)
class MediaPacket:
    """One packet as it waits to be patched for each subscriber.

    `wire` is the whole packet with the subscribers' extension block, without contributing sources
    and padding. `sequence` is unwrapped. `picture_id_at` and `tl0_index_at` are places in
    `wire`, 0 where there is none. `level` is in -dBov (127 is silence).
    `descriptor` is an AV1 packet's dependency descriptor, which `wire` has no place for.
    """

    stream: ReceivedStream
    wire: bytes
    sequence: int
    timestamp: int
    arrival: float
    starts_frame: bool
    starts_keyframe: bool
    temporal_layer: int
    is_switch_point: bool
    picture_id: int
    picture_id_bits: int
    picture_id_at: int
    tl0_index: int
    tl0_index_at: int
    level: int | None
    spatial_layer: int = 0
    ends_layer: bool = False
    descriptor: bytes = b""


def normalise(
    stream: ReceivedStream,
    view: RtpView,
    sequence: int,
    payload_type: int,
    extensions: Extensions,
    info: PayloadInfo,
    arrival: float,
) -> MediaPacket:
    """Lay a packet out for subscribers."""
    header = _HEADER.pack(0x90, view.marker | payload_type, sequence & 0xFFFF, view.timestamp, 0)
    wire = header + subscriber_block(extensions) + view.data[view.payload_start : view.payload_end]
    described = extensions.dependency_descriptor
    return MediaPacket(
        stream,
        wire,
        sequence,
        view.timestamp,
        arrival,
        info.starts_frame,
        info.starts_keyframe,
        info.temporal_layer,
        info.is_switch_point,
        info.picture_id,
        info.picture_id_bits,
        info.picture_id_at + PAYLOAD_AT if info.picture_id_at else 0,
        info.tl0_index,
        info.tl0_index_at + PAYLOAD_AT if info.tl0_index_at else 0,
        extensions.audio_level,
        info.spatial_layer,
        info.ends_layer,
        b"" if described is None else view.data[described[0] : described[1]],
    )
