"""A call's media: who gets which packet of whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .speakers import Speakers

if TYPE_CHECKING:
    from collections.abc import Hashable

    from .media_packet import MediaPacket
    from .publisher import Publisher
    from .subscriber import Subscriber
    from .subscription import Subscription
    from .track import Track

SPEAKERS_FORWARDED = 5


class Forwarder:
    """Ties publishers' tracks to subscribers. One a room, used by one thread.

    Packets go in decrypted and come out to be encrypted; the `handle` that a subscriber was made
    with says where to. Call `poll` every 10 to 20 ms.
    """

    def __init__(self, speakers_forwarded: int = SPEAKERS_FORWARDED) -> None:
        """Begin empty. Only so many speakers' sound is forwarded at once."""
        self.speakers = Speakers(speakers_forwarded)
        self._by_track: dict[Track, list[Subscription]] = {}

    def subscribe(
        self,
        subscriber: Subscriber,
        track: Track,
        ssrc: int,
        *,
        repair_ssrc: int | None = None,
        takes_descriptors: bool = False,
    ) -> Subscription:
        """Send a track to a subscriber, under the SSRCs that they were told."""
        subscription = subscriber.subscribe(
            track, ssrc, repair_ssrc=repair_ssrc, takes_descriptors=takes_descriptors
        )
        self._by_track.setdefault(track, []).append(subscription)
        return subscription

    def unsubscribe(self, subscriber: Subscriber, subscription: Subscription) -> None:
        """Send no more of a track to a subscriber."""
        subscriber.unsubscribe(subscription)
        remaining = self._by_track.get(subscription.track, [])
        if subscription in remaining:
            remaining.remove(subscription)

    def end_track(self, track: Track) -> list[Subscription]:
        """Forget a track that its publisher ended; give the subscriptions that end with it."""
        self.speakers.remove(track)
        return self._by_track.pop(track, [])

    def receive(
        self, publisher: Publisher, data: bytes, now: float
    ) -> list[tuple[object, bytearray]]:
        """Take in a publisher's RTP packet; give what to send, with each subscriber's handle."""
        packet = publisher.receive_rtp(data, now)
        return self.forward(packet, now) if packet is not None else []

    def forward(self, packet: MediaPacket, now: float) -> list[tuple[object, bytearray]]:
        """Give what to send for a publisher's packet."""
        track = packet.stream.track
        if not track.is_video and not self._is_heard(track, packet, now):
            return []
        sent = []
        for subscription in self._by_track.get(track, ()):
            out = subscription.forward(packet, now)
            if out is not None:
                sent.append((subscription.subscriber, out))
        return sent

    def _is_heard(self, track: Track, packet: MediaPacket, now: float) -> bool:
        speakers = self.speakers
        if speakers.receive(track, packet.level, now):
            pushed_out = [one for one in self._by_track if not self._may_be_heard(one)]
            for quiet in pushed_out:
                for subscription in self._by_track[quiet]:
                    subscription.pause()
        return speakers.is_forwarded(track)

    def _may_be_heard(self, track: Track) -> bool:
        return track.is_video or self.speakers.is_forwarded(track)

    def active_speaker(self, now: float) -> Hashable | None:
        """Give the track of the active speaker."""
        return self.speakers.poll(now)
