"""Which packets go from whom to whom in one call.

It joins the RTP core with connections. Each subscriber gets the best layer that comes of each
picture; choosing by what their line carries is the subscriber core's, which takes the place of
`_Line` once it is there.
"""

from __future__ import annotations

import secrets
import struct
from typing import TYPE_CHECKING

from .rtp.errors import ParseError
from .rtp.formats import Format
from .rtp.packet import FIXED_HEADER_BYTES
from .rtp.publisher import Publisher
from .rtp.rtcp import parse_rtcp
from .rtp.rtcp_feedback import FullIntraRequest, Nack, PictureLossIndication
from .rtp.track import Track, TrackOffer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .rtp.media_packet import MediaPacket
    from .rtp.received_stream import ReceivedStream
    from .sdp import PublishedMedia, SubscribedMedia
    from .transport import Connection

MAX_SENT_AGAIN = 64
"""How many packets one feedback packet may have sent again."""

_SEQUENCE_AND_TIME = struct.Struct(">HII")
_SEQUENCE_AT = 2
_TRANSPORT_SEQUENCE = struct.Struct(">H")
_TRANSPORT_SEQUENCE_AT = FIXED_HEADER_BYTES + 5
"""After the block's head of four bytes and the element's of one (`rtp.extensions`)."""


class _Uplink:
    """What one member sends."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.core = Publisher({}, secrets.randbits(31) + 1)
        self.tracks: dict[str, Track] = {}

    def set_tracks(self, media: Sequence[tuple[str, PublishedMedia]]) -> None:
        """Expect these tracks and no others."""
        # A later track may bring extensions that the first ones had no use for.
        self.core.agree_on_extensions(
            {each.uri: each.id for _, published in media for each in published.extensions}
        )
        wanted = {track_id for track_id, _ in media}
        for track_id in [track_id for track_id in self.tracks if track_id not in wanted]:
            self.remove(track_id)
        for track_id, each in media:
            if track_id not in self.tracks:
                self.tracks[track_id] = self.core.add_track(_offer(track_id, each))

    def remove(self, track_id: str) -> None:
        """Take no more packets of a track."""
        track = self.tracks.pop(track_id, None)
        if track is not None:
            self.core.remove_track(track)


class _Line:
    """One track on its way to one subscriber, under one SSRC with numbers without gaps."""

    def __init__(self, downlink: _Downlink, media: SubscribedMedia, track: Track) -> None:
        self.track = track
        self.ssrc = media.stream.ssrc
        self._downlink = downlink
        self._stream: ReceivedStream | None = None
        self._sequence_offset = 0
        self._time_offset = 0
        self._last_sequence = 0
        self._last_timestamp = 0
        self._last_at = 0.0

    def forward(self, packet: MediaPacket, now: float) -> None:
        """Send a packet, if it is of the layer that goes out."""
        stream = packet.stream
        if stream is not self._stream and not self._switch(packet, now):
            return
        sequence = packet.sequence + self._sequence_offset
        if sequence > self._last_sequence:
            self._last_sequence = sequence
            self._last_timestamp = (packet.timestamp + self._time_offset) & 0xFFFFFFFF
            self._last_at = now
        self._send(packet)

    def send_again(self, missing: Iterable[int]) -> int:
        """Send what is missed and still kept; gives how many packets that was."""
        stream = self._stream
        if stream is None or stream.cache is None:
            return 0
        sent = 0
        for number in missing:
            # The nearest sequence to the last one that ends in these 16 bits.
            behind = (self._last_sequence - number) & 0xFFFF
            packet = stream.cache.get(self._last_sequence - behind - self._sequence_offset)
            if packet is not None:
                self._send(packet)
                sent += 1
        return sent

    def want_keyframe(self) -> None:
        """Ask for a key frame of what goes out, or of all that could."""
        streams = [self._stream] if self._stream is not None else self.track.streams
        for stream in streams:
            if stream is not None:
                stream.keyframes.want()

    def _switch(self, packet: MediaPacket, now: float) -> bool:
        """Go over to the packet's stream, if it is better and can be begun with."""
        stream, current = packet.stream, self._stream
        if current is not None and current.is_active(now) and stream.layer <= current.layer:
            return False
        if self.track.is_video and not packet.starts_keyframe:
            stream.keyframes.want()
            return False
        if current is not None:
            ticks = max(1, round((now - self._last_at) * stream.clock.clock_rate))
            self._time_offset = self._last_timestamp + ticks - packet.timestamp
            self._sequence_offset = self._last_sequence + 1 - packet.sequence
        else:
            # Far enough from 0 that packets a little older still have a number.
            self._sequence_offset = 0x10000 - packet.sequence + packet.sequence % 0x10000
        self._stream = stream
        return True

    def _send(self, packet: MediaPacket) -> None:
        wire = bytearray(packet.wire)
        _SEQUENCE_AND_TIME.pack_into(
            wire,
            _SEQUENCE_AT,
            (packet.sequence + self._sequence_offset) & 0xFFFF,
            (packet.timestamp + self._time_offset) & 0xFFFFFFFF,
            self.ssrc,
        )
        _TRANSPORT_SEQUENCE.pack_into(
            wire, _TRANSPORT_SEQUENCE_AT, self._downlink.next_transport_sequence()
        )
        self._downlink.connection.send_rtp(bytes(wire))


