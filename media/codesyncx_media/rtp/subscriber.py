"""The sending side of one subscriber's connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .allocation import Wish, allocate
from .bandwidth import Bandwidth, BandwidthEstimator
from .errors import ParseError
from .lane import IN_PYTHON, LaneKinds
from .prober import Prober
from .publisher import pack_datagrams
from .rates import RateMeter
from .rtcp import RtcpPacket, parse_rtcp
from .rtcp_feedback import (
    FullIntraRequest,
    Nack,
    PictureLossIndication,
    ReceiverEstimatedBitrate,
)
from .rtcp_reports import ReceiverReport, ReportBlock, SenderReport, SourceDescription
from .send_history import SendHistory
from .subscription import Subscription
from .transport_feedback import TransportFeedback

if TYPE_CHECKING:
    from .track import Track

REPORT_INTERVAL_S = 1.0
ALLOCATE_INTERVAL_S = 0.2
METER_INTERVAL_S = 0.1
UPGRADE_PAUSE_S = 3.0  # after a layer was given up
MIN_ROUND_TRIP_S, MAX_ROUND_TRIP_S = 0.01, 1.0
MAX_REPORTS_REMEMBERED = 64
STARVED_BPS = 150_000
"""Below this not even the smallest picture comes in full."""


class Subscriber:
    """Sends tracks to one connection, within what its path takes.

    Call `poll` every 10 to 20 ms. `handle` is handed through with every packet to send.
    """

    def __init__(
        self,
        handle: object = None,
        *,
        bandwidth: Bandwidth | None = None,
        kinds: LaneKinds = IN_PYTHON,
    ) -> None:
        """Begin without tracks. What the path takes is estimated where nothing tells it."""
        self.handle = handle
        self.bandwidth = bandwidth or BandwidthEstimator()
        self.round_trip_s = 0.1
        self.malformed = 0
        self.is_starved = False  # something is left out on a path that takes next to nothing
        self._kinds = kinds
        self._history = SendHistory(kinds.log())
        self._subscriptions: dict[int, Subscription] = {}  # by SSRC
        self._unreported: dict[int, Subscription] = {}  # those without a sender report yet
        self._prober = Prober()
        self._sent = RateMeter()
        self._sent_bytes = 0
        self._metered_at = float("-inf")
        self._reported_at = float("-inf")
        self._allocated_at = float("-inf")
        self._gave_up_at = float("-inf")
        self._due_at = float("-inf")  # when `poll` has something to do again, unless it probes
        self._reports_sent: dict[int, float] = {}

    @property
    def subscriptions(self) -> list[Subscription]:
        """Give all subscriptions."""
        return list(self._subscriptions.values())

    def subscribe(
        self,
        track: Track,
        ssrc: int,
        *,
        repair_ssrc: int | None = None,
        takes_descriptors: bool = False,
    ) -> Subscription:
        """Begin to send a track under the SSRCs that the subscriber was told."""
        subscription = Subscription(
            track,
            ssrc,
            self._history,
            subscriber=self.handle,
            repair_ssrc=repair_ssrc,
            takes_descriptors=takes_descriptors,
            kinds=self._kinds,
        )
        self._subscriptions[ssrc] = self._unreported[ssrc] = subscription
        self._allocated_at = self._due_at = float("-inf")
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Send no more of a track."""
        subscription.pause()
        self._subscriptions.pop(subscription.ssrc, None)
        self._unreported.pop(subscription.ssrc, None)

    def receive_rtcp(self, data: bytes, now: float) -> list[bytearray]:
        """Take in one RTCP packet, decrypted. Gives the RTP packets to send again."""
        try:
            packets = parse_rtcp(data)
        except ParseError:
            self.malformed += 1
            return []
        repeated: list[bytearray] = []
        for packet in packets:
            if isinstance(packet, Nack):
                subscription = self._subscriptions.get(packet.media_ssrc)
                if subscription is not None:
                    repeated += subscription.repeat(packet.missing, self.round_trip_s, now)
            else:
                self._note(packet, now)
        return repeated

    def _note(self, packet: RtcpPacket, now: float) -> None:
        match packet:
            case TransportFeedback():
                self.bandwidth.receive(self._history.match(packet), now)
            case PictureLossIndication():
                self._need_keyframe(packet.media_ssrc)
            case FullIntraRequest():
                for ssrc, _ in packet.requests:
                    self._need_keyframe(ssrc)
            case ReceiverEstimatedBitrate():
                self.bandwidth.cap(packet.bitrate_bps)
            case ReceiverReport() | SenderReport():
                for report in packet.reports:
                    self._note_report(report, now)

    def _need_keyframe(self, ssrc: int) -> None:
        subscription = self._subscriptions.get(ssrc)
        if subscription is not None:
            subscription.need_keyframe()

    def _note_report(self, report: ReportBlock, now: float) -> None:
        subscription = self._subscriptions.get(report.ssrc)
        if subscription is None:
            return
        subscription.fraction_lost = report.fraction_lost / 256
        sent_at = self._reports_sent.get(report.last_sender_report)
        if sent_at is None:
            return
        measured = now - sent_at - report.delay_since_last_sender_report / 65536
        measured = max(MIN_ROUND_TRIP_S, min(MAX_ROUND_TRIP_S, measured))
        self.round_trip_s += (measured - self.round_trip_s) / 4

    def poll(self, now: float) -> tuple[list[bytes], list[bytearray]]:
        """Give the RTCP and RTP packets to send now; the latter probe the path."""
        if now < self._due_at and self._prober.is_idle:
            return [], []
        if now - self._allocated_at >= ALLOCATE_INTERVAL_S:
            self._allocated_at = now
            self._allocate(now)
            for subscription in self._subscriptions.values():
                subscription.poll()
        due = pack_datagrams(self._reports(now)), self._probe(now)
        self._due_at = min(
            self._allocated_at + ALLOCATE_INTERVAL_S,
            self._metered_at + METER_INTERVAL_S,
            self._reported_at + REPORT_INTERVAL_S,
        )
        return due

    def _reports(self, now: float) -> list[RtcpPacket]:
        """Give the reports that are due: the first of each soon, for faces and voices in time."""
        reported = self._unreported
        if now - self._reported_at >= REPORT_INTERVAL_S:
            self._reported_at, reported = now, self._subscriptions
        packets: list[RtcpPacket] = []
        for subscription in list(reported.values()):
            report = subscription.sender_report(now)
            if report is not None:
                self._unreported.pop(report.ssrc, None)
                packets += [report, SourceDescription({report.ssrc: b"codesyncx"})]
                self._reports_sent[report.ntp_time >> 16 & 0xFFFFFFFF] = now
        while len(self._reports_sent) > MAX_REPORTS_REMEMBERED:
            del self._reports_sent[next(iter(self._reports_sent))]
        return packets

    def _allocate(self, now: float) -> None:
        """Choose layers. After one was given up, larger ones wait."""
        pictures = [one for one in self._subscriptions.values() if one.track.is_video]
        may_grow = now - self._gave_up_at >= UPGRADE_PAUSE_S
        wishes = [_wish(one, now, may_grow=may_grow) for one in pictures]
        budget = self.bandwidth.estimate_bps - self._sound_bps(now)
        allocation = allocate(max(0.0, budget), wishes)
        for subscription in pictures:
            layer = allocation.layers[subscription.ssrc]
            before = subscription.chosen_layer if subscription.is_sent(now) else None
            streams = subscription.track.active_streams(now)
            subscription.accepts_any = not streams
            if layer is not None:
                is_thinned = subscription.ssrc in allocation.thinned
                subscription.choose(layer, is_thinned=is_thinned)
            elif streams:
                subscription.pause()
            if _is_less(layer, before, subscription.max_layer):
                self._gave_up_at = now
        self.is_starved = allocation.missing_bps > 0 and self.bandwidth.estimate_bps < STARVED_BPS
        self._prober.want(self.bandwidth.estimate_bps, allocation.missing_bps)

    def _sound_bps(self, now: float) -> float:
        """Sum up what comes before all pictures."""
        sounds = [one.current for one in self._subscriptions.values() if not one.track.is_video]
        return sum(stream.rate.bitrate_bps(now) for stream in sounds if stream is not None)

    def _probe(self, now: float) -> list[bytearray]:
        if now - self._metered_at >= METER_INTERVAL_S:
            self._metered_at = now
            sent = sum([one.lane.octets for one in self._subscriptions.values()])
            self._sent.add(max(0, sent - self._sent_bytes), now)
            self._sent_bytes = sent
        if self._prober.is_idle:
            return []
        size = self._prober.due(self._history, self.bandwidth, self._sent.bitrate_bps(now), now)
        if size <= 0:
            return []
        carrier = max(
            (one for one in self._subscriptions.values() if one.track.is_video),
            key=lambda one: one.priority,
            default=None,
        )
        return carrier.padding(size, now) if carrier is not None else []


def _is_less(layer: int | None, before: int | None, max_layer: int) -> bool:
    """Whether a layer is less than what somebody had and still wants."""
    if before is None or before > max_layer:
        return False
    return layer is None or layer < before


def _wish(subscription: Subscription, now: float, *, may_grow: bool) -> Wish:
    current = subscription.chosen_layer
    streams = subscription.track.streams
    smallest = next((stream for stream in streams if stream and stream.is_active(now)), None)
    limit = subscription.max_layer
    if not may_grow:
        limit = min(limit, current or 0)
    return Wish(
        subscription.ssrc,
        subscription.layer_rates_bps(now),
        limit,
        smallest.base_rate.bitrate_bps(now) if smallest is not None else 0.0,
        subscription.priority,
        current,
        current is not None and subscription.max_temporal_layer == 0,
    )
