"""What the people of one call get: offers of what they may see and hear, and their answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .errors import TooManyError
from .participant import Participant, Subscribing, outgoing
from .signalling.messages import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .forwarding import Forwarding
    from .frame_links import FrameLinks
    from .rooms import CallRoom


class Receiving:
    """Has everybody get what they may, of `people` by member id."""

    def __init__(
        self,
        people: Mapping[str, Participant],
        room: CallRoom,
        forwarding: Forwarding,
        links: FrameLinks,
    ) -> None:
        self._people = people
        self._room = room
        self._forwarding = forwarding
        self._links = links
        self._is_sync_due = False

    def sync_soon(self) -> None:
        """Offer everybody what they should get now, once for all that changes at once."""
        if not self._is_sync_due:
            self._is_sync_due = True
            asyncio.get_running_loop().call_soon(self._sync_all)

    def answered(self, participant: Participant, number: int, answer: str) -> None:
        """Take the answer to an offer; a CodeSyncXError changes nothing."""
        subscribing = participant.subscribing
        if subscribing is None or subscribing.number != number:
            return  # the connection ended while its answer was on the way
        agreement = subscribing.session.answered(answer)
        subscribing.unanswered = ""
        subscribing.connection.start(agreement.remote)
        self._forwarding.subscribe(participant.id, subscribing.connection, agreement.media)
        self._offer(participant, subscribing)

    def _lost(self, participant: Participant) -> None:
        if participant.subscribing is not None:
            participant.subscribing = None
            self._forwarding.forget_subscriber(participant.id)
            self.sync_soon()

    def _sync_all(self) -> None:
        self._is_sync_due = False
        for participant in list(self._people.values()):
            self._sync(participant)

    def _sync(self, participant: Participant) -> None:
        wanted = self._room.tracks_for(participant.id)
        if self._links.has(participant.id):
            self._links.sync(
                participant.id, {track_id: outgoing(*each) for track_id, each in wanted.items()}
            )
            return
        subscribing = participant.subscribing
        if subscribing is None:
            if not wanted:
                return
            subscribing = Subscribing(participant, lambda: self._lost(participant))
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
