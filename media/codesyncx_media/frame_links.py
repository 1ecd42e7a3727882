"""Those members of one call whose media goes over WebSockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesyncx_server.errors import CodeSyncXError

from .errors import InvalidRequestError
from .frame_link import FrameLink
from .rooms import TrackKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .forwarding import Forwarding
    from .frame_link import FrameSocket
    from .rooms import CallRoom, Notices
    from .sdp import OutgoingStream


class FrameLinks:
    """The links of one call, one for each member who asked for it. `tell` hears what ends."""

    def __init__(
        self,
        room: CallRoom,
        forwarding: Forwarding,
        clock: Callable[[], float],
        tell: Callable[[Notices], None],
    ) -> None:
        self._room = room
        self._forwarding = forwarding
        self._clock = clock
        self._tell = tell
        # None for a member whose socket is gone and who hasn't asked for another yet.
        self._links: dict[str, FrameLink | None] = {}
        self._unopened: dict[str, FrameLink] = {}
        self._made = 0

    def begin(self, member_id: str, codecs: Iterable[str]) -> str:
        """Give a member the key to a new link, instead of any that they had."""
        before = self._links.get(member_id)
        if before is not None:
            self._drop(member_id)
            self._end(before)
        link = FrameLink(member_id, self._forwarding, frozenset(codecs), self._clock, self._lost)
        self._links[member_id] = self._unopened[link.key] = link
        return link.key

    def has(self, member_id: str) -> bool:
        """Whether a member's media goes over a WebSocket."""
        return member_id in self._links

    def open(self, key: str, socket: FrameSocket) -> FrameLink | None:
        """Let a socket in by its key, which is good for one."""
        link = self._unopened.pop(key, None)
        if link is not None:
            link.open(socket)
        return link

    def publish(self, member_id: str, kinds: Mapping[str, str]) -> tuple[dict[str, str], Notices]:
        """Let a member send these tracks and no others, all of them or none.

        Gives the track id of each stream number, and what people are to be told.
        """
        link = self._links.get(member_id)
        if link is None:
            raise InvalidRequestError("Your media doesn't go over a WebSocket yet.")
        wanted = {int(number): TrackKind(kind) for number, kind in kinds.items()}
        begun: dict[int, str] = {}
        notices: Notices = []
        try:
            for number in [number for number in wanted if number not in link.tracks]:
                self._made += 1
                track_id = f"{member_id}-w{self._made}"
                notices += self._room.floor.publish(member_id, track_id, wanted[number])
                begun[number] = track_id
        except CodeSyncXError:
            for track_id in begun.values():
                self._room.floor.unpublish(member_id, track_id)
            raise
        for number in [number for number in link.tracks if number not in wanted]:
            notices += self._room.floor.unpublish(member_id, link.tracks[number])
        ids = {**link.tracks, **begun}
        link.publish({number: (ids[number], kind) for number, kind in wanted.items()})
        return {str(number): ids[number] for number in wanted}, notices

    def sync(self, member_id: str, wanted: Mapping[str, OutgoingStream]) -> None:
        """Send a member these tracks, by id, and no others."""
        link = self._links[member_id]
        if link is not None:
            link.sync(wanted)

    def track_ended(self, member_id: str, track_id: str) -> None:
        """Take no more of a track."""
        link = self._links.get(member_id)
        if link is not None:
            link.forget(track_id)

    def forget(self, member_id: str, error: CodeSyncXError | None = None) -> None:
        """Close the link of a member who left, or was put out."""
        link = self._links.get(member_id)
        if link is not None and error is not None:
            link.refuse(error)
        self._drop(member_id)

    def poll(self, now: float) -> None:
        """Send what is due."""
        for link in self._links.values():
            if link is not None:
                link.poll(now)

    def _drop(self, member_id: str) -> None:
        link = self._links.pop(member_id, None)
        if link is not None:
            self._unopened.pop(link.key, None)
            link.close()

    def _lost(self, link: FrameLink) -> None:
        """Note that a socket is gone; its browser asks for another."""
        if self._links.get(link.member_id) is link:
            self._links[link.member_id] = None
            self._end(link)

    def _end(self, link: FrameLink) -> None:
        self._forwarding.forget(link.member_id)
        for track_id in list(link.tracks.values()):
            self._tell(self._room.floor.unpublish(link.member_id, track_id))
