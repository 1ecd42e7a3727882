"""Tracks that outlive what carried them: a connection broke, or was given up for another way.

A track belongs to its member. For a while it waits for its browser to send it over something else;
the others see and hear a pause, and nothing else of it. Times are seconds of the caller's clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from codesyncx_server.errors import CodeSyncXError

from .events import TrackPublished

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .crowd import Notice, Notices
    from .floor import Floor
    from .people import TrackKind

WAITS_S = 20.0
"""How long a track waits: as long as somebody whose signalling broke stays in the call."""

Key = TypeVar("Key")


class Interruptions:
    """Which tracks of which member wait, and since when."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._waiting: dict[str, dict[str, float]] = {}
        self._untold: Notices = []
        self._made = 0

    def interrupt(self, member_id: str, track_ids: Iterable[str], now: float) -> None:
        """Have tracks wait that nothing carries any more."""
        self._waiting.setdefault(member_id, {}).update(dict.fromkeys(track_ids, now))

    def publish(
        self, member_id: str, kinds: Mapping[Key, TrackKind], goes_on: Mapping[Key, str]
    ) -> tuple[dict[Key, str], Notices]:
        """Let a member send these tracks, all of them or none; gives their ids, and who is told.

        `goes_on` names the waiting tracks that some of them are. What waits and isn't among them
        has ended: a browser sends all that is its own at once.
        """
        kept = self._that_go_on(member_id, kinds, goes_on)
        waiting = self._waiting.pop(member_id, {})
        notices = self._unpublish(member_id, set(waiting).difference(kept.values()))
        begun: dict[Key, str] = {}
        try:
            for key in [key for key in kinds if key not in kept]:
                track_id = self._new_id(member_id)
                notices += self._floor.publish(member_id, track_id, kinds[key])
                begun[key] = track_id
        except CodeSyncXError:
            for track_id in begun.values():
                self._floor.unpublish(member_id, track_id)
                notices = [each for each in notices if not _is_of(track_id, each)]
            self._untold += notices
            self._waiting[member_id] = {each: waiting[each] for each in kept.values()}
            raise
        return {**kept, **begun}, notices

    def ended(self, member_id: str, track_id: str) -> None:
        """Note that a track has ended for another reason."""
        self._waiting.get(member_id, {}).pop(track_id, None)

    def forget(self, member_id: str) -> None:
        """Note that a member has gone, with all that was theirs."""
        self._waiting.pop(member_id, None)

    def poll(self, now: float) -> Notices:
        """End what has waited for too long."""
        notices, self._untold = self._untold, []
        for member_id, waiting in list(self._waiting.items()):
            late = [track_id for track_id, since in waiting.items() if now - since >= WAITS_S]
            notices += self._unpublish(member_id, late)
            for track_id in late:
                del waiting[track_id]
        return notices

    def _that_go_on(
        self, member_id: str, kinds: Mapping[Key, TrackKind], goes_on: Mapping[Key, str]
    ) -> dict[Key, str]:
        """Find the waiting tracks among those named, each once and as what it was."""
        waiting = self._waiting.get(member_id, {})
        kept: dict[Key, str] = {}
        for key, track_id in goes_on.items():
            is_waiting = track_id in waiting and track_id not in kept.values()
            if is_waiting and kinds.get(key) is self._floor.kind_of(member_id, track_id):
                kept[key] = track_id
        return kept

    def _unpublish(self, member_id: str, track_ids: Iterable[str]) -> Notices:
        return [
            notice
            for track_id in sorted(track_ids)
            for notice in self._floor.unpublish(member_id, track_id)
        ]

    def _new_id(self, member_id: str) -> str:
        self._made += 1
        return f"{member_id}-{self._made}"


def _is_of(track_id: str, notice: Notice) -> bool:
    """Whether a notice says that a track has begun."""
    event = notice.event
    return isinstance(event, TrackPublished) and event.track.id == track_id
