"""Which packets go from whom to whom in one call.

It joins the RTP core with connections: the core numbers packets for each subscriber, sends again
what is lost and chooses layers by what their line carries.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .rooms import Line
from .rtp.formats import Format
from .rtp.lane import IN_PYTHON
from .rtp.publisher import Publisher
from .rtp.speakers import Speakers
from .rtp.subscriber import Subscriber
from .rtp.track import Track, TrackOffer
from .sdp.formats import REPAIRS
from .transport import Connection, ConnectionState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .load import Load
    from .rtp.bandwidth import Bandwidth
    from .rtp.lane import Lane
    from .rtp.media_packet import MediaPacket
    from .rtp.subscription import Subscription
    from .sdp import PublishedMedia, SubscribedMedia
    from .transport.outbox import Outbox
    from .transport.way import Way

RIGHTS_HOLD_S = 0.5
SPEAKERS_FORWARDED = 5
"""How many people's sound is sent at once; who is silent makes room for who speaks."""


class Source(Protocol):
    """Where one publisher's packets come from: a connection, or frames over a WebSocket."""

    def send_rtcp(self, packet: bytes) -> bool:
        """Send the publisher a compound RTCP packet; whether it went."""


class _Uplink:
    """What one member sends."""

    def __init__(self, source: Source) -> None:
        self.source = source
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


class Sink(Protocol):
    """Where one subscriber's packets go: a connection, or a subscriber in this process."""

    def send_rtp(self, packet: bytes) -> bool:
        """Send an RTP packet; whether it went."""

    def send_rtcp(self, packet: bytes) -> bool:
        """Send a compound RTCP packet; whether it went."""


class _Downlink:
    """What one member gets."""

    def __init__(self, sink: Sink, bandwidth: Bandwidth | None) -> None:
        self.sink = sink
        kinds = sink.lanes if isinstance(sink, Connection) else IN_PYTHON
        self.core = Subscriber(bandwidth=bandwidth, kinds=kinds)
        self.lines: dict[str, Subscription] = {}  # by track id
        self.media: dict[str, SubscribedMedia] = {}  # as it was agreed on, by track id

    @property
    def is_ready(self) -> bool:
        """Whether packets arrive: before the handshake is done, those of a connection would not."""
        sink = self.sink
        return not isinstance(sink, Connection) or sink.state is ConnectionState.CONNECTED

    def add(self, media: SubscribedMedia, track: Track) -> None:
        """Send a track from its next key frame on, if the codecs agree."""
        stream = media.stream
        self.media[stream.track_id] = media
        if stream.track_id in self.lines or not _codecs(track) & media.codecs:
            return
        line = self.core.subscribe(
            track,
            stream.ssrc,
            repair_ssrc=stream.repair_ssrc if media.has_repair else None,
            takes_descriptors=media.takes_descriptors,
        )
        self.lines[stream.track_id] = line
        if self.is_ready:
            _want_picture(track)

    def go_on(self, track: Track) -> None:
        """Send a track as it comes over another connection, numbered on without a gap."""
        media, line = self.media.get(track.id), self.lines.get(track.id)
        if media is not None and line is not None and _codecs(track) & media.codecs:
            line.go_on(track)
        elif media is not None:
            self.remove(track.id)
            self.add(media, track)

    def remove(self, track_id: str) -> None:
        """Send no more of a track."""
        self.media.pop(track_id, None)
        line = self.lines.pop(track_id, None)
        if line is not None:
            self.core.unsubscribe(line)

    def send(self, packets: Iterable[bytearray]) -> None:
        """Send RTP packets."""
        for packet in packets:
            self.sink.send_rtp(bytes(packet))

    def poll(self, now: float) -> None:
        """Send the reports that are due, and what probes the path."""
        reports, probes = self.core.poll(now)
        for report in reports:
            self.sink.send_rtcp(report)
        self.send(probes)


class _Line(NamedTuple):
    """A track on its way to one member."""

    subscription: Subscription
    sink: Sink

    def send(self, packet: MediaPacket, now: float) -> None:
        """Send what this member gets for a packet, if it is anything."""
        out = self.subscription.forward(packet, now)
        if out is not None:
            self.sink.send_rtp(bytes(out))


