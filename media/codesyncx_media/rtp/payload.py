"""What a forwarder must know of a video payload: where frames begin, and how they are numbered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class PayloadInfo:
    """One packet's place in its stream of frames.

    `starts_keyframe`: decoding can begin with this packet. `temporal_layer`: 0 is needed by all
    others; so is `spatial_layer` 0, of which a picture has several (SVC) one after the other.
    `ends_layer`: the last packet of one of them. `is_switch_point`: from this frame on the decoder
    can take this temporal layer.
    `picture_id` and `tl0_index` are -1 where there is none; `picture_id_at` and `tl0_index_at`
    are their places, counted from the payload's first byte.
    """

    starts_frame: bool = False
    starts_keyframe: bool = False
    temporal_layer: int = 0
    spatial_layer: int = 0
    ends_layer: bool = False
    is_switch_point: bool = False
    picture_id: int = -1
    picture_id_bits: int = 0
    picture_id_at: int = 0
    tl0_index: int = -1
    tl0_index_at: int = 0
