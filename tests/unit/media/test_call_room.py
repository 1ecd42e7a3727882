from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from codesyncx_media.errors import (
    InvalidRequestError,
    RefusedError,
    RoomLockedError,
    TooManyError,
)
from codesyncx_media.rights import NO_RIGHTS, Right, Rights
from codesyncx_media.rooms import CallRoom, Notices, RoomLimits, TrackKind
from codesyncx_media.rooms import events as told
from codesyncx_server.errors import CodeSyncXError, ExistsError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.stateful import RuleBasedStateMachine as Machine

STUDENT: Rights = frozenset({Right.SPEAK})
SHARER: Rights = frozenset({Right.SPEAK, Right.SHARE_SCREEN})
TEACHER: Rights = frozenset(Right)
LISTENER: Rights = NO_RIGHTS
ONLY_MODERATES: Rights = frozenset({Right.MODERATE})

MICROPHONE, CAMERA = TrackKind.MICROPHONE, TrackKind.CAMERA
SCREEN, SCREEN_SOUND = TrackKind.SCREEN, TrackKind.SCREEN_SOUND


def enter(room: CallRoom, name: str, rights: Rights = STUDENT) -> Notices:
    return room.join(name, person_id=name, display_name=name.title(), rights=rights)


def lesson(**people: Rights) -> CallRoom:
    room = CallRoom()
    for name, rights in people.items():
        enter(room, name, rights)
    return room


def heard(notices: Notices, name: str) -> list[str]:
    """Give the types of what a person is told, in order."""
    return [event.type for to, event in notices if name in to]


def view(room: CallRoom, name: str) -> told.RoomView:
    return room.view_for(room.breakouts._crowd.member(name))


def names(room: CallRoom, name: str) -> list[str]:
    return [person.member_id for person in view(room, name).people]


# --- who may do what ----------------------------------------------------------------------------

