"""Those members of one call whose media goes over WebSockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import InvalidRequestError
from .frame_link import FrameLink
from .rooms import TrackKind
from .rooms.interruptions import WAITS_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from codesyncx_server.errors import CodeSyncXError

    from .forwarding import Forwarding
    from .frame_link import FrameSocket
    from .rooms import CallRoom, Notices
    from .sdp import OutgoingStream


class FrameLinks:
    """The links of one call, one for each member who asked for it."""

    def __init__(
        self,
        room: CallRoom,
        forwarding: Forwarding,
        clock: Callable[[], float],
    ) -> None:
        self._room = room
        self._forwarding = forwarding
        self._clock = clock
        # None for a member whose socket is gone and who hasn't asked for another yet.
        self._links: dict[str, FrameLink | None] = {}
        self._unopened: dict[str, FrameLink] = {}

    def begin(self, member_id: str, codecs: Iterable[str]) -> str:
        """Give a member the key to a new link, instead of any that they had."""
        self.give_up(member_id)
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

    def publish(
        self, member_id: str, kinds: Mapping[str, str], goes_on: Mapping[str, str]
    ) -> tuple[dict[str, str], Notices]:
        """Let a member send these tracks and no others, all of them or none.

        `goes_on` names those that were interrupted. Gives the track id of each stream number, and
        what people are to be told.
        """
        link = self._links.get(member_id)
        if link is None:
            raise InvalidRequestError("Your media doesn't go over a WebSocket yet.")
        wanted = {int(number): TrackKind(kind) for number, kind in kinds.items()}
        new = {number: kind for number, kind in wanted.items() if number not in link.tracks}
        begun, notices = self._room.interruptions.publish(
            member_id, new, {int(number): track_id for number, track_id in goes_on.items()}
        )
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

    def give_up(self, member_id: str) -> None:
        """Close the link of a member whose media goes another way from now on."""
        link = self._links.get(member_id)
        self._drop(member_id)
        if link is not None:
            self._interrupt(link)

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
            self._interrupt(link)

    def _interrupt(self, link: FrameLink) -> None:
        """Have what went over a link wait for its member's next way."""
        self._forwarding.interrupt(link.member_id)
        self._forwarding.forget_subscriber(link.member_id)
        # Nobody waits for what was sent against the protocol.
        since = self._clock() - (WAITS_S if link.was_refused else 0.0)
        self._room.interruptions.interrupt(link.member_id, link.tracks.values(), since)
