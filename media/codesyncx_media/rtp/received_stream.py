"""One stream (SSRC) of a publisher: a simulcast layer of a track, or all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dependency_descriptor import DescriptorReader
from .formats import DESCRIBERS, Format
from .keyframe_requests import KeyframeRequests
from .media_packet import MediaPacket, normalise
from .nack_generator import NackGenerator
from .packet_cache import PacketCache
from .payload import PayloadInfo
from .rates import RateMeter
from .receiver_statistics import ReceiverStatistics
from .rtcp_feedback import Nack, PictureLossIndication
from .sender_clock import SenderClock
from .sequence import Unwrapper
from .spatial_layers import SpatialLayers

if TYPE_CHECKING:
    from .extensions import Extensions
    from .packet import RtpView
    from .track import Track

ACTIVE_S = 1.0


class ReceivedStream:
    """Takes in one stream's packets: once each, laid out for subscribers, and asks for the lost.

    Nothing is asked for again of sound: it would come too late.
    """

    __slots__ = (
        "_descriptors",
        "_nacks",
        "base_rate",
        "cache",
        "clock",
        "keyframes",
        "last_arrival",
        "layer",
        "rate",
        "spatial",
        "ssrc",
        "statistics",
        "track",
        "unwrapper",
    )

    def __init__(self, track: Track, layer: int, ssrc: int, clock_rate: int) -> None:
        self.track = track
        self.layer = layer
        self.ssrc = ssrc
        self.clock = SenderClock(clock_rate)
        self.statistics = ReceiverStatistics(clock_rate)
        self.rate = RateMeter()
        self.base_rate = RateMeter()  # of the temporal layer that all others need
        self.spatial: SpatialLayers | None = None  # where it has more than one
        self.keyframes = KeyframeRequests()
        self.cache = PacketCache() if track.is_video else None
        self.last_arrival = float("-inf")
        self._nacks = NackGenerator() if track.is_video else None
        self.unwrapper = Unwrapper(16)
        self._descriptors = DescriptorReader()

    def is_active(self, now: float) -> bool:
        """Whether packets came lately. Layers stop when bandwidth or light is short."""
        return now - self.last_arrival < ACTIVE_S

    def receive(
        self, view: RtpView, extensions: Extensions, form: Format, now: float
    ) -> MediaPacket | None:
        """Take in a packet of the stream itself. Raises ParseError for a broken payload."""
        sequence = self.unwrapper.unwrap(view.sequence_number)
        self.last_arrival = now
        self.rate.add(len(view.data), now)
        if self._nacks is not None and not self._nacks.receive(sequence, now):
            return None
        self.statistics.receive(sequence, view.timestamp, now)
        return self._lay_out(view, sequence, extensions, form, now)

    def receive_next(self, packet: MediaPacket, size: int) -> None:
        """Take in a packet that is the next in order and begins no key frame, laid out already."""
        sequence, now = packet.sequence, packet.arrival
        self.unwrapper.highest = sequence
        self.last_arrival = now
        self.rate.add(size, now)
        self.statistics.receive(sequence, packet.timestamp, now)
        if self._nacks is not None and self.cache is not None:
            self._nacks.receive(sequence, now)
            if packet.temporal_layer == 0:
                self.base_rate.add(len(packet.wire), now)
            self.cache.add(packet)

    def recover(
        self, view: RtpView, extensions: Extensions, form: Format, now: float
    ) -> MediaPacket | None:
        """Take in a packet that came again in another stream. Raises ParseError."""
        if self._nacks is None or self.unwrapper.highest < 0:
            return None
        sequence = self.unwrapper.peek(view.sequence_number)
        if sequence >= self.unwrapper.highest or not self._nacks.receive(sequence, now):
            return None
        self.statistics.recover()
        return self._lay_out(view, sequence, extensions, form, now)

    def _lay_out(
        self, view: RtpView, sequence: int, extensions: Extensions, form: Format, now: float
    ) -> MediaPacket:
        info = self._describe(view, extensions, form)
        packet = normalise(
            self, view, sequence, form.subscriber_payload_type, extensions, info, now
        )
        if self.spatial is not None or info.spatial_layer > 0:
            self._count_spatial(packet, now)
        if info.temporal_layer == info.spatial_layer == 0 and self._nacks is not None:
            self.base_rate.add(len(packet.wire), now)
        if info.starts_keyframe and self._nacks is not None:
            self.keyframes.arrived()
            self._nacks.forget_before(sequence)
        if self.cache is not None:
            self.cache.add(packet)
        return packet

    def _count_spatial(self, packet: MediaPacket, now: float) -> None:
        if self.spatial is None:
            self.spatial = SpatialLayers()
        self.spatial.add(packet, now)

    def _describe(self, view: RtpView, extensions: Extensions, form: Format) -> PayloadInfo:
        describe = DESCRIBERS.get(form.codec)
        if describe is None or view.payload_start == view.payload_end:
            return PayloadInfo()  # a packet of nothing but padding fills a number
        info = describe(view.data, view.payload_start, view.payload_end)
        if extensions.dependency_descriptor is not None and form.codec == "av1":
            self._descriptors.apply(info, view.data, *extensions.dependency_descriptor)
        return info

    def feedback(
        self, sender_ssrc: int, round_trip_s: float, now: float
    ) -> list[Nack | PictureLossIndication]:
        """Give what to ask the publisher for now."""
        if self._nacks is None or (self._nacks.is_calm and not self.keyframes.is_wanted):
            return []
        asked: list[Nack | PictureLossIndication] = []
        missing = self._nacks.due(now, round_trip_s)
        if missing:
            asked.append(Nack(sender_ssrc, self.ssrc, [lost & 0xFFFF for lost in missing]))
        if self._nacks.take_gave_up():
            self.keyframes.want()
        if self.is_active(now) and self.keyframes.take_due(now):
            asked.append(PictureLossIndication(sender_ssrc, self.ssrc))
        return asked