ASKED: dict[str, Callable[[CallRoom, str], Notices]] = {
    "microphone": lambda room, me: room.floor.publish(me, "mine", MICROPHONE),
    "camera": lambda room, me: room.floor.publish(me, "mine", CAMERA),
    "screen": lambda room, me: room.floor.publish(me, "mine", SCREEN),
    "raise hand": lambda room, me: room.floor.raise_hand(me, is_raised=True, now=1),
    "react": lambda room, me: room.floor.react(me, "👍", now=1),
    "point": lambda room, me: room.gestures.point(me, "view", 0.5, 0.5, now=1),
    "caption": lambda room, me: room.gestures.caption(me, "Hello", is_final=True, now=1),
    "mute another": lambda room, me: room.floor.mute(me, "zoe", "voice"),
    "mute all": lambda room, me: room.floor.mute_all(me),
    "end another's screen": lambda room, me: room.floor.end(me, "zoe", "view"),
    "lower another's hand": lambda room, me: room.floor.lower_hand(me, "zoe", now=1),
    "remove another": lambda room, me: room.remove(me, "zoe"),
    "lock": lambda room, me: room.set_locked(me, is_locked=True),
    "lobby": lambda room, me: room.set_lobby(me, has_lobby=True),
    "admit": lambda room, me: room.admit(me, "zoe"),
    "plan rooms": lambda room, me: room.breakouts.plan(me, ["one"]),
    "assign": lambda room, me: room.breakouts.assign(me, "zoe", ""),
    "assign at random": lambda room, me: room.breakouts.assign_at_random(me, Random(1)),
    "assign by team": lambda room, me: room.breakouts.assign_by_team(me, {"zoe": "red"}),
    "open rooms": lambda room, me: room.breakouts.open(me),
    "close rooms": lambda room, me: room.breakouts.close(me),
    "broadcast": lambda room, me: room.breakouts.broadcast(me, "Five minutes left"),
    "record": lambda room, me: room.set_recorded(me, is_recorded=True),
}
EVERYBODY = {"raise hand", "react", "point"}
BY_RIGHT: dict[Right, set[str]] = {
    Right.SPEAK: {"microphone", "camera", "caption"},
    Right.SHARE_SCREEN: {"screen"},
    Right.RECORD: {"record"},
    Right.MODERATE: set(ASKED)
    - EVERYBODY
    - {"microphone", "camera", "caption", "screen", "record"},
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("right", [None, *Right])
def test_each_thing_needs_its_own_right(asked: str, right: Right | None) -> None:
    room = lesson(zoe=TEACHER, ben=frozenset({right}) if right else NO_RIGHTS)
    room.floor.publish("zoe", "voice", MICROPHONE)
    room.floor.publish("zoe", "view", SCREEN)
    room.breakouts.plan("zoe", ["one", "two"])
    if asked in EVERYBODY or (right is not None and asked in BY_RIGHT[right]):
        ASKED[asked](room, "ben")
    else:
        with pytest.raises(RefusedError):
            ASKED[asked](room, "ben")


@pytest.mark.parametrize("asked", ASKED)
def test_who_waits_in_the_lobby_may_do_nothing(asked: str) -> None:
    room = lesson(zoe=TEACHER)
    room.floor.publish("zoe", "voice", MICROPHONE)
    room.set_lobby("zoe", has_lobby=True)
    enter(room, "ben", frozenset({Right.SPEAK, Right.SHARE_SCREEN, Right.RECORD}))
    with pytest.raises(RefusedError):
        ASKED[asked](room, "ben")


@pytest.mark.parametrize("asked", ASKED)
def test_who_has_left_may_do_nothing(asked: str) -> None:
    room = lesson(zoe=TEACHER, ben=TEACHER)
    room.leave("ben")
    with pytest.raises(NotFoundError):
        ASKED[asked](room, "ben")


def test_nobody_ends_or_mutes_a_track_of_another_as_if_it_was_theirs() -> None:
    room = lesson(zoe=TEACHER, ben=TEACHER)
    room.floor.publish("zoe", "voice", MICROPHONE)
    with pytest.raises(NotFoundError):
        room.floor.unpublish("ben", "voice")
    with pytest.raises(NotFoundError):
        room.floor.set_muted("ben", "voice", is_muted=False)


# --- tracks -------------------------------------------------------------------------------------


def test_a_published_track_goes_to_everybody_else() -> None:
    room = lesson(ada=STUDENT, ben=LISTENER)
    notices = room.floor.publish("ada", "voice", MICROPHONE)
    assert heard(notices, "ben") == ["track_published"]
    assert room.may_receive("ben", "voice")
    assert not room.may_receive("ada", "voice"), "nobody hears themselves"
    assert not room.may_receive("ben", "another")
    assert not room.may_receive("nobody", "voice")


def test_a_member_is_sent_the_tracks_of_those_in_the_same_place_muted_or_not() -> None:
    room = course()
    room.floor.set_muted("ben", "ben's voice", is_muted=True)
    room.breakouts.open("zoe")
    ((track_id, (sender, track)),) = room.tracks_for("ada").items()
    assert (track_id, sender, track.is_muted) == ("ben's voice", "ben", True)
    assert room.tracks_for("nobody") == {}


def test_a_muted_track_goes_to_nobody_and_comes_back_by_its_owner_alone() -> None:
    room = lesson(ada=STUDENT, ben=TEACHER)
    room.floor.publish("ada", "voice", MICROPHONE)
    (notice,) = room.floor.mute("ben", "ada", "voice")
    assert notice.event == told.TrackMuted("ada", "voice", is_muted=True, by="ben")
    assert notice.to == {"ada", "ben"}
    assert not room.may_receive("ben", "voice")
    assert room.floor.mute("ben", "ada", "voice") == []
    room.floor.set_muted("ada", "voice", is_muted=False)
    assert room.may_receive("ben", "voice")


def test_mute_all_leaves_moderators_and_cameras_alone() -> None:
    room = lesson(ada=STUDENT, ben=STUDENT, zoe=TEACHER)
    for name in ("ada", "ben", "zoe"):
        room.floor.publish(name, f"{name}'s voice", MICROPHONE)
    room.floor.publish("ada", "face", CAMERA)
    room.floor.mute_all("zoe")
    received = ["zoe's voice", "face"]
    wanted = ["ada's voice", *received]
    assert [track for track in wanted if room.may_receive("ben", track)] == received


def test_a_right_that_is_taken_away_ends_its_tracks_at_once() -> None:
    room = lesson(ada=SHARER, ben=STUDENT)
    for track, kind in {"voice": MICROPHONE, "view": SCREEN, "sound": SCREEN_SOUND}.items():
        room.floor.publish("ada", track, kind)
    notices = room.set_rights("ada", STUDENT)
    ended = [event for to, event in notices if isinstance(event, told.TrackEnded) and "ben" in to]
    assert [event.track_id for event in ended] == ["view", "sound"]
    assert heard(notices, "ada")[-1] == "rights_changed"
    assert room.may_receive("ben", "voice")
    assert not room.may_receive("ben", "view")
    with pytest.raises(RefusedError):
        room.floor.publish("ada", "again", SCREEN)


def test_limits_of_tracks() -> None:
    room = CallRoom(RoomLimits(screens=2))
    enter(room, "ada", SHARER)
    enter(room, "ben", SHARER)
    room.floor.publish("ada", "voice", MICROPHONE)
    with pytest.raises(TooManyError, match="microphone"):
        room.floor.publish("ada", "second", MICROPHONE)
    with pytest.raises(InvalidRequestError, match="needs a shared screen"):
        room.floor.publish("ada", "sound", SCREEN_SOUND)
    with pytest.raises(ExistsError):
        room.floor.publish("ben", "voice", MICROPHONE)
    room.floor.publish("ada", "one", SCREEN)
    room.floor.publish("ben", "two", SCREEN)
    with pytest.raises(TooManyError, match="wait for one to end"):
        room.floor.publish("ben", "three", SCREEN)
    room.floor.unpublish("ada", "one")
    room.floor.publish("ben", "three", SCREEN)


def test_hands_keep_their_turn() -> None:
    room = lesson(ada=LISTENER, ben=TEACHER)
    room.floor.raise_hand("ada", is_raised=True, now=10)
    assert room.floor.raise_hand("ada", is_raised=True, now=20) == []
    assert view(room, "ben").people[0].hand_raised_at == 10
    assert heard(room.floor.lower_hand("ben", "ada", now=30), "ada") == ["person_changed"]
    assert view(room, "ben").people[0].hand_raised_at is None


def test_reactions_are_short_and_few() -> None:
    room = lesson(ada=LISTENER, ben=LISTENER)
    for second in range(5):
        assert heard(room.floor.react("ada", "🎉", now=second / 10), "ben") == ["reaction"]
    with pytest.raises(TooManyError):
        room.floor.react("ada", "🎉", now=0.5)
    room.floor.react("ada", "🎉", now=5.0)
    for bad in ("", "a" * 17, "line\nbreak"):
        with pytest.raises(InvalidRequestError):
            room.floor.react("ben", bad, now=6)


def test_a_point_goes_to_who_shares_the_screen_and_to_who_sees_it() -> None:
    room = lesson(ada=TEACHER, ben=LISTENER, cem=LISTENER)
    room.floor.publish("ada", "view", SCREEN)
    room.floor.publish("ada", "voice", MICROPHONE)
    (notice,) = room.gestures.point("ben", "view", 0.25, 1, now=1)
    assert notice.to == {"ada", "cem"}
    assert notice.event == told.Pointed("ben", "view", 0.25, 1)
    for track in ("voice", "nothing"):
        with pytest.raises(NotFoundError):
            room.gestures.point("ben", track, 0, 0, now=1)
    for x in (-0.1, 1.1, float("nan")):
        with pytest.raises(InvalidRequestError):
            room.gestures.point("ben", "view", x, 0, now=1)
    for _ in range(19):
        room.gestures.point("ben", "view", 0, 0, now=1.5)
    with pytest.raises(TooManyError):
        room.gestures.point("ben", "view", 0, 0, now=1.9)
    room.gestures.point("ben", "view", 0, 0, now=2.1)


def test_captions_are_lines_of_those_who_may_speak() -> None:
    room = lesson(ada=frozenset({Right.SPEAK}), ben=LISTENER)
    (notice,) = room.gestures.caption("ada", "As I said", is_final=False, now=1)
    assert notice.to == {"ben"}
    assert notice.event == told.Captioned("ada", "As I said", is_final=False)
    for bad in ("a" * 301, "two\nlines"):
        with pytest.raises(InvalidRequestError):
            room.gestures.caption("ada", bad, is_final=True, now=2)
    for _ in range(5):
        room.gestures.caption("ada", "", is_final=True, now=3)
    with pytest.raises(TooManyError):
        room.gestures.caption("ada", "", is_final=True, now=3)


# --- doors --------------------------------------------------------------------------------------


def test_who_comes_in_sees_who_is_there_and_they_are_told() -> None:
    room = lesson(ada=STUDENT)
    room.floor.publish("ada", "voice", MICROPHONE)
    notices = enter(room, "ben")
    assert heard(notices, "ben") == ["room"]
    assert heard(notices, "ada") == ["person_joined"]
    (ada,) = view(room, "ben").people
    assert (ada.display_name, ada.tracks) == ("Ada", (("voice", MICROPHONE, False),))


def test_who_leaves_is_gone_with_their_tracks() -> None:
    room = lesson(ada=STUDENT, ben=STUDENT)
    room.floor.publish("ada", "voice", MICROPHONE)
    assert heard(room.leave("ada"), "ben") == ["person_left"]
    assert room.leave("ada") == []
    assert not room.may_receive("ben", "voice")
    room.leave("ben")
    assert room.is_empty


def test_the_lobby_shows_nothing_until_a_moderator_lets_somebody_in() -> None:
    room = lesson(zoe=TEACHER, ada=STUDENT)
    room.floor.publish("zoe", "voice", MICROPHONE)
    room.set_lobby("zoe", has_lobby=True)
    notices = enter(room, "ben")
    assert heard(notices, "ben") == ["wait_in_lobby"]
    assert heard(notices, "zoe") == ["person_waiting"]
    assert heard(notices, "ada") == []
    assert not room.may_receive("ben", "voice")
    assert names(room, "ada") == ["zoe"]
    assert [person.member_id for person in view(room, "zoe").waiting] == ["ben"]
    assert view(room, "ada").waiting == ()
    notices = room.admit("zoe", "ben")
    assert heard(notices, "ben") == ["room"]
    assert heard(notices, "ada") == ["person_joined"]
    assert heard(notices, "zoe") == ["person_stopped_waiting", "person_joined"]
    assert room.may_receive("ben", "voice")


def test_a_moderator_comes_in_past_lobby_and_lock_and_who_is_inside_connects_again() -> None:
    room = lesson(zoe=TEACHER, ada=STUDENT)
    room.set_lobby("zoe", has_lobby=True)
    room.set_locked("zoe", is_locked=True)
    assert heard(enter(room, "tim", TEACHER), "tim") == ["room"]
    again = room.join("ada-2", person_id="ada", display_name="Ada", rights=STUDENT)
    assert heard(again, "ada-2") == ["room"]
    with pytest.raises(RoomLockedError):
        enter(room, "ben")


def test_who_waits_and_is_made_a_moderator_comes_in() -> None:
    room = lesson(zoe=TEACHER)
    room.set_lobby("zoe", has_lobby=True)
    enter(room, "ben")
    assert heard(room.set_rights("ben", STUDENT | {Right.MODERATE}), "ben") == [
        "rights_changed",
        "room",
    ]


def test_a_removed_person_goes_with_all_their_windows_and_waits_when_they_come_back() -> None:
    room = lesson(zoe=TEACHER, ada=STUDENT, ben=STUDENT)
    room.join("ada-2", person_id="ada", display_name="Ada", rights=STUDENT)
    notices = room.remove("zoe", "ada")
    assert (heard(notices, "ada"), heard(notices, "ada-2")) == (
        ["removed"],
        ["person_left", "removed"],
    )
    assert heard(notices, "ben") == ["person_left", "person_left"]
    assert heard(enter(room, "ada"), "ada") == ["wait_in_lobby"]
    assert heard(room.remove("zoe", "ada"), "zoe") == ["person_stopped_waiting"]
    enter(room, "ada")
    room.admit("zoe", "ada")
    room.leave("ada")
    assert heard(enter(room, "ada"), "ada") == ["room"], "let in once, they are no longer removed"


def test_the_server_can_put_somebody_out_who_lost_the_project() -> None:
    room = lesson(zoe=TEACHER, ada=STUDENT)
    assert heard(room.expel("ada"), "ada") == ["removed"]
    assert names(room, "zoe") == []


def test_rooms_have_room_for_so_many() -> None:
    room = CallRoom(RoomLimits(people=2, waiting=1, connections_of_one_person=2))
    enter(room, "zoe", TEACHER)
    room.set_lobby("zoe", has_lobby=True)
    enter(room, "ada")
    with pytest.raises(TooManyError, match="lobby"):
        enter(room, "ben")
    room.admit("zoe", "ada")
    enter(room, "ben")
    with pytest.raises(TooManyError, match="full"):
        room.admit("zoe", "ben")
    with pytest.raises(TooManyError, match="full"):
        enter(room, "tim", TEACHER)
    with pytest.raises(ExistsError):
        enter(room, "zoe", TEACHER)
    room.leave("ben")
    room.leave("ada")
    room.join("zoe-2", person_id="zoe", display_name="Zoe", rights=TEACHER)
    with pytest.raises(TooManyError, match="several windows"):
        room.join("zoe-3", person_id="zoe", display_name="Zoe", rights=TEACHER)


def test_everybody_is_told_of_a_recording_and_who_comes_later_too() -> None:
    room = lesson(zoe=TEACHER, ada=STUDENT)
    assert heard(room.set_recorded("zoe", is_recorded=True), "ada") == ["room_changed"]
    enter(room, "ben")
    assert view(room, "ben").is_recorded
    assert heard(room.recording_over(), "ben") == ["room_changed"]
    assert room.recording_over() == []
    assert heard(room.recording_ended("stopped", "film.mp4"), "ada") == ["recording_ended"]


def test_a_recording_shows_who_is_in_the_main_room_and_nothing_that_is_muted() -> None:
    room = course()
    assert len(room.people_to_record()) == 5
    room.breakouts.open("zoe")
    assert [person.member_id for person in room.people_to_record()] == ["zoe", "dan"]
    assert room.may_be_recorded("zoe's voice")
    assert not room.may_be_recorded("ada's voice")
    room.floor.set_muted("zoe", "zoe's voice", is_muted=True)
    assert not room.may_be_recorded("zoe's voice")
    assert not room.may_be_recorded("nobody's voice")


# --- breakout rooms -----------------------------------------------------------------------------


def course() -> CallRoom:
    """Give a call with breakout rooms b1 (ada, ben) and b2 (cem) that are still closed."""
    room = lesson(zoe=TEACHER, ada=STUDENT, ben=STUDENT, cem=STUDENT, dan=STUDENT)
    for name in ("zoe", "ada", "ben", "cem", "dan"):
        room.floor.publish(name, f"{name}'s voice", MICROPHONE)
    room.breakouts.plan("zoe", ["left", "right"])
    for name, place in {"ada": "b1", "ben": "b1", "cem": "b2"}.items():
        room.breakouts.assign("zoe", name, place)
    return room


def audible(room: CallRoom, name: str) -> set[str]:
    return {
        other
        for other in ("zoe", "ada", "ben", "cem", "dan")
        if room.may_receive(name, f"{other}'s voice")
    }


def test_a_plan_moves_nobody_and_is_the_moderators_to_see() -> None:
    room = course()
    assert audible(room, "ada") == {"zoe", "ben", "cem", "dan"}
    assert view(room, "ada").breakout_rooms == ()
    assert view(room, "zoe").breakout_rooms == (
        told.BreakoutRoom("b1", "left", ("ada", "ben")),
        told.BreakoutRoom("b2", "right", ("cem",)),
    )


def test_open_rooms_hear_and_see_only_themselves() -> None:
    room = course()
    notices = room.breakouts.open("zoe")
    assert audible(room, "ada") == {"ben"}
    assert audible(room, "cem") == set()
    assert audible(room, "dan") == {"zoe"}
    assert audible(room, "zoe") == {"dan"}
    assert names(room, "ada") == ["ben"]
    assert names(room, "zoe") == ["ada", "ben", "cem", "dan"], "who leads sees where all are"
    assert view(room, "ada").breakout_rooms == (told.BreakoutRoom("b1", "left", ("ada",)),)
    assert heard(notices, "ada")[-1] in ("room", "person_joined")
    assert "person_left" not in heard(notices, "zoe")


def test_closed_rooms_bring_everybody_back() -> None:
    room = course()
    room.breakouts.open("zoe")
    room.breakouts.visit("zoe", "b2")
    room.breakouts.close("zoe")
    assert audible(room, "ada") == {"zoe", "ben", "cem", "dan"}
    assert audible(room, "zoe") == {"ada", "ben", "cem", "dan"}
    assert room.breakouts.close("zoe") == []


def test_rooms_that_close_in_a_while_tell_everybody_and_late_ones_too() -> None:
    room = course()
    room.breakouts.open("zoe")
    (notice,) = room.breakouts.close("zoe", in_s=30, now=100)
    assert notice.to == {"zoe", "ada", "ben", "cem", "dan"}
    assert notice.event == told.BreakoutsClosing(30)
    assert room.breakouts.poll(110) == []
    enter(room, "eve")
    assert room.breakouts.poll(120) == [(frozenset({"eve"}), told.BreakoutsClosing(10))]
    assert audible(room, "ada") == {"ben"}
    room.breakouts.poll(130)
    assert audible(room, "ada") == {"zoe", "ben", "cem", "dan"}
    assert room.breakouts.poll(131) == []


def test_rooms_that_are_closing_can_be_kept_open_or_closed_at_once() -> None:
    room = course()
    room.breakouts.open("zoe")
    room.breakouts.close("zoe", in_s=30, now=100)
    (notice,) = room.breakouts.open("zoe")
    assert notice.event == told.BreakoutsClosing(None)
    assert room.breakouts.poll(200) == []
    assert room.breakouts.are_open
    room.breakouts.close("zoe", in_s=30, now=200)
    room.breakouts.close("zoe")
    assert not room.breakouts.are_open
    room.breakouts.open("zoe")
    assert room.breakouts.poll(300) == [], "an end that was for the rooms before is forgotten"


def test_moderators_visit_any_room_and_others_their_own() -> None:
    room = course()
    with pytest.raises(InvalidRequestError, match="closed"):
        room.breakouts.visit("zoe", "b1")
    room.breakouts.open("zoe")
    notices = room.breakouts.visit("zoe", "b1")
    assert heard(notices, "ada") == ["person_joined"]
    assert heard(notices, "dan") == ["person_left"]
    assert heard(notices, "zoe") == ["room"]
    assert audible(room, "ada") == {"ben", "zoe"}
    with pytest.raises(RefusedError):
        room.breakouts.visit("ada", "b2")
    with pytest.raises(RefusedError):
        room.breakouts.visit("ada", "b99")
    with pytest.raises(NotFoundError):
        room.breakouts.visit("zoe", "b99")
    room.breakouts.visit("ada", "")
    assert audible(room, "ada") == {"dan"}
    room.breakouts.visit("ada", "b1")
    assert audible(room, "ada") == {"ben", "zoe"}


def test_who_comes_back_while_rooms_are_open_goes_to_their_own() -> None:
    room = course()
    room.breakouts.open("zoe")
    room.leave("ada")
    enter(room, "ada")
    assert names(room, "ada") == ["ben"]
    room.breakouts.assign("zoe", "ada", "b2")
    assert names(room, "ada") == ["cem"]
    room.breakouts.assign("zoe", "ada", "")
    assert names(room, "ada") == ["zoe", "dan"]


def test_a_broadcast_reaches_every_room_and_a_reaction_only_its_own() -> None:
    room = course()
    room.breakouts.open("zoe")
    (notice,) = room.breakouts.broadcast("zoe", "Five minutes left")
    assert notice.to == {"zoe", "ada", "ben", "cem", "dan"}
    (notice,) = room.floor.react("ada", "👍", now=1)
    assert notice.to == {"ada", "ben"}
    (notice,) = room.gestures.caption("ada", "Hello", is_final=True, now=1)
    assert notice.to == {"ben"}
    room.set_rights("ada", SHARER)
    room.floor.publish("ada", "view", SCREEN)
    (notice,) = room.gestures.point("ada", "view", 0, 0, now=1)
    assert notice.to == {"ben"}
    with pytest.raises(NotFoundError):
        room.gestures.point("cem", "view", 0, 0, now=1)
    for bad in ("  ", "a" * 1001):
        with pytest.raises(InvalidRequestError):
            room.breakouts.broadcast("zoe", bad)


def test_everybody_is_spread_evenly_at_random() -> None:
    room = lesson(zoe=TEACHER, **{f"s{n}": STUDENT for n in range(7)})
    room.breakouts.plan("zoe", ["one", "two", "three"])
    room.breakouts.assign_at_random("zoe", Random(4))
    rooms = view(room, "zoe").breakout_rooms
    assert sorted(len(each.assigned) for each in rooms) == [2, 2, 3]
    assert sorted(who for each in rooms for who in each.assigned) == [f"s{n}" for n in range(7)]


def test_teams_get_a_room_each_with_those_who_are_here() -> None:
    room = lesson(zoe=TEACHER, ada=STUDENT, ben=STUDENT)
    room.breakouts.assign_by_team("zoe", {"ada": "red", "ben": "blue ", "gone": "green"})
    rooms = [(each.name, each.assigned) for each in view(room, "zoe").breakout_rooms]
    assert rooms == [("blue", ("ben",)), ("red", ("ada",))]


@pytest.mark.parametrize(
    ("names", "error"),
    [
        ([""], InvalidRequestError),
        (["a" * 81], InvalidRequestError),
        (["one", " one"], InvalidRequestError),
        ([f"room {n}" for n in range(51)], TooManyError),
    ],
)
def test_bad_plans_are_refused(names: list[str], error: type[CodeSyncXError]) -> None:
    room = lesson(zoe=TEACHER)
    with pytest.raises(error):
        room.breakouts.plan("zoe", names)


def test_a_plan_stays_while_its_rooms_are_open_and_none_opens_without_one() -> None:
    room = course()
    room.breakouts.open("zoe")
    assert room.breakouts.open("zoe") == []
    with pytest.raises(InvalidRequestError, match="Close"):
        room.breakouts.plan("zoe", ["other"])
    with pytest.raises(NotFoundError):
        room.breakouts.assign("zoe", "ada", "b9")
    with pytest.raises(NotFoundError):
        room.breakouts.assign("zoe", "nobody", "b1")
    with pytest.raises(InvalidRequestError, match="first"):
        lesson(zoe=TEACHER).breakouts.open("zoe")


def test_who_no_longer_leads_no_longer_sees_the_other_rooms() -> None:
    room = course()
    room.breakouts.open("zoe")
    notices = room.set_rights("zoe", STUDENT)
    assert heard(notices, "zoe")[-1] == "room"
    assert names(room, "zoe") == ["dan"]


# --- whatever happens ---------------------------------------------------------------------------

PEOPLE = ("ada", "ben", "cem", "zoe", "tim")


class AnyCall(RuleBasedStateMachine):
    """What each browser shows, built from its notices alone, is what the room would show it."""

    def __init__(self) -> None:
        super().__init__()
        self.room = CallRoom()
        self.shown: dict[str, dict[str, object]] = {}

    def hear(self, notices: Notices) -> None:
        for to, event in notices:
            for name in to:
                self.show(name, event)

    def show(self, name: str, event: told.Event) -> None:
        if isinstance(event, told.RoomView):
            self.shown[name] = {person.member_id: person for person in event.people}
        elif isinstance(event, told.Removed):
            self.shown.pop(name, None)
        elif isinstance(event, told.PersonJoined | told.PersonChanged):
            if event.person.member_id != name:
                self.shown[name][event.person.member_id] = event.person
        elif isinstance(event, told.PersonLeft):
            del self.shown[name][event.member_id]

    def ask(self, what: Callable[[], Notices]) -> None:
        try:
            self.hear(what())
        except CodeSyncXError:
            return

    @rule(name=st.sampled_from(PEOPLE), rights=st.sampled_from([STUDENT, LISTENER, TEACHER]))
    def join(self, name: str, rights: Rights) -> None:
        self.ask(lambda: enter(self.room, name, rights))

    @rule(name=st.sampled_from(PEOPLE))
    def leave(self, name: str) -> None:
        self.hear(self.room.leave(name))
        self.shown.pop(name, None)

    @rule(name=st.sampled_from(PEOPLE), rights=st.sampled_from([STUDENT, LISTENER, TEACHER]))
    def change_rights(self, name: str, rights: Rights) -> None:
        self.ask(lambda: self.room.set_rights(name, rights))

    @rule(by=st.sampled_from(PEOPLE), name=st.sampled_from(PEOPLE), what=st.booleans())
    def admit_or_remove(self, by: str, name: str, *, what: bool) -> None:
        self.ask(lambda: self.room.admit(by, name) if what else self.room.remove(by, name))

    @rule(by=st.sampled_from(PEOPLE), has_lobby=st.booleans())
    def lobby(self, by: str, *, has_lobby: bool) -> None:
        self.ask(lambda: self.room.set_lobby(by, has_lobby=has_lobby))

    @rule(by=st.sampled_from(PEOPLE), is_open=st.booleans())
    def breakouts(self, by: str, *, is_open: bool) -> None:
        self.ask(lambda: self.room.breakouts.plan(by, ["left", "right"]))
        self.ask(lambda: self.room.breakouts.assign_at_random(by, Random(0)))
        self.ask(self.room_opener(by) if is_open else lambda: self.room.breakouts.close(by))

    def room_opener(self, by: str) -> Callable[[], Notices]:
        return lambda: self.room.breakouts.open(by)

    @rule(name=st.sampled_from(PEOPLE), place=st.sampled_from(["", "b1", "b2", "b3", "b4"]))
    def visit(self, name: str, place: str) -> None:
        self.ask(lambda: self.room.breakouts.visit(name, place))

    @rule(name=st.sampled_from(PEOPLE), is_raised=st.booleans())
    def raise_hand(self, name: str, *, is_raised: bool) -> None:
        self.ask(lambda: self.room.floor.raise_hand(name, is_raised=is_raised, now=1))

    @invariant()
    def everybody_is_shown_what_is(self) -> None:
        crowd = self.room.breakouts._crowd
        assert set(self.shown) == crowd.everybody()
        for name, people in self.shown.items():
            seen = self.room.view_for(crowd.member(name)).people
            assert people == {person.member_id: person for person in seen}


TestAnyCall: type[Machine.TestCase] = AnyCall.TestCase
