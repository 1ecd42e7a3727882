"""A call: its room, its people's connections, and the way of the media between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesyncx_server.errors import CodeSyncXError

from .errors import InvalidRequestError, RemovedError, TakenOverError
from .forwarding import Forwarding
from .frame_links import FrameLinks
from .participant import Outlet, Participant
from .receiving import Receiving
from .recording.call_recording import CallRecording
from .recording.feeder import RECORDER
from .rooms import CallRoom
from .rooms.events import Removed, TrackEnded
from .sending import Sending
from .sessions import Sessions
from .signalling.messages import VERSION, encode, encode_event
from .signalling.requests import ROOM_REQUESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .load import Load
    from .recording.task import RecordingSettings
    from .rights import Rights
    from .rooms import Notices
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
        self.links = FrameLinks(self._room, self._forwarding, clock)
        self._sending = Sending(self._room, self._forwarding, self.links, clock, self._tell)
        self._receiving = Receiving(self._people, self._room, self._forwarding, self.links)
        self._made = 0
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
        self._tell(self._room.interruptions.poll(now))
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
            self._room.interruptions.forget(participant.id)
        self._tell(self._room.leave(participant.id))

    def _do(self, participant: Participant, message: Message, number: dict[str, int]) -> None:
        fields = message.fields
        if message.type == "publish":
            self._sending.publish(participant, fields, number)
            return
        if message.type == "publish_frames":
            self._sending.publish_frames(participant, fields, number)
            return
        if message.type == "use_websocket":
            self._use_websocket(participant, fields["codecs"], number)
            return
        if message.type == "subscribed":
            self._receiving.answered(participant, fields["connection"], fields["sdp"])
        elif message.type == "restart":
            self._restart(participant, fields["connection"])
        elif message.type == "use_udp":
            self._use_udp(participant)
        elif message.type == "record":
            self._recording.set_recorded(participant.id, is_recorded=fields["is_recording"])
        else:
            request = ROOM_REQUESTS.get(message.type)
            if request is None:
                raise InvalidRequestError("You are in the call already.")
            self._tell(request(self._room, participant.id, fields, self._clock()))
        if number:
            participant.outlet.send(encode("done", **number))

    # --- which way their media goes ---

    @staticmethod
    def _restart(participant: Participant, number: int) -> None:
        """Close a connection that broke, if its end hasn't been noticed already."""
        for side in (participant.publishing, participant.subscribing):
            if side is not None and side.number == number:
                side.connection.close()

    def _use_websocket(
        self, participant: Participant, codecs: Sequence[str], number: dict[str, int]
    ) -> None:
        """Give up a member's connections, if they have any, for a media socket."""
        for side in (participant.publishing, participant.subscribing):
            if side is not None:
                side.connection.close()
        key = self.links.begin(participant.id, codecs)
        participant.outlet.send(encode("media_socket", **number, key=key))
        self._receiving.sync_soon()

    def _use_udp(self, participant: Participant) -> None:
        """Give up a member's media socket, if they have one, for connections."""
        self.links.give_up(participant.id)
        self._receiving.sync_soon()

    def _may_receive(self, member_id: str, track_id: str) -> bool:
        if member_id == RECORDER:
            return self._room.may_be_recorded(track_id)
        return self._room.may_receive(member_id, track_id)

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
            self._receiving.sync_soon()

    def _track_ended(self, event: TrackEnded) -> None:
        self._forwarding.unpublish(event.member_id, event.track_id)
        self._room.interruptions.ended(event.member_id, event.track_id)
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
        self._room.interruptions.forget(participant.id)
        participant.outlet.refuse(removed)