class _Downlink:
    """What one member gets."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.lines: dict[str, _Line] = {}
        self._transport_sequence = 0

    def next_transport_sequence(self) -> int:
        """Count the packets of the connection (transport-wide congestion control)."""
        self._transport_sequence = (self._transport_sequence + 1) & 0xFFFF
        return self._transport_sequence

    def by_ssrc(self, ssrc: int) -> _Line | None:
        """Find a line."""
        return next((line for line in self.lines.values() if line.ssrc == ssrc), None)


class Forwarding:
    """The media of one call. `may_receive` is asked about each member, track and packet."""

    def __init__(self, may_receive: Callable[[str, str], bool]) -> None:
        self._may_receive = may_receive
        self._uplinks: dict[str, _Uplink] = {}
        self._downlinks: dict[str, _Downlink] = {}

    def publish(
        self,
        member_id: str,
        connection: Connection,
        media: Sequence[tuple[str, PublishedMedia]],
    ) -> None:
        """Expect a member's tracks, by track id, and no others of theirs."""
        uplink = self._uplinks.get(member_id)
        if uplink is None or uplink.connection is not connection:
            uplink = self._uplinks[member_id] = _Uplink(connection)
        uplink.set_tracks(media)

    def unpublish(self, member_id: str, track_id: str) -> None:
        """Take no more packets of a track, and send none."""
        uplink = self._uplinks.get(member_id)
        if uplink is not None:
            uplink.remove(track_id)
        for downlink in self._downlinks.values():
            downlink.lines.pop(track_id, None)

    def subscribe(
        self, member_id: str, connection: Connection, media: Sequence[SubscribedMedia]
    ) -> None:
        """Send a member what their answer agreed to; what is sent already goes on."""
        downlink = self._downlinks.get(member_id)
        if downlink is None or downlink.connection is not connection:
            downlink = self._downlinks[member_id] = _Downlink(connection)
        for each in media:
            track = self._track(each.stream.track_id)
            if (
                track is not None
                and each.stream.track_id not in downlink.lines
                and _codecs(track) & each.codecs
            ):
                line = downlink.lines[each.stream.track_id] = _Line(downlink, each, track)
                line.want_keyframe()

    def unsubscribe(self, member_id: str, track_id: str) -> None:
        """Send a member no more of a track."""
        downlink = self._downlinks.get(member_id)
        if downlink is not None:
            downlink.lines.pop(track_id, None)

    def forget_publisher(self, member_id: str) -> None:
        """Take no more from a member."""
        uplink = self._uplinks.pop(member_id, None)
        if uplink is not None:
            for track_id in uplink.tracks:
                for downlink in self._downlinks.values():
                    downlink.lines.pop(track_id, None)

    def forget_subscriber(self, member_id: str) -> None:
        """Send no more to a member."""
        self._downlinks.pop(member_id, None)

    def forget(self, member_id: str) -> None:
        """Take no more from a member and send them nothing."""
        self.forget_publisher(member_id)
        self.forget_subscriber(member_id)

    def receive_rtp(self, member_id: str, data: bytes, now: float) -> None:
        """Take a member's packet and send it to all who may have it."""
        uplink = self._uplinks.get(member_id)
        packet = None if uplink is None else uplink.core.receive_rtp(data, now)
        if packet is None:
            return
        track_id = packet.stream.track.id
        for subscriber_id, downlink in self._downlinks.items():
            line = downlink.lines.get(track_id)
            if line is not None and self._may_receive(subscriber_id, track_id):
                line.forward(packet, now)

    def receive_rtcp(self, member_id: str, data: bytes, now: float) -> None:
        """Take a publisher's reports."""
        uplink = self._uplinks.get(member_id)
        if uplink is not None:
            uplink.core.receive_rtcp(data, now)

    def receive_feedback(self, member_id: str, data: bytes, _now: float) -> None:
        """Take what a subscriber misses."""
        downlink = self._downlinks.get(member_id)
        if downlink is None:
            return
        try:
            packets = parse_rtcp(data)
        except ParseError:
            return
        left = MAX_SENT_AGAIN
        for packet in packets:
            if isinstance(packet, Nack):
                line = downlink.by_ssrc(packet.media_ssrc)
                if line is not None and self._may_receive(member_id, line.track.id):
                    left -= line.send_again(packet.missing[:left])
            elif isinstance(packet, PictureLossIndication):
                self._want_keyframe(downlink, packet.media_ssrc)
            elif isinstance(packet, FullIntraRequest):
                for ssrc, _ in packet.requests:
                    self._want_keyframe(downlink, ssrc)

    def poll(self, now: float) -> None:
        """Send publishers the reports and requests that are due."""
        for uplink in self._uplinks.values():
            for packet in uplink.core.poll(now):
                uplink.connection.send_rtcp(packet)

    def _track(self, track_id: str) -> Track | None:
        for uplink in self._uplinks.values():
            if track_id in uplink.tracks:
                return uplink.tracks[track_id]
        return None

    @staticmethod
    def _want_keyframe(downlink: _Downlink, ssrc: int) -> None:
        line = downlink.by_ssrc(ssrc)
        if line is not None:
            line.want_keyframe()


def _codecs(track: Track) -> set[str]:
    return {form.codec for form in track.offer.formats.values() if not form.is_repair}


def _offer(track_id: str, media: PublishedMedia) -> TrackOffer:
    """Tell the RTP core what was agreed on about a track."""
    numbers = media.subscriber_payload_types
    formats = {}
    for codec in media.codecs:
        if codec.name == "rtx":
            repairs = int(codec.parameters["apt"])
            formats[codec.payload_type] = Format("rtx", codec.clock_rate, 0, repairs)
        else:
            number = numbers[codec.payload_type]
            formats[codec.payload_type] = Format(codec.name, codec.clock_rate, number)
    # Without layers all that the offer names is the one stream; with them, rids tell.
    firsts = {} if media.rids else dict.fromkeys(media.ssrcs[:1], 0)
    repaired = {media.repairs[ssrc]: 0 for ssrc in firsts if ssrc in media.repairs}
    return TrackOffer(
        id=track_id,
        kind="video" if media.kind == "video" else "audio",
        mid=media.mid,
        formats=formats,
        rids=media.rids,
        ssrcs=firsts,
        repair_ssrcs=repaired,
    )
