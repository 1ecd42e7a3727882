"""Tracks that outlive what carried them."""

from __future__ import annotations

import pytest

from codesyncx_media.errors import RefusedError, TooManyError
from codesyncx_media.rights import Right
from codesyncx_media.rooms import CallRoom, Notices, TrackKind
from codesyncx_media.rooms.interruptions import WAITS_S

CAMERA, MICROPHONE, SCREEN = TrackKind.CAMERA, TrackKind.MICROPHONE, TrackKind.SCREEN


def room_of(**people: Right) -> CallRoom:
    room = CallRoom()
    for name, right in people.items():
        room.join(name, person_id=name, display_name=name, rights=frozenset({right}))
    return room


def told(notices: Notices, name: str) -> list[str]:
    return [event.type for to, event in notices if name in to]


def test_a_track_goes_on_and_nobody_is_told_of_it() -> None:
    room = room_of(ada=Right.SPEAK, ben=Right.SPEAK)
    first, notices = room.interruptions.publish("ada", {"0": CAMERA, "1": MICROPHONE}, {})
    assert told(notices, "ben") == ["track_published"] * 2
    room.floor.set_muted("ada", first["1"], is_muted=True)
    room.interruptions.interrupt("ada", first.values(), 10)
    assert room.interruptions.poll(10 + WAITS_S - 1) == []
    again, notices = room.interruptions.publish(
        "ada", {7: MICROPHONE, 8: CAMERA}, {7: first["1"], 8: first["0"]}
    )
    assert again == {7: first["1"], 8: first["0"]}
    assert notices == []
    assert [track.is_muted for _, track in room.tracks_for("ben").values()] == [False, True]
    assert room.interruptions.poll(10 + WAITS_S) == []


def test_what_isnt_sent_again_has_ended_at_once_or_after_a_while() -> None:
    room = room_of(ada=Right.SPEAK, ben=Right.SPEAK)
    first, _ = room.interruptions.publish("ada", {0: CAMERA, 1: MICROPHONE}, {})
    room.interruptions.interrupt("ada", first.values(), 10)
    again, notices = room.interruptions.publish("ada", {0: CAMERA}, {0: first[0]})
    assert again == {0: first[0]}
    assert told(notices, "ben") == ["track_ended"]
    room.interruptions.interrupt("ada", again.values(), 20)
    assert told(room.interruptions.poll(20 + WAITS_S), "ben") == ["track_ended"]
    assert room.interruptions.poll(20 + WAITS_S) == []
    assert room.tracks_for("ben") == {}


@pytest.mark.parametrize("case", ["somebody else's", "no longer there", "of another kind", "sent"])
def test_only_ones_own_waiting_track_goes_on_and_only_as_what_it_was(case: str) -> None:
    room = room_of(ada=Right.SPEAK, eve=Right.SPEAK)
    first, _ = room.interruptions.publish("ada", {0: CAMERA}, {})
    member, kind = "ada", CAMERA
    if case == "somebody else's":
        member = "eve"
    if case == "of another kind":
        kind = MICROPHONE
    if case != "sent":
        room.interruptions.interrupt("ada", first.values(), 10)
    if case == "no longer there":
        room.interruptions.poll(10 + WAITS_S)
    if case == "sent":
        with pytest.raises(TooManyError):
            room.interruptions.publish(member, {0: kind}, {0: first[0]})
        return
    again, _ = room.interruptions.publish(member, {0: kind}, {0: first[0]})
    assert again[0] != first[0]


def test_one_track_doesnt_go_on_twice() -> None:
    room = room_of(ada=Right.SHARE_SCREEN)
    first, _ = room.interruptions.publish("ada", {0: SCREEN}, {})
    room.interruptions.interrupt("ada", first.values(), 10)
    again, _ = room.interruptions.publish("ada", {0: SCREEN, 1: SCREEN}, {0: first[0], 1: first[0]})
    assert again[0] == first[0] != again[1]


def test_what_is_refused_leaves_what_waits_as_it_was() -> None:
    room = room_of(ada=Right.SPEAK, ben=Right.SPEAK)
    first, _ = room.interruptions.publish("ada", {0: CAMERA, 1: MICROPHONE}, {})
    room.interruptions.interrupt("ada", first.values(), 10)
    with pytest.raises(RefusedError):
        room.interruptions.publish("ada", {0: CAMERA, 2: MICROPHONE, 3: SCREEN}, {0: first[0]})
    # The voice was given up; of one that never was nobody hears.
    assert told(room.interruptions.poll(11), "ben") == ["track_ended"]
    again, notices = room.interruptions.publish("ada", {0: CAMERA}, {0: first[0]})
    assert (again, notices) == ({0: first[0]}, [])


def test_who_left_and_what_was_ended_waits_no_more() -> None:
    room = room_of(ada=Right.SPEAK, ben=Right.SPEAK)
    first, _ = room.interruptions.publish("ada", {0: CAMERA, 1: MICROPHONE}, {})
    room.interruptions.interrupt("ada", first.values(), 10)
    room.floor.unpublish("ada", first[0])
    room.interruptions.ended("ada", first[0])
    assert told(room.interruptions.poll(10 + WAITS_S), "ben") == ["track_ended"]
    second, _ = room.interruptions.publish("ada", {0: CAMERA}, {})
    room.interruptions.interrupt("ada", second.values(), 40)
    room.leave("ada")
    room.interruptions.forget("ada")
    assert room.interruptions.poll(40 + WAITS_S) == []
