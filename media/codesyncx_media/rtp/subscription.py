"""One track as one subscriber gets it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from .epochs import Epochs, patched, write_short
from .extensions import Extensions, subscriber_block, with_descriptor
from .lane import IN_PYTHON, LaneKinds
from .media_packet import PAYLOAD_AT, MediaPacket
from .packet import FIXED_HEADER_BYTES, build_rtp
from .rates import TokenBucket
from .rtcp_reports import SenderReport
from .rtx import wrap_rtx

if TYPE_CHECKING:
    from .received_stream import ReceivedStream
    from .send_history import SendHistory
    from .spatial_layers import SpatialLayers
    from .track import Track

REPEATS_PER_S = 200.0
REPEATS_AT_ONCE = 100.0
MAX_REMEMBERED = 512
ALL_TEMPORAL_LAYERS = 8
ALL_SPATIAL_LAYERS = 8
NOT_BY_LANE = -1
"""A highest layer that a lane takes no packet with: all are given to `forward`."""
MAX_PADDING = 255
MARKER = 0x80
TRANSPORT_SEQUENCE_AT = FIXED_HEADER_BYTES + 5


class Subscription:
    """Numbers a track's packets on for a subscriber, and answers what they ask about it.

    `target` is the stream (simulcast layer) to send: a change waits for a key frame, and what
    was sent before goes on until then. None pauses. `max_temporal_layer` thins frames out.
    A stream with spatial layers of its own (SVC) is sent up to `max_spatial_layer`: less from the
    next picture on, more from the next key frame on.
    With `accepts_any` the first key frame of any layer is taken when there is no target; sound
    has no layers and needs none. `max_layer` is the largest layer that the subscriber's window
    has use for; the highest `priority` is served first. `lane` is for an outbox: it has what
    most packets need, and those that it has no answer for are given to `forward`.
    """

    __slots__ = (
        "_epochs",
        "_history",
        "_is_described",
        "_padding_timestamp",
        "_repair_payload_types",
        "_repair_sequence",
        "_repair_ssrc",
        "_repeated",
        "_repeats",
        "_spatial_layer",
        "_takes_descriptors",
        "accepts_any",
        "fraction_lost",
        "lane",
        "max_layer",
        "max_spatial_layer",
        "max_temporal_layer",
        "priority",
        "ssrc",
        "subscriber",
        "target",
        "track",
    )

    def __init__(
        self,
        track: Track,
        ssrc: int,
        history: SendHistory,
        *,
        subscriber: object = None,
        repair_ssrc: int | None = None,
        takes_descriptors: bool = False,
        first_sequence: int | None = None,
        kinds: LaneKinds = IN_PYTHON,
    ) -> None:
        """Take the SSRCs that the subscriber was told. `subscriber` is handed through.

        `takes_descriptors` says that it agreed on dependency descriptors.
        """
        if first_sequence is None:
            first_sequence = secrets.randbits(15)
        self.ssrc = ssrc
        self.subscriber = subscriber
        self.priority = 0
        self.fraction_lost = 0.0  # by the subscriber's last report
        self.lane = kinds.lane(ssrc, history.log, ALL_TEMPORAL_LAYERS)
        self._epochs = Epochs(first_sequence, self.lane)
        self._history = history
        self._repair_ssrc = repair_ssrc
        self._takes_descriptors = takes_descriptors
        self._repair_sequence = secrets.randbits(15)
        self._repeats = TokenBucket(REPEATS_PER_S, REPEATS_AT_ONCE)
        self._repeated: dict[int, float] = {}
        self.go_on(track)

    def go_on(self, track: Track) -> None:
        """Send this track, the same one over another connection: it begins with a key frame."""
        self.track = track
        self.target: ReceivedStream | None = None
        self.lane.stream = None
        self.accepts_any = True
        self.max_layer = len(track.streams) - 1 if len(track.streams) > 1 else ALL_SPATIAL_LAYERS
        self.max_spatial_layer = ALL_SPATIAL_LAYERS
        self._spatial_layer = ALL_SPATIAL_LAYERS  # the highest that is sent now
        self.max_temporal_layer = ALL_TEMPORAL_LAYERS
        # Packets with descriptors are longer than what a lane hands on.
        self._is_described = self._takes_descriptors and any(
            each.codec == "av1" for each in track.offer.formats.values()
        )
        self.lane.max_temporal_layer = NOT_BY_LANE if self._is_described else ALL_TEMPORAL_LAYERS
        self._repair_payload_types = {
            track.offer.formats[form.repairs].subscriber_payload_type: form.subscriber_payload_type
            for form in track.offer.formats.values()
            if form.repairs is not None and form.repairs in track.offer.formats
        }

    @property
    def current(self) -> ReceivedStream | None:
        """The stream that is being sent."""
        return self.lane.stream

    @property
    def packets(self) -> int:
        """How many packets were sent, without those sent again."""
        return self.lane.packets

    @property
    def octets(self) -> int:
        """How many bytes of payload they had."""
        return self.lane.octets

    @property
    def chosen_layer(self) -> int | None:
        """The layer that is wanted, None for none: a stream, or a spatial layer of the only one."""
        if self.target is None:
            return None
        layers = self._spatial_of(self.target)
        return self.target.layer if layers is None else min(self.max_spatial_layer, layers.highest)

    def is_sent(self, now: float) -> bool:
        """Whether what is wanted still comes."""
        return self.target is not None and self.target.is_active(now)

    def layer_rates_bps(self, now: float) -> list[float]:
        """Give what each layer that can be chosen takes; 0 for one that isn't sent."""
        streams = self.track.streams
        layers = self._spatial_of(streams[0])
        if layers is not None:
            return layers.rates_bps(now)
        return [
            stream.rate.bitrate_bps(now) if stream is not None and stream.is_active(now) else 0.0
            for stream in streams
        ]

    def choose(self, layer: int, *, is_thinned: bool) -> None:
        """Send a layer from where that can begin; a thinned one with its fewest frames."""
        streams = self.track.streams
        has_spatial = self._spatial_of(streams[0]) is not None
        self.target = streams[0] if has_spatial else streams[layer]
        self.max_spatial_layer = layer if has_spatial else ALL_SPATIAL_LAYERS
        self.max_temporal_layer = 0 if is_thinned else ALL_TEMPORAL_LAYERS
        # What is left out of a picture changes the rest of it, which a lane knows nothing of.
        is_special = has_spatial or self._is_described
        self.lane.max_temporal_layer = NOT_BY_LANE if is_special else self.max_temporal_layer

    def _spatial_of(self, stream: ReceivedStream | None) -> SpatialLayers | None:
        """Give the layers inside a stream, where there is no other to choose."""
        return stream.spatial if stream is not None and len(self.track.streams) == 1 else None

    def pause(self) -> None:
        """Send nothing until `target` is set; what comes then goes on without a gap."""
        self.target = None
        self.lane.stream = None

    def forward(self, packet: MediaPacket, now: float) -> bytearray | None:
        """Give the packet to send for one that came, None when this subscriber doesn't get it."""
        lane, epochs = self.lane, self._epochs
        if packet.stream is not lane.stream and not self._turn(packet, now):
            return None
        if packet.temporal_layer > self.max_temporal_layer or not self._takes_layer(packet):
            self._leave_out(packet)
            return None
        epoch = epochs.current
        if packet.sequence > lane.highest:
            lane.highest = packet.sequence
            lane.last = packet
        else:
            epoch = epochs.covering(packet)
        if epoch is None:
            return None
        lane.packets += 1
        lane.octets += len(packet.wire) - PAYLOAD_AT
        out = patched(epoch, packet, self.ssrc, lane.log.note(len(packet.wire), now))
        if packet.ends_layer and packet.spatial_layer == self._spatial_layer:
            out[1] |= MARKER  # the picture ends here now
        return self._described(out, packet)

    def _described(self, out: bytearray, packet: MediaPacket) -> bytearray:
        """Give a packet the descriptor that it came with, where that was agreed on."""
        is_wanted = self._is_described and packet.descriptor
        return with_descriptor(out, packet.descriptor) if is_wanted else out

    def _takes_layer(self, packet: MediaPacket) -> bool:
        """Whether a packet's spatial layer is sent; others are from where pictures can begin."""
        if packet.starts_frame and packet.sequence > self.lane.highest:
            wanted = self.max_spatial_layer
            if packet.starts_keyframe or wanted < self._spatial_layer:
                self._spatial_layer = wanted
        return packet.spatial_layer <= self._spatial_layer

    def _turn(self, packet: MediaPacket, now: float) -> bool:
        """Change to the stream wanted, where decoding can begin."""
        if self.track.is_video:
            if not packet.starts_keyframe:
                return False
            if self.accepts_any and self.target is None:
                self.target = packet.stream
            if packet.stream is not self.target:
                return False
        self._epochs.begin(packet, now)
        self.lane.stream = packet.stream
        self.lane.highest = packet.sequence - 1
        return True

    def _leave_out(self, packet: MediaPacket) -> None:
        if packet.sequence > self.lane.highest:
            self.lane.highest = packet.sequence
            is_part = packet.temporal_layer <= self.max_temporal_layer
            self._epochs.skip(packet, of_picture=is_part)

    def need_keyframe(self) -> None:
        """Ask for a key frame of what is wanted: the subscriber can't decode."""
        stream = self.target or self.current
        if stream is not None and self.track.is_video:
            stream.keyframes.want()

    def poll(self) -> None:
        """Ask for the key frame that a change of layers waits for."""
        wants_more = (self.chosen_layer or 0) > self._spatial_layer
        if self.target is not None and (self.target is not self.current or wants_more):
            self.need_keyframe()

    def repeat(self, missing: list[int], round_trip_s: float, now: float) -> list[bytearray]:
        """Give retransmissions of packets that a subscriber lacks.

        Each at most once a round trip, and not more than a bad path could use: who asks for
        everything all the time costs no more.
        """
        repeated = []
        for sequence_number in missing[:MAX_REMEMBERED]:
            if now - self._repeated.get(sequence_number, float("-inf")) < round_trip_s:
                continue
            if not self._repeats.take(1, now):
                break
            packet = self._repeat_one(sequence_number, now)
            if packet is None:
                continue
            if len(self._repeated) >= MAX_REMEMBERED:
                self._repeated.clear()
            self._repeated[sequence_number] = now
            repeated.append(packet)
        return repeated

    def _repeat_one(self, sequence_number: int, now: float, min_size: int = 0) -> bytearray | None:
        origin = self._epochs.origin(sequence_number)
        if origin is None:
            return None
        epoch, sequence = origin
        cache = epoch.stream.cache
        packet = cache.get(sequence) if cache is not None else None
        if packet is None or len(packet.wire) < min_size:
            return None
        number = self._history.note(len(packet.wire), now)
        out = patched(epoch, packet, self.ssrc, number)
        if packet.ends_layer and epoch.end == sequence + 1:
            out[1] |= MARKER  # what followed of its picture was left out
        payload_type = self._repair_payload_types.get(out[1] & 0x7F)
        if self._repair_ssrc is not None and payload_type is not None:
            self._repair_sequence += 1
            out = wrap_rtx(out, payload_type, self._repair_ssrc, self._repair_sequence)
        return self._described(out, packet)

    def padding(self, size: int, now: float) -> list[bytearray]:
        """Give about `size` bytes that probe the path: the last packets once more, or nothing.

        Without a stream for repairs there is no padding: it would take the track's numbers.
        """
        last = self._epochs.last
        if self._repair_ssrc is None or last is None or self.current is None:
            return []
        packets: list[bytearray] = []
        at = self._epochs.next_number() - 1
        for sequence_number in range(at, at - 8, -1):
            if size <= 0:
                return packets
            packet = self._repeat_one(sequence_number & 0xFFFF, now, min_size=2 * MAX_PADDING)
            if packet is not None:
                packets.append(packet)
                size -= len(packet)
        return packets + self._bare_padding(size, last.timestamp, now)

    def _bare_padding(self, size: int, timestamp: int, now: float) -> list[bytearray]:
        packets: list[bytearray] = []
        payload_type = next(iter(self._repair_payload_types.values()), None)
        while size > 0 and payload_type is not None and self._repair_ssrc is not None:
            self._repair_sequence += 1
            number = self._history.note(PAYLOAD_AT + MAX_PADDING, now)
            block = bytearray(subscriber_block(Extensions()))
            write_short(block, TRANSPORT_SEQUENCE_AT - FIXED_HEADER_BYTES, number & 0xFFFF)
            packets.append(
                bytearray(
                    build_rtp(
                        payload_type=payload_type,
                        sequence_number=self._repair_sequence & 0xFFFF,
                        timestamp=timestamp,
                        ssrc=self._repair_ssrc,
                        payload=b"",
                        extension=bytes(block),
                        padding=MAX_PADDING,
                    )
                )
            )
            size -= PAYLOAD_AT + MAX_PADDING
        return packets

    def sender_report(self, now: float) -> SenderReport | None:
        """Give the report that ties our timestamps to the publisher's clock, once it is known."""
        stream, epoch = self.current, self._epochs.current
        if stream is None or epoch is None or not stream.clock.is_known:
            return None
        ntp_time, rtp_time = stream.clock.at(now)
        rtp_time = rtp_time + epoch.timestamp_delta & 0xFFFFFFFF
        return SenderReport(self.ssrc, ntp_time, rtp_time, self.packets, self.octets)