class _Routes:
    """All the ways from one track: together through an outbox, and one by one elsewhere."""

    __slots__ = ("_others", "_outbox", "_together")

    def __init__(self, lines: Iterable[_Line]) -> None:
        self._outbox: Outbox | None = None
        self._together: list[tuple[Lane, Way, _Line]] = []
        self._others: list[_Line] = []
        for line in lines:
            sink = line.sink
            if isinstance(sink, Connection) and self._outbox in (None, sink.outbox):
                self._outbox = sink.outbox
                self._together.append((line.subscription.lane, sink.way, line))
            else:
                self._others.append(line)

    def send(self, packet: MediaPacket, now: float) -> None:
        """Send a packet to all."""
        if self._outbox is not None:
            for line in self._outbox.fan_out(packet, self._together, now):
                line.send(packet, now)
        for line in self._others:
            line.send(packet, now)


class Forwarding:
    """The media of one call. `may_receive` is asked about each member and track.

    What it said holds until `rights_changed` is called, and no longer than `RIGHTS_HOLD_S`.
    """

    def __init__(self, may_receive: Callable[[str, str], bool]) -> None:
        self._may_receive = may_receive
        self._uplinks: dict[str, _Uplink] = {}
        self._downlinks: dict[str, _Downlink] = {}
        self._interrupted: dict[str, dict[str, Track]] = {}  # by member and track id
        self._speakers = Speakers(SPEAKERS_FORWARDED)
        self._routes: dict[str, _Routes] = {}  # by track id
        self._routed_at = float("-inf")

    def rights_changed(self) -> None:
        """Ask anew who may receive what."""
        self._routes.clear()

    def publish(
        self,
        member_id: str,
        source: Source,
        media: Sequence[tuple[str, PublishedMedia]],
    ) -> None:
        """Expect a member's tracks, by track id, and no others of theirs.

        Those that were interrupted go on over another source.
        """
        uplink = self._uplinks.get(member_id)
        if uplink is None or uplink.source is not source:
            uplink = self._uplinks[member_id] = _Uplink(source)
        uplink.set_tracks(media)
        interrupted = self._interrupted.get(member_id, {})
        for track_id, track in uplink.tracks.items():
            if interrupted.pop(track_id, None) is not None:
                for downlink in self._downlinks.values():
                    downlink.go_on(track)
        self._routes.clear()

    def interrupt(self, member_id: str) -> None:
        """Have a member's tracks stand still: their source is gone, and another one may come."""
        uplink = self._uplinks.pop(member_id, None)
        if uplink is not None:
            self._interrupted.setdefault(member_id, {}).update(uplink.tracks)
            self._routes.clear()

    def unpublish(self, member_id: str, track_id: str) -> None:
        """Take no more packets of a track, and send none."""
        uplink = self._uplinks.get(member_id)
        if uplink is not None:
            uplink.remove(track_id)
        self._interrupted.get(member_id, {}).pop(track_id, None)
        self._end(track_id)

    def subscribe(
        self,
        member_id: str,
        sink: Sink,
        media: Sequence[SubscribedMedia],
        *,
        bandwidth: Bandwidth | None = None,
    ) -> None:
        """Send a member what their answer agreed to; what is sent already goes on.

        `bandwidth` says what the way to a new sink takes; without it, that is estimated by what
        the sink feeds back.
        """
        downlink = self._downlinks.get(member_id)
        if downlink is None or downlink.sink is not sink:
            downlink = self._downlinks[member_id] = _Downlink(sink, bandwidth)
        for each in media:
            track = self._track(each.stream.track_id)
            if track is not None:
                downlink.add(each, track)
        self._routes.clear()

    def subscriber_ready(self, member_id: str) -> None:
        """Begin to send to a member whose connection is there now, with a key frame."""
        downlink = self._downlinks.get(member_id)
        if downlink is not None:
            for line in downlink.lines.values():
                _want_picture(line.track)
            self._routes.clear()

    def unsubscribe(self, member_id: str, track_id: str) -> None:
        """Send a member no more of a track."""
        downlink = self._downlinks.get(member_id)
        if downlink is not None:
            downlink.remove(track_id)
            self._routes.clear()

    def forget_publisher(self, member_id: str) -> None:
        """Take no more from a member."""
        uplink = self._uplinks.pop(member_id, None)
        tracks = self._interrupted.pop(member_id, {})
        if uplink is not None:
            tracks.update(uplink.tracks)
        for track_id in tracks:
            self._end(track_id)

    def forget_subscriber(self, member_id: str) -> None:
        """Send no more to a member."""
        self._downlinks.pop(member_id, None)
        self._routes.clear()

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
        track = packet.stream.track
        if not track.is_video and not self._is_heard(packet, now):
            return
        routes = self._routes.get(track.id)
        if routes is None:
            routes = self._routes[track.id] = _Routes(self._lines(track.id))
        routes.send(packet, now)

    def _lines(self, track_id: str) -> list[_Line]:
        """Find all who get a track now."""
        lines = []
        for subscriber_id, downlink in self._downlinks.items():
            line = downlink.lines.get(track_id)
            if line is None or not downlink.is_ready:
                continue
            if self._may_receive(subscriber_id, track_id):
                lines.append(_Line(line, downlink.sink))
            else:
                line.pause()  # what is missed meanwhile can't be asked for later
        return lines

    def _is_heard(self, packet: MediaPacket, now: float) -> bool:
        """Whether the sound of a packet's sender is among what is sent."""
        track_id = packet.stream.track.id
        if self._speakers.is_forwarded(track_id):
            self._speakers.receive(track_id, packet.level, now)
            return True
        before = self._speakers.forwarded
        if self._speakers.receive(track_id, packet.level, now):
            for quiet in before - self._speakers.forwarded:
                for downlink in self._downlinks.values():
                    line = downlink.lines.get(str(quiet))
                    if line is not None:
                        line.pause()
        return self._speakers.is_forwarded(track_id)

    def active_speaker(self, now: float) -> str | None:
        """Give the sound track of who speaks, or spoke last; ask every 100 ms or so."""
        active = self._speakers.poll(now)
        return None if active is None else str(active)

    def receive_rtcp(self, member_id: str, data: bytes, now: float) -> None:
        """Take a publisher's reports."""
        uplink = self._uplinks.get(member_id)
        if uplink is not None:
            uplink.core.receive_rtcp(data, now)

    def receive_feedback(self, member_id: str, data: bytes, now: float) -> None:
        """Take what a subscriber misses, and how what was sent arrives."""
        downlink = self._downlinks.get(member_id)
        if downlink is not None:
            downlink.send(downlink.core.receive_rtcp(data, now))

    def poll(self, now: float) -> None:
        """Send the reports and requests that are due."""
        if now - self._routed_at > RIGHTS_HOLD_S:
            self._routed_at = now
            self._routes.clear()
        for uplink in self._uplinks.values():
            for packet in uplink.core.poll(now):
                uplink.source.send_rtcp(packet)
        for downlink in self._downlinks.values():
            downlink.poll(now)

    def line_of(self, member_id: str, now: float) -> Line:
        """Measure a member's connection; ask once a second."""
        uplink, downlink = self._uplinks.get(member_id), self._downlinks.get(member_id)
        return Line(
            lost_up=0.0 if uplink is None else uplink.core.lost(),
            lost_down=0.0 if downlink is None else downlink.core.bandwidth.lost(now),
            is_starved=downlink is not None and downlink.core.is_starved,
        )

    def add_to(self, load: Load) -> None:
        """Count who sends and gets something here, in which layers, and what of it is lost."""
        load.publishers += sum(bool(uplink.tracks) for uplink in self._uplinks.values())
        for uplink in self._uplinks.values():
            for track in uplink.tracks.values():
                load.lost_up += [
                    stream.statistics.fraction_lost
                    for stream in track.streams
                    if stream is not None
                ]
        load.subscribers += sum(bool(downlink.lines) for downlink in self._downlinks.values())
        for downlink in self._downlinks.values():
            for line in downlink.lines.values():
                if line.current is not None and line.packets:
                    load.lost_down.append(line.fraction_lost)
                    if line.track.is_video:
                        load.layers[line.current.layer] += 1

    def _track(self, track_id: str) -> Track | None:
        sent = (uplink.tracks for uplink in self._uplinks.values())
        for tracks in (*sent, *self._interrupted.values()):
            if track_id in tracks:
                return tracks[track_id]
        return None

    def _end(self, track_id: str) -> None:
        """Send nobody a track that ended."""
        self._speakers.remove(track_id)
        for downlink in self._downlinks.values():
            downlink.remove(track_id)
        self._routes.clear()


def _want_picture(track: Track) -> None:
    """Ask for a key frame of each layer, to begin with."""
    for layer in track.streams:
        if layer is not None and track.is_video:
            layer.keyframes.want()


def _codecs(track: Track) -> set[str]:
    return {form.codec for form in track.offer.formats.values() if not form.is_repair}


def _offer(track_id: str, media: PublishedMedia) -> TrackOffer:
    """Tell the RTP core what was agreed on about a track."""
    numbers = media.subscriber_payload_types
    names = {codec.payload_type: codec.name for codec in media.codecs}
    formats = {}
    for codec in media.codecs:
        if codec.name == "rtx":
            repairs = int(codec.parameters["apt"])
            number = REPAIRS[names[repairs]].payload_type
            formats[codec.payload_type] = Format("rtx", codec.clock_rate, number, repairs)
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
