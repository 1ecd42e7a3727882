"""Who is in a room: names by the server, nobody in another's place, nothing that disturbs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pycrdt import Doc
from support.wires import KeepingWire

from codesyncx_server.collab import protocol
from codesyncx_server.collab.awareness import (
    MAX_CLIENT_ID,
    MAX_CLOCK,
    MAX_IDS_PER_SESSION,
    MAX_STATE_BYTES,
    RoomAwareness,
    color_of,
)
from codesyncx_server.collab.protocol import AwarenessEntry, AwarenessStates
from codesyncx_server.collab.session import Member, Session
from codesyncx_server.errors import InvalidRequestError, RefusedError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Lobby:
    """An awareness, and what its listeners were told."""

    def __init__(self) -> None:
        self.changes = 0
        self.awareness = RoomAwareness(Doc(), self._on_change)

    def told(self) -> dict[int, tuple[int, Any]]:
        """Give what is new, as JSON that every browser reads."""
        return _read(self.awareness.drain())

    def everyone(self) -> dict[int, tuple[int, Any]]:
        return _read(self.awareness.everyone())

    def _on_change(self) -> None:
        self.changes += 1


def _read(message: bytes | None) -> dict[int, tuple[int, Any]]:
    if message is None:
        return {}
    decoded = protocol.decode(message)
    assert isinstance(decoded, AwarenessStates)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return {
        client_id: (clock, json.loads(state.decode("utf-8"), parse_constant=refuse))
        for client_id, clock, state in decoded.entries
    }


def person(username: str) -> Session:
    return Session(Member(username, username.title(), color="red"), KeepingWire())


def says(client_id: int, clock: int, state: object) -> Iterable[AwarenessEntry]:
    return [AwarenessEntry(client_id, clock, json.dumps(state).encode())]


@pytest.fixture
def lobby() -> Lobby:
    return Lobby()


def test_the_server_writes_who_it_is(lobby: Lobby) -> None:
    claimed = {"user": {"username": "grace", "color": "blue"}, "cursor": 7}
    lobby.awareness.take(person("ada"), says(5, 1, claimed))
    clock, state = lobby.told()[5]
    assert (clock, state["cursor"]) == (1, 7)
    assert state["user"] == {
        "username": "ada",
        "name": "Ada",
        "display_name": "Ada",
        "initials": None,
        "color": "red",
        "avatar_url": None,
    }
    assert lobby.everyone() == {5: (clock, state)}
    assert lobby.awareness.states[5] == state


def test_a_person_has_one_colour_everywhere() -> None:
    assert color_of("ada") == color_of("ada")
    assert len({color_of(f"person{number}") for number in range(50)}) > 3


def test_an_echo_goes_nowhere(lobby: Lobby) -> None:
    ada, grace = person("ada"), person("grace")
    lobby.awareness.take(ada, says(5, 3, {"cursor": 1}))
    (clock, state), changes = lobby.told()[5], lobby.changes
    for echoed in (clock, clock - 1, 0):
        lobby.awareness.take(grace, says(5, echoed, state))
        lobby.awareness.take(grace, says(5, echoed, None))
    assert lobby.told() == {}
    assert lobby.changes == changes
    assert not grace.awareness_ids


def test_nobody_speaks_for_somebody_else(lobby: Lobby) -> None:
    ada, grace = person("ada"), person("grace")
    lobby.awareness.take(ada, says(5, 3, {"cursor": 1}))
    lobby.told()
    with pytest.raises(RefusedError, match="say where you are"):
        lobby.awareness.take(grace, says(5, 4, {"cursor": 99}))
    assert lobby.told() == {}
    assert lobby.everyone()[5][1]["user"]["username"] == "ada"


def test_nobody_sends_somebody_else_away(lobby: Lobby) -> None:
    ada, grace = person("ada"), person("grace")
    lobby.awareness.take(ada, says(5, 3, {"cursor": 1}))
    lobby.awareness.take(grace, says(5, 99, None))
    lobby.awareness.release(grace)
    assert 5 in lobby.everyone()


def test_one_person_may_go_on_in_a_new_connection(lobby: Lobby) -> None:
    before, after = person("ada"), person("ada")
    lobby.awareness.take(before, says(5, 3, {"cursor": 1}))
    lobby.awareness.take(after, says(5, 4, {"cursor": 2}))
    lobby.awareness.release(before)  # its end is noticed late
    assert lobby.everyone()[5][1]["cursor"] == 2
    lobby.awareness.release(after)
    assert lobby.everyone() == {}


def test_who_leaves_is_told_to_have_left_and_may_come_back(lobby: Lobby) -> None:
    ada = person("ada")
    lobby.awareness.take(ada, says(5, 3, {"cursor": 1}))
    lobby.told()
    lobby.awareness.release(ada)
    left = lobby.told()[5]
    assert left[1] is None
    assert left[0] > 3  # else browsers would take it for old
    lobby.awareness.take(person("ada"), says(5, 0, {"cursor": 2}))
    back = lobby.told()[5]
    assert back[1]["cursor"] == 2
    assert back[0] > left[0]


def test_who_left_isnt_brought_back_by_an_echo(lobby: Lobby) -> None:
    ada = person("ada")
    lobby.awareness.take(ada, says(5, 3, {"cursor": 1}))
    _, state = lobby.told()[5]
    lobby.awareness.release(ada)
    lobby.told()
    lobby.awareness.take(person("grace"), says(5, 3, state))
    assert lobby.told() == lobby.everyone() == {}


def test_one_may_say_goodbye_and_stay_connected(lobby: Lobby) -> None:
    ada = person("ada")
    lobby.awareness.take(ada, says(5, 3, {"cursor": 1}))
    lobby.awareness.take(ada, says(5, 4, None))
    assert lobby.everyone() == {}
    assert lobby.told()[5] == (4, None)


def test_a_connection_is_no_crowd(lobby: Lobby) -> None:
    ada = person("ada")
    for client_id in range(1, MAX_IDS_PER_SESSION + 1):
        lobby.awareness.take(ada, says(client_id, 1, {}))
    with pytest.raises(RefusedError, match="that many people"):
        lobby.awareness.take(ada, says(99, 1, {}))


def test_the_server_has_a_voice_of_its_own(lobby: Lobby) -> None:
    server_id = lobby.awareness.client_id
    lobby.awareness.set_local_state({"progress": 0.5})
    assert lobby.told()[server_id][1] == {"progress": 0.5}
    lobby.awareness.take(person("ada"), says(server_id, 999, {"progress": 1}))
    assert lobby.told() == {}


@pytest.mark.parametrize(
    "state",
    [
        b"no json",
        b"7",
        b"[]",
        b'"x"',
        b"{",
        b"\xff\xfe",
        b'{"cursor": NaN}',
        b'{"cursor": -Infinity}',
        b'{"cursor": 1e999}',
        b"[" * 60_000,
        b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}" * 2,
        b'{"n": ' + b"9" * 10_000 + b"}",
    ],
)
def test_what_browsers_couldnt_read_is_refused(lobby: Lobby, state: bytes) -> None:
    with pytest.raises(InvalidRequestError, match="known form"):
        lobby.awareness.take(person("ada"), [AwarenessEntry(5, 1, state)])
    assert lobby.told() == {}


def test_half_a_surrogate_pair_arrives_as_such(lobby: Lobby) -> None:
    lobby.awareness.take(person("ada"), [AwarenessEntry(5, 1, b'{"typed": "\\ud83d \\u00e9"}')])
    assert lobby.told()[5][1]["typed"] == "\ud83d é"


@pytest.mark.parametrize(("client_id", "clock"), [(MAX_CLIENT_ID + 1, 1), (5, MAX_CLOCK + 1)])
def test_numbers_beyond_a_browsers_are_refused(lobby: Lobby, client_id: int, clock: int) -> None:
    with pytest.raises(InvalidRequestError, match="too large"):
        lobby.awareness.take(person("ada"), says(client_id, clock, {}))
    assert lobby.told() == {}


def test_the_largest_clock_leaves_room_for_the_servers_own(lobby: Lobby) -> None:
    ada = person("ada")
    lobby.awareness.take(ada, says(5, MAX_CLOCK, {}))
    lobby.awareness.release(ada)
    assert lobby.told()[5][0] < 2**53


def test_a_state_of_ten_megabytes_is_refused(lobby: Lobby) -> None:
    with pytest.raises(TooLargeError, match="too large"):
        lobby.awareness.take(person("ada"), says(5, 1, {"x": "y" * 10_000_000}))
    assert lobby.told() == {}
    lobby.awareness.take(person("grace"), says(6, 1, {"x": "y" * (MAX_STATE_BYTES - 100)}))
    assert set(lobby.told()) == {6}
