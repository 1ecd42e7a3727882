"""What the people of one call send, over connections and media sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesyncx_server.errors import CodeSyncXError

from .errors import InvalidRequestError
from .participant import Participant, Publishing
from .rooms import TrackKind
from .signalling.messages import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .forwarding import Forwarding
    from .frame_links import FrameLinks
    from .rooms import CallRoom, Notices
    from .sdp import PublishedMedia
    from .signalling.messages import Fields


class Sending:
    """Has the room and the forwarding agree on what everybody sends. `tell` hears of changes."""

    def __init__(
        self,
        room: CallRoom,
        forwarding: Forwarding,
        links: FrameLinks,
        clock: Callable[[], float],
        tell: Callable[[Notices], None],
    ) -> None:
        self._room = room
        self._forwarding = forwarding
        self._links = links
        self._clock = clock
        self._tell = tell

    def publish(self, participant: Participant, fields: Fields, number: dict[str, int]) -> None:
        """Take an offer and answer it; a CodeSyncXError changes nothing."""
        if self._links.has(participant.id):
            raise InvalidRequestError("Your sound and pictures go over a WebSocket.")
        kinds, goes_on = fields["tracks"], fields.get("goes_on", {})
        publishing = participant.publishing
        if publishing is None:
            publishing = Publishing(participant, lambda: self._lost(participant))
        notices: Notices = []
        try:
            answer = publishing.session.answer(
                fields["sdp"],
                lambda media: notices.extend(
                    self._allow(participant.id, publishing, media, kinds, goes_on)
                ),
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

    def publish_frames(
        self, participant: Participant, fields: Fields, number: dict[str, int]
    ) -> None:
        """Take what a member says that they send over their media socket."""
        tracks, notices = self._links.publish(
            participant.id, fields["tracks"], fields.get("goes_on", {})
        )
        participant.outlet.send(encode("frames_published", **number, tracks=tracks))
        self._tell(notices)

    def _allow(
        self,
        member_id: str,
        publishing: Publishing,
        media: Sequence[PublishedMedia],
        kinds: Mapping[str, str],
        goes_on: Mapping[str, str],
    ) -> Notices:
        """Begin the tracks of new media and end those of media that is gone; all or nothing."""
        new = {
            each.mid: _kind_of(each, kinds) for each in media if each.mid not in publishing.tracks
        }
        begun, notices = self._room.interruptions.publish(member_id, new, goes_on)
        here = {each.mid for each in media}
        for mid in [mid for mid in publishing.tracks if mid not in here]:
            notices += self._room.floor.unpublish(member_id, publishing.tracks[mid])
        publishing.tracks.update(begun)
        return notices

    def _lost(self, participant: Participant) -> None:
        """Have the tracks of a connection that is gone wait: their browser makes another one."""
        publishing, participant.publishing = participant.publishing, None
        if publishing is not None and not participant.has_left:
            self._forwarding.interrupt(participant.id)
            tracks = publishing.tracks.values()
            self._room.interruptions.interrupt(participant.id, tracks, self._clock())


def _kind_of(media: PublishedMedia, kinds: Mapping[str, str]) -> TrackKind:
    try:
        kind = TrackKind(kinds[media.mid])
    except KeyError as error:
        raise InvalidRequestError(f"What the m-line {media.mid!r} shows isn't told.") from error
    if kind.is_video != (media.kind == "video"):
        raise InvalidRequestError(f"The m-line {media.mid!r} is no {kind.value}.")
    return kind
