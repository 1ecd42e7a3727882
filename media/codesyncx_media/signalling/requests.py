"""What a browser's messages ask of the room; those about media are the call's own."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..rooms import CallRoom, Notices
    from .messages import Fields

    Request = Callable[[CallRoom, str, Fields, float], Notices]

_RANDOM = random.SystemRandom()

ROOM_REQUESTS: Mapping[str, Request] = {
    "set_muted": lambda room, me, f, _: room.floor.set_muted(
        me, f["track_id"], is_muted=f["is_muted"]
    ),
    "mute": lambda room, me, f, _: room.floor.mute(me, f["member_id"], f["track_id"]),
    "mute_all": lambda room, me, _, __: room.floor.mute_all(me),
    "end_track": lambda room, me, f, _: room.floor.end(me, f["member_id"], f["track_id"]),
    "raise_hand": lambda room, me, f, now: room.floor.raise_hand(
        me, is_raised=f["is_raised"], now=now
    ),
    "lower_hand": lambda room, me, f, now: room.floor.lower_hand(me, f["member_id"], now=now),
    "react": lambda room, me, f, now: room.floor.react(me, f["emoji"], now=now),
    "point": lambda room, me, f, now: room.gestures.point(
        me, f["track_id"], f["x"], f["y"], now=now
    ),
    "caption": lambda room, me, f, now: room.gestures.caption(
        me, f["text"], is_final=f["is_final"], now=now
    ),
    "admit": lambda room, me, f, _: room.admit(me, f["member_id"]),
    "remove": lambda room, me, f, _: room.remove(me, f["member_id"]),
    "set_locked": lambda room, me, f, _: room.set_locked(me, is_locked=f["is_locked"]),
    "set_lobby": lambda room, me, f, _: room.set_lobby(me, has_lobby=f["has_lobby"]),
    "plan_breakouts": lambda room, me, f, _: room.breakouts.plan(me, f["names"]),
    "assign": lambda room, me, f, _: room.breakouts.assign(me, f["person_id"], f["place"]),
    "assign_at_random": lambda room, me, _, __: room.breakouts.assign_at_random(me, _RANDOM),
    "assign_by_team": lambda room, me, f, _: room.breakouts.assign_by_team(me, f["teams"]),
    "open_breakouts": lambda room, me, _, __: room.breakouts.open(me),
    "close_breakouts": lambda room, me, f, now: room.breakouts.close(me, in_s=f["in_s"], now=now),
    "visit": lambda room, me, f, _: room.breakouts.visit(me, f["place"]),
    "broadcast": lambda room, me, f, _: room.breakouts.broadcast(me, f["text"]),
}
