"""Which track and layer a publisher's packet belongs to (RFC 8843, section 9.2; RFC 8852)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .formats import DESCRIBERS
from .received_stream import ReceivedStream

if TYPE_CHECKING:
    from .extensions import Extensions
    from .formats import Format
    from .packet import RtpView
    from .track import Track

MAX_SSRCS = 64  # a track has two a layer; the rest is somebody making them up


@dataclass(slots=True)
class Route:
    """Where an SSRC's packets go.

    `payload_type` is the one that its ordinary packets have (see `ordinary`), -1 for none.
    """

    stream: ReceivedStream
    is_repair: bool
    payload_type: int = -1
    subscriber_payload_type: int = 0
    is_vp8: bool = False

    def expect(self, payload_type: int, form: Format) -> None:
        """Take packets of a format for ordinary, where there are any of its codec."""
        self.is_vp8 = form.codec == "vp8"
        is_any = not self.is_repair and (self.is_vp8 or form.codec not in DESCRIBERS)
        self.payload_type = payload_type if is_any else -1
        self.subscriber_payload_type = form.subscriber_payload_type


class Demultiplexer:
    """Finds streams by SSRC, and learns SSRCs from the ids and names in first packets."""

    __slots__ = ("_learned", "_routes", "_tracks")

    def __init__(self) -> None:
        self._tracks: dict[str, Track] = {}  # by mid
        self._routes: dict[int, Route] = {}
        self._learned = 0

    def add(self, track: Track) -> None:
        """Expect a track's packets."""
        self._tracks[track.offer.mid] = track

    def remove(self, track: Track) -> None:
        """Forget a track and its streams."""
        self._tracks.pop(track.offer.mid, None)
        for stream in track.streams:
            if stream is not None:
                self._retire(stream)
        self._learned = len(self._routes)

    def known(self, ssrc: int) -> Route | None:
        """Find the route of an SSRC that came before."""
        return self._routes.get(ssrc)

    def streams(self) -> list[ReceivedStream]:
        """Give all streams that came."""
        return [
            stream
            for track in self._tracks.values()
            for stream in track.streams
            if stream is not None
        ]

    def learn(self, view: RtpView, extensions: Extensions) -> Route | None:
        """Find the route of a new SSRC. None when nothing tells; the next packet may."""
        if self._learned >= MAX_SSRCS:
            return None
        track = self._find_track(view, extensions)
        form = track.offer.formats.get(view.payload_type) if track is not None else None
        if track is None or form is None:
            return None
        layer = self._find_layer(track, view.ssrc, extensions, form)
        if layer is None or layer >= len(track.streams):
            return None
        stream = track.streams[layer]
        if form.is_repair:
            if stream is None:
                return None
        elif stream is None or stream.ssrc != view.ssrc:
            if stream is not None:
                self._retire(stream)
            stream = ReceivedStream(track, layer, view.ssrc, form.clock_rate)
            track.streams[layer] = stream
        route = self._routes[view.ssrc] = Route(stream, form.is_repair)
        self._learned += 1
        return route

    def _retire(self, stream: ReceivedStream) -> None:
        """Let go of a stream whose place another took, and of its packets."""
        if stream.cache is not None:
            stream.cache.clear()
        for ssrc in [ssrc for ssrc, route in self._routes.items() if route.stream is stream]:
            del self._routes[ssrc]

    def _find_track(self, view: RtpView, extensions: Extensions) -> Track | None:
        if extensions.mid is not None:
            return self._tracks.get(extensions.mid)
        possible = []
        for track in self._tracks.values():
            offer = track.offer
            if view.ssrc in offer.ssrcs or view.ssrc in offer.repair_ssrcs:
                return track
            if view.payload_type in offer.formats:
                possible.append(track)
        return possible[0] if len(possible) == 1 else None

    @staticmethod
    def _find_layer(track: Track, ssrc: int, extensions: Extensions, form: Format) -> int | None:
        offer = track.offer
        told = (offer.repair_ssrcs if form.is_repair else offer.ssrcs).get(ssrc)
        if told is not None or not offer.rids:
            return told or 0
        rid = extensions.repaired_rid if form.is_repair else extensions.rid
        return offer.rids.index(rid) if rid in offer.rids else None
