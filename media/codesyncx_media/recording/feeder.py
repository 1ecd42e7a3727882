"""Feeds one recorder: subscribes to what is to be seen and heard, and says when it was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..frames import PictureAssembler, SoundAssembler
from ..participant import outgoing
from ..rooms import TrackKind
from ..rooms.people import Track
from ..rtp.bandwidth import KnownBandwidth
from ..rtp.errors import ParseError
from ..rtp.rtcp import parse_rtcp
from ..rtp.rtcp_feedback import PictureLossIndication
from ..rtp.rtcp_reports import SenderReport
from ..sdp.formats import SOUND, VIDEO
from ..sdp.subscriber import SubscribedMedia
from .choice import Choice, Scene, Seen
from .feed import EndTrack, Media, Show, Stop, Tick
from .timeline import SenderTimes, StreamTimes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..forwarding import Forwarding
    from ..frames import Frame
    from ..rooms.people import PersonView, TrackView
    from .feed import Message, Seconds

RECORDER = "recorder"
"""Who subscribes: no member has such an id."""
CHOOSE_EVERY_S = 0.1
_SOUND_RATE, _PICTURE_RATE = 48000, 90000
_CODECS = frozenset(codec.name for codec in (*SOUND, *VIDEO))


class _Line:
    """One track as the recorder gets it."""

    def __init__(self, number: int, view: TrackView, sender: SenderTimes) -> None:
        is_video = view.kind.is_video
        self.number = number
        self.is_video = is_video
        self.assembler: PictureAssembler | SoundAssembler = (
            PictureAssembler() if is_video else SoundAssembler()
        )
        self.times = StreamTimes(_PICTURE_RATE if is_video else _SOUND_RATE, sender)


class Feeder:
    """Subscribes like anybody, and writes messages. Call `poll` every 20 ms or so."""

    def __init__(
        self,
        forwarding: Forwarding,
        write: Callable[[Message], bool],
        clock: Callable[[], Seconds],
    ) -> None:
        self._forwarding = forwarding
        self._write = write
        self._clock = clock
        self._began_at = clock()
        self._choice = Choice()
        self._chosen_at = float("-inf")
        self._scene: Scene | None = None
        self._made = 0
        self._by_ssrc: dict[int, _Line] = {}
        self._ssrcs: dict[str, int] = {}  # by track id
        self._senders: dict[str, SenderTimes] = {}

    def poll(self, people: Sequence[PersonView], now: Seconds) -> None:
        """Follow what people send, and give on what needn't wait any longer."""
        if now - self._chosen_at >= CHOOSE_EVERY_S:
            self._chosen_at = now
            self._follow(people, now)
            self._write(Tick(now - self._began_at))
        for ssrc, line in list(self._by_ssrc.items()):
            self._give(line, line.assembler.poll(now), now)
            if isinstance(line.assembler, PictureAssembler) and line.assembler.wants_keyframe:
                request = PictureLossIndication(0, ssrc).build()
                self._forwarding.receive_feedback(RECORDER, request, now)

    def stop(self, now: Seconds) -> None:
        """End the recording."""
        self._forwarding.forget(RECORDER)
        self._write(Stop(now - self._began_at))

    def send_rtp(self, packet: bytes) -> bool:
        """Take a packet of a track."""
        now = self._clock()
        line = self._by_ssrc.get(int.from_bytes(packet[8:12], "big"))
        if line is not None:
            self._give(line, line.assembler.receive(packet, now), now)
        return line is not None

    def send_rtcp(self, packet: bytes) -> bool:
        """Take the reports that tie tracks to clocks."""
        try:
            reports = parse_rtcp(packet)
        except ParseError:
            return False
        for report in reports:
            line = self._by_ssrc.get(report.ssrc) if isinstance(report, SenderReport) else None
            if line is not None and isinstance(report, SenderReport):
                line.times.report(report.ntp_time, report.rtp_time)
        return True

    def _give(self, line: _Line, frames: list[Frame], now: Seconds) -> None:
        for frame in frames:
            at = line.times.place(frame.timestamp, now) - self._began_at
            had_room = self._write(Media(line.number, at, frame))
            if not had_room and isinstance(line.assembler, PictureAssembler):
                line.assembler.wants_keyframe = True  # what follows couldn't be decoded

    def _follow(self, people: Sequence[PersonView], now: Seconds) -> None:
        speaker = self._forwarding.active_speaker(now)
        scene = self._choice.choose(
            [_seen(person) for person in people],
            next((p.member_id for p in people if speaker in {t.id for t in p.tracks}), None),
            now,
        )
        wanted = {
            track.id: (person, track)
            for person in people
            for track in person.tracks
            if not track.kind.is_video or track.id == scene.track_id
        }
        for track_id in [track_id for track_id in self._ssrcs if track_id not in wanted]:
            self._drop(track_id, now)
        for track_id, (person, track) in wanted.items():
            if track_id not in self._ssrcs:
                self._add(person, track)
        if scene != self._scene:
            self._scene = scene
            self._show(scene, now)

    def _show(self, scene: Scene, now: Seconds) -> None:
        ssrc = self._ssrcs.get(scene.track_id or "")
        number = None if ssrc is None else self._by_ssrc[ssrc].number
        self._write(Show(now - self._began_at, number, scene.name, scene.is_screen))

    def _add(self, person: PersonView, track: TrackView) -> None:
        self._made += 1
        stream = outgoing(person.member_id, Track(track.id, track.kind))
        sender = self._senders.setdefault(person.member_id, SenderTimes())
        self._by_ssrc[stream.ssrc] = _Line(self._made, track, sender)
        self._ssrcs[track.id] = stream.ssrc
        media = SubscribedMedia(stream, "", _CODECS, has_repair=False)
        self._forwarding.subscribe(RECORDER, self, [media], bandwidth=KnownBandwidth())

    def _drop(self, track_id: str, now: Seconds) -> None:
        line = self._by_ssrc.pop(self._ssrcs.pop(track_id))
        self._forwarding.unsubscribe(RECORDER, track_id)
        self._write(EndTrack(now - self._began_at, line.number))


def _seen(person: PersonView) -> Seen:
    seen = [track for track in person.tracks if not track.is_muted]
    return Seen(
        person.member_id,
        person.display_name,
        next((track.id for track in seen if track.kind is TrackKind.CAMERA), None),
        tuple(track.id for track in seen if track.kind is TrackKind.SCREEN),
    )
