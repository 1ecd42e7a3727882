"""The receiving side of one publisher's connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .arrival_log import ArrivalLog
from .demultiplexer import Demultiplexer, Route
from .errors import ParseError
from .extensions import ExtensionReader, Extensions
from .ordinary import OrdinaryReader
from .packet import RtpView, parse_rtp
from .rtcp import RtcpPacket, build_rtcp, parse_rtcp
from .rtcp_reports import ReceiverReport, SenderReport
from .rtx import unwrap_rtx
from .track import Track, TrackOffer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .formats import Format
    from .media_packet import MediaPacket

REPORT_INTERVAL_S = 1.0
DEFAULT_ROUND_TRIP_S = 0.1
MAX_RTCP_BYTES = 1200
# With the subscribers' extensions, a retransmission's header and SRTP it must still fit a datagram.
MAX_RTP_BYTES = 1330
_REPORTS_PER_PACKET = 31
_SHORTEST_ORDINARY = 16


@dataclass(slots=True)
class PublisherCounters:
    """What came that wasn't forwarded."""

    malformed: int = 0
    unroutable: int = 0


class Publisher:
    """Takes in what one connection sends, and says what to answer.

    Call `poll` every 10 to 20 ms. Packets that can't be understood are counted, never raised.
    Set `round_trip_s` when the transport measures it.
    """

    def __init__(self, extension_ids: Mapping[str, int], feedback_ssrc: int) -> None:
        """Take the ids of header extensions agreed on, and the SSRC that feedback comes from."""
        self.counters = PublisherCounters()
        self.round_trip_s = DEFAULT_ROUND_TRIP_S
        self._feedback_ssrc = feedback_ssrc
        self._streams = Demultiplexer()
        self._arrivals = ArrivalLog()
        self.agree_on_extensions(extension_ids)
        self._last_ssrc = 0
        self._reported_at = float("-inf")

    def agree_on_extensions(self, extension_ids: Mapping[str, int]) -> None:
        """Take other ids of header extensions; a connection's ids never change their meaning."""
        self._reader = ExtensionReader(extension_ids)
        self._ordinary = OrdinaryReader(extension_ids, self._streams, self._arrivals)

    def add_track(self, offer: TrackOffer) -> Track:
        """Expect a track."""
        track = Track(offer)
        self._streams.add(track)
        return track

    def remove_track(self, track: Track) -> None:
        """Take no more packets of a track."""
        self._streams.remove(track)

    def receive_rtp(self, data: bytes, now: float) -> MediaPacket | None:
        """Take in one RTP packet, decrypted. Gives what is to be forwarded, if anything is."""
        if _SHORTEST_ORDINARY <= len(data) <= MAX_RTP_BYTES:
            packet = self._ordinary.take(data, now)
            if packet is not None:
                self._last_ssrc = packet.stream.ssrc
                return packet
        if len(data) <= MAX_RTP_BYTES:
            try:
                return self._receive(parse_rtp(data), now)
            except ParseError:
                pass
        self.counters.malformed += 1
        return None

    def _receive(self, view: RtpView, now: float) -> MediaPacket | None:
        route = self._streams.known(view.ssrc)
        extensions = self._reader.read(view, with_names=route is None)
        if extensions.transport_sequence is not None:
            self._arrivals.receive(extensions.transport_sequence, now)
        if route is None:
            route = self._streams.learn(view, extensions)
        if route is None:
            self.counters.unroutable += 1
            return None
        form = route.stream.track.offer.formats.get(view.payload_type)
        if form is None or form.is_repair is not route.is_repair:
            self.counters.unroutable += 1
            return None
        self._last_ssrc = route.stream.ssrc
        if form.is_repair:
            return self._recover(view, extensions, route, form, now)
        route.expect(view.payload_type, form)
        return route.stream.receive(view, extensions, form, now)

    @staticmethod
    def _recover(
        view: RtpView, extensions: Extensions, route: Route, repair: Format, now: float
    ) -> MediaPacket | None:
        repaired = repair.repairs
        form = route.stream.track.offer.formats.get(repaired) if repaired is not None else None
        if repaired is None or form is None or form.is_repair:
            return None
        original = unwrap_rtx(view, repaired, route.stream.ssrc)
        if original is None:
            return None
        return route.stream.recover(original, extensions, form, now)

    def receive_rtcp(self, data: bytes, now: float) -> None:
        """Take in one RTCP packet, decrypted."""
        try:
            packets = parse_rtcp(data)
        except ParseError:
            self.counters.malformed += 1
            return
        for packet in packets:
            if isinstance(packet, SenderReport):
                route = self._streams.known(packet.ssrc)
                if route is not None and not route.is_repair:
                    route.stream.clock.report(packet.ntp_time, packet.rtp_time, now)
                    route.stream.statistics.sender_report(packet.ntp_time, now)

    def lost(self) -> float:
        """Give the share of all that was sent since the last call that was lost on the way."""
        return self._arrivals.lost()

    def poll(self, now: float) -> list[bytes]:
        """Give the RTCP packets to send now."""
        streams = self._streams.streams()
        packets: list[RtcpPacket] = []
        if streams and now - self._reported_at >= REPORT_INTERVAL_S:
            self._reported_at = now
            blocks = [stream.statistics.report(stream.ssrc, now) for stream in streams]
            packets += [
                ReceiverReport(self._feedback_ssrc, blocks[at : at + _REPORTS_PER_PACKET])
                for at in range(0, len(blocks), _REPORTS_PER_PACKET)
            ]
        for stream in streams:
            packets += stream.feedback(self._feedback_ssrc, self.round_trip_s, now)
        feedback = self._arrivals.take(self._feedback_ssrc, self._last_ssrc, now)
        if feedback is not None:
            packets.append(feedback)
        return pack_datagrams(packets)


def pack_datagrams(packets: list[RtcpPacket]) -> list[bytes]:
    """Join packets to as few compound packets as fit a datagram (reduced size, RFC 5506)."""
    datagrams: list[bytes] = []
    current = b""
    for packet in packets:
        built = build_rtcp([packet])
        if current and len(current) + len(built) > MAX_RTCP_BYTES:
            datagrams.append(current)
            current = b""
        current += built
    if current:
        datagrams.append(current)
    return datagrams
