"""One member's media over a WebSocket, where only web traffic gets through."""

from __future__ import annotations

import secrets
from collections import deque
from typing import TYPE_CHECKING, Protocol

from .errors import InvalidRequestError
from .frames.downstream import Downstream
from .frames.packetizer import EXTENSION_IDS, PAYLOAD_TYPES
from .frames.upstream import LAYERS, Upstream
from .frames.wire import Codec
from .rooms import TrackKind
from .sdp import PublishedMedia, SubscribedMedia
from .sdp.description import Codec as DescribedCodec
from .sdp.description import Extension
from .signalling.media_messages import decode_media
from .signalling.messages import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from codesyncx_server.errors import CodeSyncXError

    from .forwarding import Forwarding
    from .frames.upstream import Packets
    from .sdp import OutgoingStream

_KEY_BYTES = 24
ACKNOWLEDGE_EVERY_S = 0.1
PACKETS_AT_ONCE = 64
"""Of pictures: a large one, which is there all at once, takes turns with everybody else's media."""
WAITING_TURNS = 8
"""In how many turns what waits is through, however much it is."""


class FrameSocket(Protocol):
    """The WebSocket that a link's frames go over."""

    def send(self, message: str | bytes) -> None:
        """Send a message, if the browser is still there."""

    def refuse(self, error: CodeSyncXError) -> None:
        """Close the connection, saying why."""

    def end(self) -> None:
        """Close the connection; nothing is wrong."""


