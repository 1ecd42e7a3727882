"""Who comes back into a call within the grace is who they were, and nobody else noticed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from codesyncx_media.call import Call
from codesyncx_media.rights import NO_RIGHTS, Right, Rights
from codesyncx_media.sessions import GRACE_S, MAX_SESSION_LENGTH, Sessions
from codesyncx_media.signalling.messages import Message
from codesyncx_media.tokens import RoomName, RoomToken

if TYPE_CHECKING:
    from codesyncx_media.participant import Participant
    from codesyncx_server.errors import CodeSyncXError

SPEAKER: Rights = frozenset({Right.SPEAK})
TEACHER: Rights = frozenset(Right)


def test_a_session_is_resumed_by_its_person_alone() -> None:
    sessions = Sessions()
    text = sessions.begin("m1", "ada")
    other = sessions.begin("m2", "ben")
    assert len(text) <= MAX_SESSION_LENGTH
    assert sessions.resume(text, "ada") == "m1"
    assert sessions.resume(text, "ben") is None
    assert sessions.resume("m1." + other.partition(".")[2], "ada") is None
    for nonsense in ("", ".", "m1", "m1.", "m3.x", text + "x", "\ud800", "m1.\ud800"):
        assert sessions.resume(nonsense, "ada") is None
    sessions.end("m1")
    assert sessions.resume(text, "ada") is None


def test_the_grace_counts_from_the_last_loss() -> None:
    sessions = Sessions()
    text = sessions.begin("m1", "ada")
    assert sessions.overdue(1e9) == []
    sessions.lose("m1", 100)
    assert sessions.overdue(100 + GRACE_S - 0.1) == []
    assert sessions.overdue(100 + GRACE_S) == ["m1"]
    sessions.resume(text, "ada")
    assert sessions.overdue(1e9) == []
    sessions.lose("nobody", 0)
    assert sessions.overdue(1e9) == []


class Outlet:
    """A browser that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.refused = ""

    def send(self, text: str) -> None:
        self.heard.append(json.loads(text))

    def refuse(self, error: CodeSyncXError) -> None:
        self.refused = error.code

    def types(self) -> list[str]:
        return [message["type"] for message in self.heard]


class Desk:
    """A call with a clock that a test turns; people who send nothing need no port."""

    def __init__(self) -> None:
        self.now = 0.0
        self.call = Call(cast("Any", None), [], lambda: self.now)

    def join(
        self, name: str, rights: Rights = SPEAKER, session: str = ""
    ) -> tuple[Participant, Outlet]:
        token = RoomToken("id", RoomName("", "room"), name, name.title(), rights, 0, 60)
        outlet = Outlet()
        return self.call.join(token, outlet, session), outlet

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.call.poll(self.now)


@pytest.mark.asyncio
async def test_who_comes_back_is_the_same_member_and_others_hear_nothing() -> None:
    desk = Desk()
    ada, first = desk.join("ada", TEACHER)
    _, of_ben = desk.join("ben")
    desk.call.take(ada, _message("raise_hand", is_raised=True))
    heard = len(of_ben.heard)
    welcome = first.heard[0]
    assert (welcome["is_resumed"], welcome["publishing"]) == (False, 0)

    desk.call.lose(ada, first)
    desk.pass_time(GRACE_S - 1)
    again, second = desk.join("ada", TEACHER, welcome["session"])
    assert again is ada
    assert second.types() == ["welcome", "room"]
    assert second.heard[0] == {**welcome, "is_resumed": True}
    assert second.heard[1]["you"]["hand_raised_at"] == 0
    assert [person["person_id"] for person in second.heard[1]["people"]] == ["ben"]
    # The old socket may close late, and with any code.
    desk.call.leave(ada, first)
    desk.call.lose(ada, first)
    desk.pass_time(10 * GRACE_S)
    assert len(of_ben.heard) == heard


@pytest.mark.asyncio
async def test_who_does_not_come_back_is_gone_after_the_grace() -> None:
    desk = Desk()
    ada, of_ada = desk.join("ada")
    _, of_ben = desk.join("ben")
    desk.call.lose(ada, of_ada)
    desk.pass_time(GRACE_S - 0.1)
    assert "person_left" not in of_ben.types()
    desk.pass_time(0.1)
    assert of_ben.types()[-1] == "person_left"
    again, outlet = desk.join("ada", session=of_ada.heard[0]["session"])
    assert again is not ada
    assert outlet.heard[0]["is_resumed"] is False


@pytest.mark.asyncio
async def test_a_socket_that_is_open_still_is_taken_over() -> None:
    desk = Desk()
    ada, first = desk.join("ada")
    _, second = desk.join("ada", session=first.heard[0]["session"])
    assert first.refused == "taken_over"
    desk.call.take(ada, _message("raise_hand", is_raised=True))
    assert second.types()[-1] == "person_changed"


@pytest.mark.asyncio
async def test_the_new_token_says_what_one_may_do() -> None:
    desk = Desk()
    ada, first = desk.join("ada", TEACHER)
    _, of_ben = desk.join("ben")
    desk.call.lose(ada, first)
    _, second = desk.join("ada", NO_RIGHTS, first.heard[0]["session"])
    assert second.heard[-1]["type"] == "room"
    assert second.heard[-1]["you"]["rights"] == []
    assert of_ben.heard[-1]["person"]["rights"] == []


@pytest.mark.asyncio
async def test_a_locked_room_and_a_lobby_keep_nobody_out_who_comes_back() -> None:
    desk = Desk()
    zoe, _ = desk.join("zoe", TEACHER)
    ada, of_ada = desk.join("ada")
    desk.call.take(zoe, _message("set_lobby", has_lobby=True))
    ben, of_ben = desk.join("ben")
    assert of_ben.types()[-1] == "wait_in_lobby"
    desk.call.take(zoe, _message("set_locked", is_locked=True))
    desk.call.lose(ada, of_ada)
    desk.call.lose(ben, of_ben)
    assert desk.join("ada", session=of_ada.heard[0]["session"])[1].types()[-1] == "room"
    waiting = desk.join("ben", session=of_ben.heard[0]["session"])
    assert (waiting[0], waiting[1].types()[-1]) == (ben, "wait_in_lobby")


@pytest.mark.asyncio
async def test_who_was_removed_meanwhile_does_not_come_back() -> None:
    desk = Desk()
    zoe, _ = desk.join("zoe", TEACHER)
    ada, of_ada = desk.join("ada")
    desk.call.lose(ada, of_ada)
    desk.call.take(zoe, _message("remove", member_id=ada.id))
    again, outlet = desk.join("ada", session=of_ada.heard[0]["session"])
    assert again is not ada
    assert outlet.types() == ["welcome", "wait_in_lobby"]


def _message(kind: str, **fields: Any) -> Message:
    return Message(kind, fields)
