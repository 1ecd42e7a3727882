"""What the page about the media service says is what is built."""

from __future__ import annotations

from dataclasses import fields

import pytest
from support.servers import REPOSITORY

from codesyncx_media.calls import MAX_CALLS
from codesyncx_media.forwarding import SPEAKERS_FORWARDED
from codesyncx_media.rights import Right
from codesyncx_media.rooms import RoomLimits
from codesyncx_media.rooms.interruptions import WAITS_S
from codesyncx_media.sdp import subscriber
from codesyncx_media.sdp.parser import MAX_LENGTH
from codesyncx_media.sessions import GRACE_S
from codesyncx_media.signalling.handlers import MAX_CONNECTIONS
from codesyncx_media.signalling.messages import MAX_MESSAGE
from codesyncx_media.signalling.pace import BURST, PER_SECOND

PAGE = (REPOSITORY / "docs" / "media-service.md").read_text()
LIMITS = RoomLimits()


def test_every_metric_of_calls_is_named() -> None:
    names = {
        text
        for text in (REPOSITORY / "codesyncx_server" / "calls" / "metrics.py")
        .read_text()
        .split('"')
        if text.startswith("codesyncx_call")
    }
    assert len(names) == 10
    assert {name for name in names if f"`{name}`" not in PAGE} == set()


def test_every_right_is_named() -> None:
    assert {right for right in Right if f"`{right.value}`" not in PAGE} == set()


@pytest.mark.parametrize(
    ("what", "amount"),
    [
        ("calls in one process", MAX_CALLS),
        ("signalling connections", f"{MAX_CONNECTIONS:,}"),
        ("people in a call", f"{LIMITS.people}, and {LIMITS.waiting}"),
        ("connections of one person", LIMITS.connections_of_one_person),
        ("screens in a call", LIMITS.screens),
        ("people heard at once", SPEAKERS_FORWARDED),
        ("breakout rooms", LIMITS.breakout_rooms),
        ("tracks that one person gets", subscriber.MAX_MEDIA),
        ("a signalling message", f"{MAX_MESSAGE // 1024} KiB; {PER_SECOND:.0f} a second"),
        ("a signalling message", f"{BURST} at once"),
        ("a session description", f"{MAX_LENGTH // 1024} KiB"),
        ("somebody whose signalling broke", f"{GRACE_S:.0f} s"),
    ],
)
def test_limits_are_those_that_hold(what: str, amount: object) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {what}"))
    assert str(amount) in row.rsplit("|", 2)[1]


def test_tracks_wait_as_long_as_people_do() -> None:
    assert WAITS_S == GRACE_S
    assert len(fields(RoomLimits)) == 15, "what is limited anew is said on the page, too"