class FrameLink:
    """Joins one media socket with the call's forwarding.

    It is opened by `key`, once; until then what is sent to it is dropped.
    """

    def __init__(
        self,
        member_id: str,
        forwarding: Forwarding,
        codecs: frozenset[str],
        clock: Callable[[], float],
        lost: Callable[[FrameLink], None],
    ) -> None:
        self.member_id = member_id
        self.key = secrets.token_urlsafe(_KEY_BYTES)
        self.tracks: dict[int, str] = {}
        """What the member sends: the track id of each stream number."""
        self.was_refused = False
        self._kinds: dict[int, TrackKind] = {}
        self._codecs = codecs
        self._forwarding = forwarding
        self._clock = clock
        self._lost = lost
        self._up = Upstream()
        self._down = Downstream(clock)
        self._feedback = _Feedback(self)
        self._socket: FrameSocket | None = None
        self._waiting: deque[bytes] = deque()
        self._acknowledged = 0
        self._acknowledged_at = float("-inf")

    # --- its socket ---

    def open(self, socket: FrameSocket) -> None:
        """Take the socket that came with the key."""
        self._socket = socket
        self._tell_streams()

    def take(self, message: str | bytes) -> None:
        """Take what came over the socket; a CodeSyncXError ends it."""
        now = self._clock()
        if isinstance(message, bytes):
            packets = self._up.receive(message, now)
            if packets is not None:
                self._take_packets(packets, now)
            return
        heard = decode_media(message)
        if heard.type == "received":
            self._down.outbox.received(heard.fields["bytes"], now)
            self._flush(now)
        elif heard.type == "need_keyframe":
            self._ask_keyframe(self._down.keyframe_of(heard.fields["stream"]), now)
        else:
            raise InvalidRequestError("This connection is open already.")

    def _take_packets(self, packets: Packets, now: float) -> None:
        """Forward sound at once and pictures in their turn."""
        if packets.is_sound:
            self._forward(packets.rtp, now)
        else:
            self._waiting.extend(packets.rtp)
            self._forward_waiting(now)
        if packets.report is not None:
            self._forwarding.receive_rtcp(self.member_id, packets.report, now)

    def _forward_waiting(self, now: float) -> None:
        count = min(len(self._waiting), max(PACKETS_AT_ONCE, len(self._waiting) // WAITING_TURNS))
        self._forward([self._waiting.popleft() for _ in range(count)], now)

    def _forward(self, packets: Iterable[bytes], now: float) -> None:
        for packet in packets:
            self._forwarding.receive_rtp(self.member_id, packet, now)

    def socket_closed(self, *, was_refused: bool) -> None:
        """Note that the socket is gone; what was sent waits for another, if nothing was wrong."""
        self._socket = None
        self.was_refused = was_refused
        self._lost(self)

    def refuse(self, error: CodeSyncXError) -> None:
        """Close the socket, saying why."""
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.refuse(error)

    def close(self) -> None:
        """Close the socket; the browser asked for another, or went."""
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.end()

    def poll(self, now: float) -> None:
        """Send what waits, and say what has come."""
        self._forward_waiting(now)
        for feedback in self._down.poll(now):
            self._ask_keyframe(feedback, now)
        self._flush(now)
        count = self._up.received
        if count != self._acknowledged and now - self._acknowledged_at >= ACKNOWLEDGE_EVERY_S:
            self._acknowledged, self._acknowledged_at = count, now
            self._send(encode("received", bytes=count))

    # --- what the member sends ---

    def publish(self, kinds: Mapping[int, tuple[str, TrackKind]]) -> None:
        """Take these tracks and no others: of each number the track id and the kind."""
        for number in [number for number in self.tracks if number not in kinds]:
            self._up.forget(number)
        for number, (_, kind) in kinds.items():
            if number not in self.tracks:
                codec = Codec.VP8 if kind.is_video else Codec.OPUS
                self._up.expect(number, codec, is_layered=kind is TrackKind.CAMERA)
        self.tracks = {number: track_id for number, (track_id, _) in kinds.items()}
        self._kinds = {number: kind for number, (_, kind) in kinds.items()}
        media = [(track_id, _published(number, kind)) for number, (track_id, kind) in kinds.items()]
        self._forwarding.publish(self.member_id, self._feedback, media)

    def forget(self, track_id: str) -> None:
        """Take no more of a track that ended; what is on its way is dropped."""
        for number in [number for number, each in self.tracks.items() if each == track_id]:
            self._up.forget(number)
            del self.tracks[number]
            del self._kinds[number]

    def take_feedback(self, packet: bytes) -> None:
        """Hand on what the forwarding asks of the member: key frames. Nothing else gets lost."""
        for stream, layer in self._up.keyframes_wanted(packet):
            self._send(encode("keyframe", stream=stream, layer=layer))

    # --- what the member gets ---

    def sync(self, wanted: Mapping[str, OutgoingStream]) -> None:
        """Send these tracks, by id, and no others."""
        before = self._down.tracks
        had = set(before.values())
        for track_id in had - set(wanted):
            self._down.remove(track_id)
            self._forwarding.unsubscribe(self.member_id, track_id)
        media = []
        for track_id, stream in wanted.items():
            if track_id in had:
                continue
            if not self._down.add(track_id, stream.ssrc, is_video=stream.kind == "video"):
                break
            media.append(SubscribedMedia(stream, "", self._codecs, has_repair=False))
        if self._down.tracks != before:
            self._tell_streams()
        if media:
            self._forwarding.subscribe(
                self.member_id, self._down, media, bandwidth=self._down.bandwidth
            )

    def _tell_streams(self) -> None:
        self._send(encode("streams", tracks=self._down.tracks))

    def _ask_keyframe(self, feedback: bytes | None, now: float) -> None:
        if feedback is not None:
            self._forwarding.receive_feedback(self.member_id, feedback, now)

    def _flush(self, now: float) -> None:
        if self._socket is not None:
            for message in self._down.outbox.take(now):
                self._socket.send(message)

    def _send(self, text: str) -> None:
        if self._socket is not None:
            self._socket.send(text)


class _Feedback:
    """The way back to a member who publishes frames."""

    def __init__(self, link: FrameLink) -> None:
        self._link = link

    def send_rtcp(self, packet: bytes) -> bool:
        self._link.take_feedback(packet)
        return True


_DESCRIBED = {
    "video": DescribedCodec(PAYLOAD_TYPES[Codec.VP8], "vp8", 90_000, 1, "", frozenset()),
    "audio": DescribedCodec(PAYLOAD_TYPES[Codec.OPUS], "opus", 48_000, 2, "", frozenset()),
}
_EXTENSIONS = tuple(Extension(number, uri) for uri, number in EXTENSION_IDS.items())


def _published(number: int, kind: TrackKind) -> PublishedMedia:
    """Describe a track as an offer would have done."""
    codec = _DESCRIBED["video" if kind.is_video else "audio"]
    return PublishedMedia(
        mid=str(number),
        kind="video" if kind.is_video else "audio",
        codec=codec.name,
        codecs=(codec,),
        subscriber_payload_types={codec.payload_type: codec.payload_type},
        extensions=_EXTENSIONS,
        rids=LAYERS if kind is TrackKind.CAMERA else (),
        ssrcs=(),
        repairs={},
    )
