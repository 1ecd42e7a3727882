from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.errors import InvalidRequestError, TooManyError
from codesyncx_media.rights import Right
from codesyncx_media.rooms import CallRoom, Line, TrackKind
from codesyncx_media.rooms.events import EVENTS, Event
from codesyncx_media.signalling.messages import (
    CLIENT_MESSAGES,
    MAX_MESSAGE,
    VERSION,
    decode,
    encode_event,
)
from codesyncx_media.signalling.pace import BURST, Pace
from codesyncx_media.signalling.requests import ROOM_REQUESTS

EXAMPLES: dict[str, dict[str, Any]] = {
    "join": {"version": VERSION, "project": "", "room": "lecture", "token": "a.b.c"},
    "leave": {},
    "publish": {"sdp": "v=0", "tracks": {"0": "microphone", "1": "camera"}},
    "subscribed": {"connection": 1, "sdp": "v=0"},
    "restart": {"connection": 1},
    "use_websocket": {"codecs": ["opus", "vp8"]},
    "use_udp": {},
    "publish_frames": {"tracks": {"0": "microphone", "255": "camera"}},
    "set_muted": {"track_id": "t", "is_muted": True},
    "mute": {"member_id": "m1", "track_id": "t"},
    "mute_all": {},
    "end_track": {"member_id": "m1", "track_id": "t"},
    "raise_hand": {"is_raised": True},
    "lower_hand": {"member_id": "m1"},
    "record": {"is_recording": True},
    "react": {"emoji": "👍🏽"},
    "point": {"track_id": "t", "x": 0, "y": 0.5},
    "caption": {"text": "As I said", "is_final": False},
    "admit": {"member_id": "m1"},
    "remove": {"member_id": "m1"},
    "set_locked": {"is_locked": True},
    "set_lobby": {"has_lobby": False},
    "plan_breakouts": {"names": ["one", "two"]},
    "assign": {"person_id": "ada", "place": ""},
    "assign_at_random": {},
    "assign_by_team": {"teams": {"ada": "red"}},
    "open_breakouts": {},
    "close_breakouts": {"in_s": 30},
    "visit": {"place": "b1"},
    "broadcast": {"text": "Five minutes left"},
}


def text(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields})


def test_there_is_an_example_of_every_message() -> None:
    assert set(EXAMPLES) == set(CLIENT_MESSAGES)
    of_the_call = {"join", "leave", "publish", "subscribed", "restart", "record"}
    of_the_call |= {"use_websocket", "use_udp", "publish_frames"}
    assert set(ROOM_REQUESTS) == set(CLIENT_MESSAGES) - of_the_call


@pytest.mark.parametrize("kind", CLIENT_MESSAGES)
def test_a_message_is_read_with_and_without_a_number(kind: str) -> None:
    assert decode(text(kind, **EXAMPLES[kind])).fields == EXAMPLES[kind]
    message = decode(text(kind, id=7, **EXAMPLES[kind]))
    assert (message.type, message.id, message.fields) == (kind, 7, EXAMPLES[kind])


@pytest.mark.parametrize("kind", ["publish", "publish_frames"])
@pytest.mark.parametrize("goes_on", [{"1": 7}, {"no way": "t"}, {"1": ""}, {"1": "t" * 257}, []])
def test_which_tracks_go_on_is_read_and_held_to_its_schema(kind: str, goes_on: Any) -> None:
    example = EXAMPLES[kind]
    fields = {**example, "goes_on": {"1": "m1-1"}}
    assert decode(text(kind, **fields)).fields == fields
    with pytest.raises(InvalidRequestError, match=kind):
        decode(text(kind, **{**example, "goes_on": goes_on}))


@pytest.mark.parametrize("kind", CLIENT_MESSAGES)
def test_a_field_too_few_too_many_or_of_another_type_is_refused(kind: str) -> None:
    example = EXAMPLES[kind]
    broken = [{**example, "more": 1}, {**example, "id": -1}, {**example, "id": "1"}]
    broken += [{k: v for k, v in example.items() if k != name} for name in example]
    broken += [{**example, name: None} for name in example]
    broken += [{**example, name: 10**400} for name in example]
    for fields in broken:
        with pytest.raises(InvalidRequestError, match=kind):
            decode(text(kind, **fields))


