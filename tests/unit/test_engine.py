"""The heart of a room, with wires that keep what is sent and a clock that is moved by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pycrdt import Doc, Map, Text
from support.wires import Client, HandClock, split_frames

from codesyncx_server.collab import protocol
from codesyncx_server.collab.engine import Engine, flush_delay_s
from codesyncx_server.collab.replay import Author
from codesyncx_server.collab.session import MAX_LAG_S, MAX_WAITING_BYTES
from codesyncx_server.errors import (
    CodeSyncXError,
    InvalidRequestError,
    RefusedError,
    StorageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from codesyncx_server.collab.session import Session
    from codesyncx_server.updates import Update


class Journal:
    """Keeps updates in memory, until its disk is full."""

    def __init__(self) -> None:
        self.updates: list[bytes] = []
        self.authors: dict[int, str] = {}
        self.is_full = False

    def append_update(self, update: bytes) -> None:
        if self.is_full:
            raise StorageError("The disk is full.")
        self.updates.append(update)

    def append_author(self, client_id: int, username: str, name: str) -> None:
        assert name == username.title()
        self.authors[client_id] = username

    @property
    def text(self) -> str:
        """What the next start would bring back."""
        doc: Doc[Any] = Doc()
        for update in self.updates:
            doc.apply_update(update)
        return str(doc.get("source", type=Text))


class House:
    """One room and its people."""

    def __init__(self, authors: Mapping[int, Author] | None = None, **options: Any) -> None:
        self.clock = HandClock()
        self.journal = Journal()
        self.doc: Doc[Any] = Doc()
        self.text: Text = self.doc.get("source", type=Text)
        self.engine = Engine(
            self.doc,
            self.clock.schedule,
            self.clock.now,
            journal=self.journal,
            authors=authors,
            **options,
        )

    def join(self, username: str, **options: Any) -> Client:
        return Client(self.engine, username, **options).join()


@pytest.fixture
def house() -> House:
    return House()


def _refused(action: Callable[[], object], kind: type[CodeSyncXError], words: str) -> None:
    with pytest.raises(kind, match=words):
        action()


def test_an_edit_reaches_everybody_in_one_and_the_same_frame(house: House) -> None:
    people = [house.join(name) for name in ("ada", "grace", "heloise")]
    ada = people[0]
    ada.text += "é🌍"
    ada.send()
    house.clock.pass_s()
    frames = {bytes(person.wire.sent) for person in people}
    assert len(frames) == 1
    for person in people:
        person.hear()
        assert str(person.text) == "é🌍" == house.journal.text
    assert ada.updates_heard, "the author hears it back: that is the acknowledgement"


def test_what_one_turn_brings_goes_out_in_one_piece(house: House) -> None:
    ada, grace = house.join("ada"), house.join("grace")
    for word in ("one ", "two ", "three "):
        ada.text += word
    grace.text += "four "
    ada.send()
    grace.send()
    house.clock.pass_s()
    (payload,) = split_frames(bytes(ada.wire.sent))
    assert isinstance(protocol.decode(payload), protocol.Update)
    ada.hear()
    grace.hear()
    assert str(ada.text) == str(grace.text) == house.journal.text
    assert len(house.journal.updates) == 1


def test_an_edit_is_on_the_journal_before_anybody_hears_of_it(house: House) -> None:
    ada, grace = house.join("ada"), house.join("grace")
    grace.wire.send = (  # type: ignore[method-assign]
        lambda _: kept.append(house.journal.text)
    )
    kept: list[str] = []
    ada.text += "kept"
    ada.send()
    house.clock.pass_s()
    assert kept == ["kept"]


def test_what_the_server_itself_writes_is_kept_and_told(house: House) -> None:
    ada = house.join("ada")
    house.text += "from the disk"
    house.clock.pass_s()
    ada.hear()
    assert str(ada.text) == house.journal.text == "from the disk"


def test_an_edit_that_brings_nothing_new_is_told_to_nobody(house: House) -> None:
    ada, grace = house.join("ada"), house.join("grace")
    ada.text += "once"
    ada.send()
    house.clock.pass_s()
    ada.hear()
    grace.hear()
    grace.receive(protocol.sync_step2(grace.doc.get_update()))  # a client that returns
    ada.receive(protocol.sync_update(ada.doc.get_update()))
    house.clock.pass_s()
    assert not ada.wire.sent
    assert not grace.wire.sent
    assert len(house.journal.updates) == 1


def test_a_newcomer_is_told_what_there_is_and_asked_what_they_have(house: House) -> None:
    ada = house.join("ada")
    ada.text += "there already"
    ada.send()
    state = protocol.awareness_entry(ada.doc.client_id, 1, b'{"cursor":1}')
    ada.receive(protocol.awareness_states([state]))
    grace = Client(house.engine, "grace")
    grace.text += "typed offline"
    grace.join()
    assert "there already" in str(grace.text)
    assert set(grace.awareness) == {ada.doc.client_id}
    house.clock.pass_s()
    ada.hear()
    assert str(ada.text) == str(grace.text) == house.journal.text


def test_awareness_and_edits_of_one_turn_share_their_way(house: House) -> None:
    ada, grace = house.join("ada"), house.join("grace")
    ada.text += "x"
    ada.send()
    ada.receive(protocol.awareness_states([protocol.awareness_entry(7, 1, b'{"cursor":1}')]))
    house.clock.pass_s()
    kinds = [type(protocol.decode(payload)) for payload in split_frames(bytes(grace.wire.sent))]
    assert kinds == [protocol.Update, protocol.AwarenessStates]


def test_a_question_who_is_here_is_answered(house: House) -> None:
    ada = house.join("ada")
    ada.receive(b"\x03")
    assert not ada.wire.sent
    ada.receive(protocol.awareness_states([protocol.awareness_entry(7, 1, b'{"cursor":1}')]))
    house.clock.pass_s()
    ada.hear()
    ada.awareness.clear()
    ada.receive(b"\x03")
    ada.hear()
    assert set(ada.awareness) == {7}


# -- what is refused ------------------------------------------------------------------------------


def test_nobody_writes_in_anothers_name(house: House) -> None:
    ada = house.join("ada")
    ada.text += "mine"
    ada.send()
    house.clock.pass_s()
    forged = house.join("grace", doc=Doc(client_id=ada.doc.client_id))
    forged.text += " and hers"
    _refused(forged.send, RefusedError, "somebody else's mark")
    assert str(house.text) == "mine"
    assert house.journal.authors == {ada.doc.client_id: "ada"}


def test_a_mark_belongs_to_its_first_user_after_a_restart_too() -> None:
    house = House(authors={77: Author("ada", "Ada")})
    forged = house.join("grace", doc=Doc(client_id=77))
    forged.text += "hers"
    _refused(forged.send, RefusedError, "somebody else's mark")
    own = house.join("ada", doc=Doc(client_id=77))
    own.text += "mine"
    own.send()
    assert str(house.text) == "mine"


@pytest.mark.parametrize("client_id", ["server", 0, 2**53])
def test_the_servers_mark_is_the_servers(house: House, client_id: str | int) -> None:
    house.text += "from the disk"
    mark = house.doc.client_id if client_id == "server" else int(client_id)
    origin = b"\x04\x01\x06source\x01x"
    run = b"\x01" + protocol.encode_number(mark) + protocol.encode_number(99) + origin
    ada = house.join("ada")
    _refused(
        lambda: ada.receive(protocol.sync_update(b"\x01" + run + b"\x00")),
        CodeSyncXError,
        "server's mark|too large",
    )


def test_an_edit_that_builds_on_an_unknown_one_is_refused(house: House) -> None:
    ada = house.join("ada")
    ada.text += "one"
    (first,) = ada.drop_unsent()
    ada.text += "two"
    _refused(ada.send, InvalidRequestError, "the server doesn't have")
    assert str(house.text) == ""
    assert not house.journal.updates
    ada.receive(protocol.sync_update(first))  # nor was it kept for later
    assert str(house.text) == "one"


def test_who_types_before_having_told_what_was_typed_offline_loses_nothing(house: House) -> None:
    ada = Client(house.engine, "ada")
    ada.text += "typed offline, "
    ada.drop_unsent()
    house.engine.join(ada.session)
    (asked,) = split_frames(bytes(ada.wire.sent))
    ada.text += "typed too early"
    ada.send()
    assert str(house.text) == ""
    request = protocol.decode(asked)
    assert isinstance(request, protocol.StateVector)
    ada.receive(protocol.sync_step2(ada.doc.get_update(request.state)))
    house.clock.pass_s()
    assert str(house.text) == house.journal.text == "typed offline, typed too early"


def test_what_is_typed_too_early_is_refused_when_it_lacks_something_still(house: House) -> None:
    ada = Client(house.engine, "ada")
    ada.text += "never told, "
    ada.drop_unsent()
    house.engine.join(ada.session)
    ada.text += "typed too early"
    ada.send()
    _refused(
        lambda: ada.receive(protocol.sync_step2(b"\x00\x00")), InvalidRequestError, "doesn't have"
    )
    for _ in range(2):
        ada.session.has_answered = False
        ada.text += "x" * 600_000
    _refused(ada.send, InvalidRequestError, "doesn't have")
    assert str(house.text) == ""


def test_a_deletion_of_what_is_unknown_is_refused(house: House) -> None:
    ada = house.join("ada")
    deletion = b"\x00\x01\x09\x01\x00\x03"
    _refused(
        lambda: ada.receive(protocol.sync_update(deletion)), InvalidRequestError, "doesn't have"
    )


def test_a_viewer_may_read_and_repeat_but_not_edit(house: House) -> None:
    ada = house.join("ada")
    ada.text += "given and gone"
    ada.send()
    del ada.text[5:]
    ada.send()
    house.clock.pass_s()
    viewer = house.join("grace", may_edit=False)
    viewer.receive(protocol.sync_step2(viewer.doc.get_update()))
    viewer.receive(protocol.awareness_states([protocol.awareness_entry(9, 1, b'{"cursor":1}')]))
    viewer.text += "!"
    _refused(viewer.send, RefusedError, "not edit it")
    deleting = house.join("grace", may_edit=False)
    del deleting.text[0:1]
    _refused(deleting.send, RefusedError, "not edit it")
    assert str(house.text) == house.journal.text == "given"


@pytest.mark.parametrize("update", [b"\x01", b"\xff" * 12, b"\x01\x01\x09\x00\x04", b"\x00"])
def test_what_is_no_update_is_refused(house: House, update: bytes) -> None:
    ada = house.join("ada")
    _refused(lambda: ada.receive(protocol.sync_update(update)), InvalidRequestError, "update")


@pytest.mark.parametrize("state", [b"", b"\x01", b"\xff\xff\xff\xff\x0f", b"\xff" * 12])
def test_what_is_no_state_vector_is_refused(house: House, state: bytes) -> None:
    ada = house.join("ada")
    _refused(lambda: ada.receive(protocol.sync_step1(state)), InvalidRequestError, "state vector")


def test_text_in_broken_json_is_refused_and_nothing_stays(house: House) -> None:
    ada = house.join("ada")
    broken = b"\x01\x01\x09\x00\x05\x01\x06source\x02{x\x00"  # an embed that is no JSON
    _refused(lambda: ada.receive(protocol.sync_update(broken)), InvalidRequestError, "read")
    ada.text += "fine"
    ada.send()
    assert str(house.text) == "fine"


def test_a_judge_has_the_last_word_and_follows_what_happens() -> None:
    class Judge:
        def __init__(self) -> None:
            self.followed: list[bytes] = []
            self.settled = 0

        def admit(self, session: Session, update: bytes, decoded: Update) -> None:
            assert update
            assert decoded.structs
            if session.member.username != "ada":
                raise RefusedError("Only Ada.")

        def follow(self, update: bytes) -> None:
            self.followed.append(update)

        def settle(self) -> None:
            self.settled += 1

    judge = Judge()
    house = House(judge=judge)
    ada, grace = house.join("ada"), house.join("grace")
    grace.text += "no"
    _refused(grace.send, RefusedError, "Only Ada")
    assert house.journal.authors == {}
    ada.text += "yes"
    ada.send()
    house.text += "!"
    assert len(judge.followed) == 2
    assert judge.settled == 2


# -- who doesn't keep up --------------------------------------------------------------------------


def _overwhelm(house: House, writer: Client) -> None:
    """Write more than a slow client's bound."""
    for _ in range(4):
        writer.text += "x" * (MAX_WAITING_BYTES // 3)
        writer.send()
        house.clock.pass_s()


def test_a_slow_client_gets_all_it_missed_in_one_piece_once_it_reads(house: House) -> None:
    ada, slow = house.join("ada"), house.join("grace")
    slow.wire.is_reading = False
    _overwhelm(house, ada)
    held = slow.wire.waiting_bytes
    for word in ("é", "🌍"):
        ada.text += word * 1000
        ada.send()
        house.clock.pass_s(0.01)
    assert slow.wire.waiting_bytes == held, "nothing is queued beyond the bound"
    slow.hear()
    slow.wire.is_reading = True
    slow.updates_heard.clear()
    house.clock.pass_s(0.2)
    slow.hear()
    ada.hear()
    assert len(slow.updates_heard) == 1
    assert str(slow.text) == str(ada.text)
    ada.text += "goes on"
    ada.send()
    house.clock.pass_s()
    slow.hear()
    assert str(slow.text) == str(ada.text)


def test_a_slow_client_hears_of_those_who_came_meanwhile(house: House) -> None:
    ada, slow = house.join("ada"), house.join("grace")
    slow.wire.is_reading = False
    _overwhelm(house, ada)
    ada.receive(protocol.awareness_states([protocol.awareness_entry(7, 1, b'{"cursor":1}')]))
    house.clock.pass_s(0.01)
    slow.hear()
    house.clock.pass_s(0.2)
    slow.hear()
    assert 7 in slow.awareness


def test_a_client_that_never_reads_has_to_connect_again_and_disturbs_nobody(house: House) -> None:
    ada, stuck = house.join("ada"), house.join("grace")
    stuck.wire.is_reading = False
    _overwhelm(house, ada)
    house.clock.pass_s(MAX_LAG_S + 1)
    assert stuck.wire.error is not None
    assert stuck.wire.error.code == "slow_consumer"
    assert stuck.wire.waiting_bytes < 2 * MAX_WAITING_BYTES
    assert ada.wire.error is None
    ada.hear()
    assert str(ada.text) == str(house.text)
    house.engine.leave(stuck.session)
    house.clock.pass_s(10)
    assert not house.clock._due, "nobody looks after it any more"


# -- the disk and the end -------------------------------------------------------------------------


def test_a_full_disk_ends_every_connection_and_shows_nobody_what_isnt_kept(house: House) -> None:
    ada, grace = house.join("ada"), house.join("grace")
    house.journal.is_full = True
    ada.text += "lost?"
    ada.send()
    house.clock.pass_s()
    assert not grace.wire.sent
    for person in (ada, grace):
        assert isinstance(person.wire.error, StorageError)
    assert house.engine.failure is not None
    _refused(lambda: house.join("heloise"), StorageError, "full")
    ada.session.is_closed = False
    ada.text += "more"
    _refused(ada.send, StorageError, "full")


def test_who_left_hears_nothing_more_and_is_told_to_have_left(house: House) -> None:
    ada, grace = house.join("ada"), house.join("grace")
    ada.receive(protocol.awareness_states([protocol.awareness_entry(7, 1, b'{"cursor":1}')]))
    house.clock.pass_s()
    grace.hear()
    ada.wire.sent.clear()
    house.engine.leave(ada.session)
    house.text += "x"
    house.clock.pass_s()
    grace.hear()
    assert not ada.wire.sent
    assert grace.awareness[7][1] == b"null"
    ada.text += "too late"
    ada.send()
    assert str(house.text) == "x"


def test_a_closed_engine_has_kept_everything_and_listens_no_more(house: House) -> None:
    ada = house.join("ada")
    ada.text += "last words"
    ada.send()
    house.engine.close()
    assert house.journal.text == "last words"
    house.doc.get("state", type=Map)["dirty"] = False
    house.clock.pass_s()
    assert len(house.journal.updates) == 1


def test_an_observer_hears_who_edits(house: House) -> None:
    heard: list[str] = []

    class Observer:
        def on_edit(self, username: str) -> None:
            heard.append(username)

        def on_flush(self, update_count: int, byte_count: int, listeners: int) -> None:
            assert byte_count
            heard.append(f"{update_count} to {listeners}")

        def on_failure(self, error: StorageError) -> None:
            heard.append(str(error))

    house.engine._observer = Observer()
    ada = house.join("ada")
    ada.text += "x"
    ada.send()
    ada.receive(protocol.sync_update(ada.doc.get_update()))
    house.clock.pass_s()
    assert heard == ["ada", "1 to 1"]


def test_the_more_listen_the_longer_edits_are_gathered_but_never_long() -> None:
    delays = [flush_delay_s(listeners) for listeners in (1, 12, 30, 100, 1000, 10_000)]
    assert delays[:2] == [0.0, 0.0]
    assert delays == sorted(delays)
    assert delays[-1] <= 0.02
