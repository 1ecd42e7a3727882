"""A call: its room, its people's connections, and the way of the media between them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from codesyncx_server.errors import CodeSyncXError

from .errors import InvalidRequestError, RemovedError, TakenOverError, TooManyError
from .forwarding import Forwarding
from .frame_links import FrameLinks
from .participant import Outlet, Participant, Publishing, Subscribing, outgoing
from .recording.call_recording import CallRecording
from .recording.feeder import RECORDER
from .rooms import CallRoom, TrackKind
from .rooms.events import Removed, TrackEnded
from .sessions import Sessions
from .signalling.messages import VERSION, encode, encode_event
from .signalling.requests import ROOM_REQUESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .load import Load
    from .recording.task import RecordingSettings
    from .rights import Rights
    from .rooms import Notices
    from .sdp import PublishedMedia
    from .signalling.messages import Message
    from .tokens import RoomToken
    from .transport import UdpPort

JUDGE_EVERY_S = 1.0


class Call:
    """One room of one project in this process."""

    def __init__(
        self,
        port: UdpPort,
        addresses: Sequence[tuple[str, int]],
        clock: Callable[[], float],
        recordings: RecordingSettings | None = None,
    ) -> None:
        self._port = port
        self._addresses = addresses
        self._clock = clock
        self._room = CallRoom()
        self._people: dict[str, Participant] = {}
        self._forwarding = Forwarding(self._may_receive)
        self._recording = CallRecording(self._room, self._forwarding, recordings, self._tell, clock)
        self._sessions = Sessions()
        self.links = FrameLinks(self._room, self._forwarding, clock, self._tell)
        self._made = 0
        self._is_sync_due = False
        self._judged_at = float("-inf")

    @property
    def is_empty(self) -> bool:
        """Whether everybody has left."""
        return self._room.is_empty

    @property
    def is_recorded(self) -> bool:
        """Whether a recording runs."""
        return self._room.is_recorded

    def join(self, token: RoomToken, outlet: Outlet, session: str = "") -> Participant:
        """Let somebody in who has a token, as who they were when the session is theirs."""
        member_id = self._sessions.resume(session, token.person_id)
        if member_id is not None:
            return self._resume(self._people[member_id], token, outlet, session)
        self._made += 1
        participant = Participant(
            f"m{self._made}",
            outlet,
            port=self._port,
            addresses=self._addresses,
            forwarding=self._forwarding,
        )
        notices = self._room.join(
            participant.id,
            person_id=token.person_id,
            display_name=token.display_name,
            rights=token.rights,
        )
        self._people[participant.id] = participant
        session = self._sessions.begin(participant.id, token.person_id)
        self._welcome(participant, session, is_resumed=False)
        self._tell(notices)
        return participant

    def leave(self, participant: Participant, outlet: Outlet) -> None:
        """Let somebody go, who may have gone already, or gone on over another outlet."""
        if participant.outlet is outlet:
            self._leave(participant)

    def lose(self, participant: Participant, outlet: Outlet) -> None:
        """Have somebody stay for a while whose signalling broke; their media may go on."""
        if participant.outlet is outlet:
            self._sessions.lose(participant.id, self._clock())

    def take(self, participant: Participant, message: Message) -> None:
        """Do what a browser asks for, and say that it is done or why not."""
        number = {} if message.id is None else {"id": message.id}
        try:
            self._do(participant, message, number)
        except CodeSyncXError as error:
            text = encode("error", **number, code=error.code, message=str(error))
            participant.outlet.send(text)

    def set_rights(self, person_id: str, rights: Rights) -> None:
        """Give somebody other rights, by the server's word."""
        self._tell(self._room.set_rights(person_id, rights))

    def expel(self, person_id: str) -> None:
        """Remove somebody, by the server's word."""
        self._tell(self._room.expel(person_id))

    def end(self) -> None:
        """Be over: a recording of it is done."""
        self._recording.end()

    def poll(self, now: float) -> None:
        """Do what is due: end breakout rooms, send reports, let go who didn't come back."""
        self._tell(self._room.breakouts.poll(now))
        self._forwarding.poll(now)
        self.links.poll(now)
        self._recording.poll(now)
        self._judge_lines(now)
        for member_id in self._sessions.overdue(now):
            self._leave(self._people[member_id])

    def _judge_lines(self, now: float) -> None:
        if now - self._judged_at >= JUDGE_EVERY_S:
            self._judged_at = now
            for member_id in list(self._people):
                line = self._forwarding.line_of(member_id, now)
                self._tell(self._room.lines.judge(member_id, line, now))

    def add_to(self, load: Load) -> None:
        """Count who is here and what goes between them."""
        load.calls += 1
        load.people += len(self._people)
        self._forwarding.add_to(load)

    # --- who comes back, and who doesn't ---

    def _resume(
        self, participant: Participant, token: RoomToken, outlet: Outlet, session: str
    ) -> Participant:
        """Go on with a member over another outlet, and say again what may have been missed."""
        before, participant.outlet = participant.outlet, outlet
        before.refuse(TakenOverError("You are in the call over another connection now."))
        self._welcome(participant, session, is_resumed=True)
        self._tell(self._room.resume(participant.id, rights=token.rights))
        subscribing = participant.subscribing
        if subscribing is not None and subscribing.unanswered:
            outlet.send(subscribing.unanswered)
        return participant

    @staticmethod
    def _welcome(participant: Participant, session: str, *, is_resumed: bool) -> None:
        publishing = participant.publishing
        participant.outlet.send(
            encode(
                "welcome",
                version=VERSION,
                member_id=participant.id,
                session=session,
                is_resumed=is_resumed,
                publishing=0 if publishing is None else publishing.number,
            )
        )

    def _leave(self, participant: Participant) -> None:
        if self._people.pop(participant.id, None) is not None:
            participant.close()
            self.links.forget(participant.id)
            self._forwarding.forget(participant.id)
            self._sessions.end(participant.id)
        self._tell(self._room.leave(participant.id))

    def _do(self, participant: Participant, message: Message, number: dict[str, int]) -> None:
        fields = message.fields
        if message.type == "publish":
            self._publish(participant, fields["sdp"], fields["tracks"], number)
            return
        if message.type == "publish_frames":
            self._publish_frames(participant, fields["tracks"], number)
            return
        if message.type == "use_websocket":
            self._use_websocket(participant, fields["codecs"], number)
            return
        if message.type == "subscribed":
            self._subscribed(participant, fields["connection"], fields["sdp"])
        elif message.type == "restart":
            self._restart(participant, fields["connection"])
        elif message.type == "record":
            self._recording.set_recorded(participant.id, is_recorded=fields["is_recording"])
        else:
            request = ROOM_REQUESTS.get(message.type)
            if request is None:
                raise InvalidRequestError("You are in the call already.")
            self._tell(request(self._room, participant.id, fields, self._clock()))
        if number:
            participant.outlet.send(encode("done", **number))

    # --- what people send ---

    def _publish(
        self,
        participant: Participant,
        offer: str,
        kinds: Mapping[str, str],
        number: dict[str, int],
    ) -> None:
        if self.links.has(participant.id):
            raise InvalidRequestError("Your sound and pictures go over a WebSocket.")
        publishing = participant.publishing
        if publishing is None:
            publishing = Publishing(participant, lambda: self._lost_publishing(participant))
        notices: Notices = []
        try:
            answer = publishing.session.answer(
                offer,
                lambda media: notices.extend(self._allow(participant.id, publishing, media, kinds)),
            )
        except CodeSyncXError:
            if participant.publishing is None:
                publishing.connection.close()
            raise
        participant.publishing = publishing
        publishing.connection.start(answer.remote)
        tracks = {media.mid: publishing.tracks[media.mid] for media in answer.media}
        self._forwarding.publish(
            participant.id,
            publishing.connection,
            [(tracks[media.mid], media) for media in answer.media],
        )
        participant.outlet.send(
            encode(
                "published",
                **number,
                connection=publishing.number,
                sdp=answer.text,
                tracks=tracks,
            )
        )
        self._tell(notices)

    def _allow(
        self,
        member_id: str,
        publishing: Publishing,
        media: Sequence[PublishedMedia],
        kinds: Mapping[str, str],
    ) -> Notices:
        """Begin the tracks of new media and end those of media that is gone; all or nothing."""
        begun: dict[str, str] = {}
        notices: Notices = []
        try:
            for each in (each for each in media if each.mid not in publishing.tracks):
                publishing.made += 1
                track_id = f"{member_id}-{publishing.connection.ice.ufrag}-{publishing.made}"
                kind = _kind_of(each, kinds)
                notices += self._room.floor.publish(member_id, track_id, kind)
                begun[each.mid] = track_id
        except CodeSyncXError:
            for track_id in begun.values():
                self._room.floor.unpublish(member_id, track_id)
            raise
        here = {each.mid for each in media}
        for mid in [mid for mid in publishing.tracks if mid not in here]:
            notices += self._room.floor.unpublish(member_id, publishing.tracks[mid])
        publishing.tracks.update(begun)
        return notices

    def _lost_publishing(self, participant: Participant) -> None:
        """End the tracks of a connection that is gone; its browser makes another one."""
        publishing, participant.publishing = participant.publishing, None
        if publishing is not None and participant.id in self._people:
            self._forwarding.forget_publisher(participant.id)
            for track_id in list(publishing.tracks.values()):
                self._tell(self._room.floor.unpublish(participant.id, track_id))

    @staticmethod
    def _restart(participant: Participant, number: int) -> None:
        """Close a connection that broke, if its end hasn't been noticed already."""
        for side in (participant.publishing, participant.subscribing):
            if side is not None and side.number == number:
                side.connection.close()

    # --- where only web traffic gets through ---

    def _use_websocket(
        self, participant: Participant, codecs: Sequence[str], number: dict[str, int]
    ) -> None:
        """Give up a member's connections, if they have any, for a media socket."""
        for side in (participant.publishing, participant.subscribing):
            if side is not None:
                side.connection.close()
        key = self.links.begin(participant.id, codecs)
        participant.outlet.send(encode("media_socket", **number, key=key))
        self._sync_soon()

    def _publish_frames(
        self, participant: Participant, kinds: Mapping[str, str], number: dict[str, int]
    ) -> None:
        tracks, notices = self.links.publish(participant.id, kinds)
        participant.outlet.send(encode("frames_published", **number, tracks=tracks))
        self._tell(notices)

    # --- what people get ---

    def _may_receive(self, member_id: str, track_id: str) -> bool:
        if member_id == RECORDER:
            return self._room.may_be_recorded(track_id)
        return self._room.may_receive(member_id, track_id)

    def _subscribed(self, participant: Participant, number: int, answer: str) -> None:
        subscribing = participant.subscribing
        if subscribing is None or subscribing.number != number:
            return  # the connection ended while its answer was on the way
        agreement = subscribing.session.answered(answer)
        subscribing.unanswered = ""
        subscribing.connection.start(agreement.remote)
        self._forwarding.subscribe(participant.id, subscribing.connection, agreement.media)
        self._offer(participant, subscribing)

    def _lost_subscribing(self, participant: Participant) -> None:
        if participant.subscribing is not None:
            participant.subscribing = None
            self._forwarding.forget_subscriber(participant.id)
            self._sync_soon()

    def _sync_soon(self) -> None:
        """Offer everybody what they should get now, once for all that changes at once."""
        if not self._is_sync_due:
            self._is_sync_due = True
            asyncio.get_running_loop().call_soon(self._sync_all)

    def _sync_all(self) -> None:
        self._is_sync_due = False
        for participant in list(self._people.values()):
            self._sync(participant)

    def _sync(self, participant: Participant) -> None:
        wanted = self._room.tracks_for(participant.id)
        if self.links.has(participant.id):
            self.links.sync(
                participant.id, {track_id: outgoing(*each) for track_id, each in wanted.items()}
            )
            return
        subscribing = participant.subscribing
        if subscribing is None:
            if not wanted:
                return
            subscribing = Subscribing(participant, lambda: self._lost_subscribing(participant))
            participant.subscribing = subscribing
        for track_id in subscribing.tracks - set(wanted):
            subscribing.session.remove(track_id)
            self._forwarding.unsubscribe(participant.id, track_id)
        subscribing.tracks &= set(wanted)
        for track_id, (sender_id, track) in wanted.items():
            if track_id not in subscribing.tracks:
                try:
                    subscribing.session.add(outgoing(sender_id, track))
                except TooManyError:
                    break
                subscribing.tracks.add(track_id)
        self._offer(participant, subscribing)

    def _offer(self, participant: Participant, subscribing: Subscribing) -> None:
        if subscribing.session.needs_offer:
            text = subscribing.session.offer()
            tracks = {mid: track_id for track_id, mid in subscribing.session.mids().items()}
            subscribing.unanswered = encode(
                "subscribe", connection=subscribing.number, sdp=text, tracks=tracks
            )
            participant.outlet.send(subscribing.unanswered)

    # --- what people hear of ---

    def _tell(self, notices: Notices) -> None:
        """Send notices to those they are for, and have the media follow what they say."""
        for to, event in notices:
            if isinstance(event, TrackEnded):
                self._track_ended(event)
            text = encode_event(event)
            for member_id in to:
                participant = self._people.get(member_id)
                if participant is not None:
                    participant.outlet.send(text)
                    if isinstance(event, Removed):
                        self._put_out(participant)
        if notices:
            self._forwarding.rights_changed()
        if any(event.moves_media for _, event in notices):
            self._sync_soon()

    def _track_ended(self, event: TrackEnded) -> None:
        self._forwarding.unpublish(event.member_id, event.track_id)
        self.links.track_ended(event.member_id, event.track_id)
        sender = self._people.get(event.member_id)
        if sender is not None and sender.publishing is not None:
            tracks = sender.publishing.tracks
            for mid in [mid for mid, track_id in tracks.items() if track_id == event.track_id]:
                del tracks[mid]

    def _put_out(self, participant: Participant) -> None:
        del self._people[participant.id]
        participant.close()
        removed = RemovedError("You were removed from the call.")
        self.links.forget(participant.id, removed)
        self._forwarding.forget(participant.id)
        self._sessions.end(participant.id)
        participant.outlet.refuse(removed)


def _kind_of(media: PublishedMedia, kinds: Mapping[str, str]) -> TrackKind:
    try:
        kind = TrackKind(kinds[media.mid])
    except KeyError as error:
        raise InvalidRequestError(f"What the m-line {media.mid!r} shows isn't told.") from error
    if kind.is_video != (media.kind == "video"):
        raise InvalidRequestError(f"The m-line {media.mid!r} is no {kind.value}.")
    return kind
