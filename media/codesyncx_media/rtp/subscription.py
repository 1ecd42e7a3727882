"""One track as one subscriber gets it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from .epochs import Epochs, patched, write_short
from .extensions import Extensions, subscriber_block
from .lane import IN_PYTHON, LaneKinds
from .media_packet import PAYLOAD_AT, MediaPacket
from .packet import FIXED_HEADER_BYTES, build_rtp
from .rates import TokenBucket
from .rtcp_reports import SenderReport
from .rtx import wrap_rtx

if TYPE_CHECKING:
    from .received_stream import ReceivedStream
    from .send_history import SendHistory
    from .track import Track

REPEATS_PER_S = 200.0
REPEATS_AT_ONCE = 100.0
MAX_REMEMBERED = 512
ALL_TEMPORAL_LAYERS = 8
MAX_PADDING = 255
TRANSPORT_SEQUENCE_AT = FIXED_HEADER_BYTES + 5


class Subscription:
    """Numbers a track's packets on for a subscriber, and answers what they ask about it.

    `target` is the stream (simulcast layer) to send: a change waits for a key frame, and what
    was sent before goes on until then. None pauses. `max_temporal_layer` thins frames out.
    With `accepts_any` the first key frame of any layer is taken when there is no target; sound
    has no layers and needs none. `max_layer` is the largest layer that the subscriber's window
    has use for; the highest `priority` is served first. `lane` is for an outbox: it has what
    most packets need, and those that it has no answer for are given to `forward`.
    """

    __slots__ = (
        "_epochs",
        "_history",
        "_padding_timestamp",
        "_repair_payload_types",
        "_repair_sequence",
        "_repair_ssrc",
        "_repeated",
        "_repeats",
        "accepts_any",
        "fraction_lost",
        "lane",
        "max_layer",
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
        first_sequence: int | None = None,
        kinds: LaneKinds = IN_PYTHON,
    ) -> None:
        """Take the SSRCs that the subscriber was told. `subscriber` is handed through."""
        if first_sequence is None:
            first_sequence = secrets.randbits(15)
        self.track = track
        self.ssrc = ssrc
        self.subscriber = subscriber
        self.target: ReceivedStream | None = None
        self.accepts_any = True
        self.max_layer = len(track.streams) - 1
        self.priority = 0
        self.fraction_lost = 0.0  # by the subscriber's last report
        self.lane = kinds.lane(ssrc, history.log, ALL_TEMPORAL_LAYERS)
        self._epochs = Epochs(first_sequence, self.lane)
        self._history = history
        self._repair_ssrc = repair_ssrc
        self._repair_sequence = secrets.randbits(15)
        self._repair_payload_types = {
            track.offer.formats[form.repairs].subscriber_payload_type: form.subscriber_payload_type
            for form in track.offer.formats.values()
            if form.repairs is not None and form.repairs in track.offer.formats
        }
        self._repeats = TokenBucket(REPEATS_PER_S, REPEATS_AT_ONCE)
        self._repeated: dict[int, float] = {}

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
    def max_temporal_layer(self) -> int:
        """The highest temporal layer that is sent."""
        return self.lane.max_temporal_layer

    @max_temporal_layer.setter
    def max_temporal_layer(self, layer: int) -> None:
        self.lane.max_temporal_layer = layer

    def pause(self) -> None:
        """Send nothing until `target` is set; what comes then goes on without a gap."""
        self.target = None
        self.lane.stream = None

    def forward(self, packet: MediaPacket, now: float) -> bytearray | None:
        """Give the packet to send for one that came, None when this subscriber doesn't get it."""
        lane, epochs = self.lane, self._epochs
        if packet.stream is not lane.stream and not self._turn(packet, now):
            return None
        if packet.temporal_layer > lane.max_temporal_layer:
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
        return patched(epoch, packet, self.ssrc, lane.log.note(len(packet.wire), now))

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
            self._epochs.skip(packet)

    def need_keyframe(self) -> None:
        """Ask for a key frame of what is wanted: the subscriber can't decode."""
        stream = self.target or self.current
        if stream is not None and self.track.is_video:
            stream.keyframes.want()

    def poll(self) -> None:
        """Ask for the key frame that a change of layers waits for."""
        if self.target is not None and self.target is not self.current:
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
        payload_type = self._repair_payload_types.get(out[1] & 0x7F)
        if self._repair_ssrc is None or payload_type is None:
            return out
        self._repair_sequence += 1
        return wrap_rtx(out, payload_type, self._repair_ssrc, self._repair_sequence)

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
