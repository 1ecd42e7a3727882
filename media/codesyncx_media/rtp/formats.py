"""The codecs that are forwarded, and who reads their payloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .av1 import describe_av1
from .h264 import describe_h264
from .payload import PayloadInfo
from .vp8 import describe_vp8
from .vp9 import describe_vp9

Describe = Callable[[bytes, int, int], PayloadInfo]

# Sound has no frames to look for: Opus, and RED around it (RFC 2198), pass as they are.
DESCRIBERS: Mapping[str, Describe] = {
    "vp8": describe_vp8,
    "vp9": describe_vp9,
    "h264": describe_h264,
    "av1": describe_av1,
}


@dataclass(frozen=True, slots=True)
class Format:
    """One payload type a publisher may use.

    `codec` is the encoding's name in lower case; `subscriber_payload_type` what everyone else
    gets it as. `repairs` is the payload type whose retransmissions it carries (RFC 4588).
    """

    codec: str
    clock_rate: int
    subscriber_payload_type: int
    repairs: int | None = None

    @property
    def is_repair(self) -> bool:
        """Whether it carries retransmissions of another format."""
        return self.repairs is not None
