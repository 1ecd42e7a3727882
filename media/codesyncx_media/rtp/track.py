"""One source of sound or pictures that a publisher sends, in one or more simulcast layers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .formats import Format
    from .received_stream import ReceivedStream


@dataclass(frozen=True, slots=True)
class TrackOffer:
    """What signalling agreed on about a track.

    `formats` are by the publisher's payload types; `rids` name the simulcast layers, smallest
    first, and are empty without simulcast. `ssrcs` and `repair_ssrcs` say which layer an SSRC is
    or repairs, where the offer tells.
    """

    id: str
    kind: Literal["audio", "video"]
    mid: str
    formats: Mapping[int, Format]
    rids: tuple[str, ...] = ()
    ssrcs: Mapping[int, int] = field(default_factory=dict)
    repair_ssrcs: Mapping[int, int] = field(default_factory=dict)


class Track:
    """A track and the streams of it that have come so far, by layer."""

    __slots__ = ("id", "is_video", "offer", "streams")

    def __init__(self, offer: TrackOffer) -> None:
        self.offer = offer
        self.id = offer.id
        self.is_video = offer.kind == "video"
        self.streams: list[ReceivedStream | None] = [None] * max(1, len(offer.rids))

    def active_streams(self, now: float) -> list[ReceivedStream]:
        """Give the streams that packets came of lately, smallest first."""
        return [stream for stream in self.streams if stream is not None and stream.is_active(now)]