@pytest.mark.parametrize(
    "whole",
    [
        "",
        "null",
        "7",
        "[]",
        "{}",
        '{"type": 7}',
        '{"type": ["join"]}',
        '{"type": "fly"}',
        '{"type": "fly", "type": {}}',
        '{"type": "point", "track_id": "t", "x": NaN, "y": 0}',
        '{"type": "point", "track_id": "t", "x": 1e999, "y": 0}',
        "[" * 50_000,
        '{"a":' * 50_000,
        "x" * (MAX_MESSAGE + 1),
        b"{}",
    ],
    ids=lambda whole: str(whole[:12]),
)
def test_what_is_no_message_is_refused(whole: str | bytes) -> None:
    with pytest.raises(InvalidRequestError):
        decode(whole)


def test_a_refusal_never_repeats_what_was_sent() -> None:
    for fields in ({"emoji": "<script>" * 1000}, {"emoji": "x", "<script>" * 100: 1}):
        with pytest.raises(InvalidRequestError) as refused:
            decode(text("react", **fields))
        assert "script" not in str(refused.value)
        assert len(str(refused.value)) < 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(CLIENT_MESSAGES)), st.data())
def test_damaged_messages_are_read_or_refused_and_nothing_else(
    kind: str, data: st.DataObject
) -> None:
    fields = dict(EXAMPLES[kind])
    for name in data.draw(st.lists(st.sampled_from([*fields, "id", "x"]), max_size=3)):
        fields[name] = data.draw(JSON)
    try:
        message = decode(text(kind, **fields))
    except InvalidRequestError:
        return
    assert message.type == kind


def test_every_event_that_a_room_tells_of_can_be_written() -> None:
    room = CallRoom()
    told: dict[str, str] = {}

    def tell(notices: Any) -> None:
        for _, event in notices:
            assert isinstance(event, Event)
            told[event.type] = encode_event(event)

    def join(name: str, rights: frozenset[Right]) -> None:
        tell(room.join(name, person_id=name, display_name="\ud83d half", rights=rights))

    join("zoe", frozenset(Right))
    join("ada", frozenset({Right.SPEAK}))
    tell(room.floor.publish("ada", "voice", TrackKind.MICROPHONE))
    tell(room.floor.mute("zoe", "ada", "voice"))
    tell(room.set_rights("ada", frozenset()))
    tell(room.floor.raise_hand("ada", is_raised=True, now=1.5))
    tell(room.floor.react("ada", "🎉", now=2))
    tell(room.floor.publish("zoe", "view", TrackKind.SCREEN))
    tell(room.gestures.point("ada", "view", 0, 0.5, now=2))
    tell(room.gestures.caption("zoe", "Hello", is_final=True, now=2))
    for second in range(5):
        tell(room.lines.judge("ada", Line(0.2, 0.0, is_starved=False), float(second)))
    tell(room.breakouts.plan("zoe", ["one"]))
    tell(room.breakouts.broadcast("zoe", "Hello"))
    tell(room.breakouts.open("zoe"))
    tell(room.breakouts.close("zoe", in_s=30, now=3))
    tell(room.recording_ended("stopped", "Recordings/lesson.mp4"))
    tell(room.set_lobby("zoe", has_lobby=True))
    join("ben", frozenset())
    tell(room.admit("zoe", "ben"))
    tell(room.remove("zoe", "ada"))
    tell(room.leave("ben"))
    assert set(told) == {event.type for event in EVENTS}
    for kind, whole in told.items():
        assert json.loads(whole)["type"] == kind
        whole.encode()


def test_a_burst_of_messages_is_taken_and_a_flood_is_not() -> None:
    pace = Pace(100.0)
    for _ in range(BURST):
        pace.spend(100.0)
    with pytest.raises(TooManyError):
        pace.spend(100.0)
    pace.spend(100.1)
    with pytest.raises(TooManyError):
        pace.spend(100.1)
    for second in range(1000):
        pace.spend(200.0 + second / 10)
