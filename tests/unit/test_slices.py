"""Slices in step with the whole text, whoever writes where, and however late they hear of it."""

from __future__ import annotations

import re
from collections import deque
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text, create_update_message
from support.wires import split_frames

from codesyncx_server.collab import protocol, spans
from codesyncx_server.collab.engine import Engine
from codesyncx_server.collab.range_tracker import RangeTracker
from codesyncx_server.collab.rights import Rights
from codesyncx_server.collab.session import Member, Session
from codesyncx_server.collab.slice_engine import SliceEngine, lost
from codesyncx_server.collab.slice_mirror import TextSlice
from codesyncx_server.collab.spans import Hand
from codesyncx_server.errors import (
    CodeSyncXError,
    InvalidRequestError,
    NotFoundError,
    RefusedError,
    StorageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RANGE = "r1"
SECRET = "§hidden§"
START = f"{SECRET}\n{SECRET} é\nfirst\nzwei é🌍\nthird\n{SECRET}\n🌍{SECRET}"
LINES = (2, 4)


class Wire:
    """Keeps what a client is sent, to be read whenever it gets to it."""

    waiting_bytes = 0

    def __init__(self) -> None:
        self.inbox: deque[bytes] = deque()
        self.frames: list[bytes] = []
        self.error: CodeSyncXError | None = None

    def send(self, frames: bytes) -> None:
        self.frames.append(frames)
        self.inbox.extend(split_frames(frames))

    def close(self, error: CodeSyncXError) -> None:
        self.error = error


class Client:
    """A browser: a copy of a document, and edits on their way."""

    def __init__(
        self,
        engine: Engine,
        username: str,
        *,
        may_edit: bool = True,
        client_id: int | None = None,
    ) -> None:
        self.engine = engine
        self.wire = Wire()
        may_edit_all = may_edit and not isinstance(engine, SliceEngine)
        rights = Rights(may_edit=may_edit_all, open=frozenset({RANGE, "r2"} if may_edit else ()))
        self.session = Session(Member(username, username.title()), self.wire, rights=rights)
        self.doc: Doc[Any] = Doc(client_id=client_id)
        self.text = self.doc.get("source", type=Text)
        self.outbox: deque[bytes] = deque()
        self.is_hearing = False
        self.subscription = self.doc.observe(self._on_change)
        engine.join(self.session)
        engine.receive(self.session, protocol.StateVector(self.doc.get_state()))
        self.hear_all()

    def _on_change(self, event: Any) -> None:
        if not self.is_hearing and event.update != b"\x00\x00":
            self.outbox.append(event.update)

    def send_one(self) -> None:
        if self.outbox:
            update = self.outbox.popleft()
            message = protocol.decode(create_update_message(update))
            try:
                self.engine.receive(self.session, message)
            except CodeSyncXError as error:
                self.session.close(error)

    def hear_one(self) -> None:
        if not self.wire.inbox:
            return
        message = protocol.decode(self.wire.inbox.popleft())
        if isinstance(message, protocol.StateVector):
            answer = protocol.Update(self.doc.get_update(message.state), is_answer=True)
            self.engine.receive(self.session, answer)
        elif isinstance(message, protocol.Update):
            self.is_hearing = True
            try:
                self.doc.apply_update(message.update)
            finally:
                self.is_hearing = False

    def hear_all(self) -> None:
        while self.wire.inbox:
            self.hear_one()

    def replace(self, at: int, deleted: int, inserted: str) -> None:
        """Edit by characters, as people do."""
        content = str(self.text)
        start = min(at, len(content))
        stop = min(start + deleted, len(content))
        first, last = (len(content[:place].encode()) for place in (start, stop))
        with self.doc.transaction():
            if first < last:
                del self.text[first:last]
            if inserted:
                self.text.insert(first, inserted)

    def leave(self) -> None:
        self.doc.unobserve(self.subscription)


class Journal:
    """What the whole document's log would hold."""

    def __init__(self) -> None:
        self.updates: list[bytes] = []
        self.authors: dict[int, str] = {}
        self.is_full = False

    def append_update(self, update: bytes) -> None:
        if self.is_full:
            raise StorageError("The disk is full.")
        self.updates.append(update)

    def append_author(self, client_id: int, username: str, name: str) -> None:
        assert name
        self.authors[client_id] = username


class World:
    """A text with a range, its room and the room of the slice."""

    def __init__(self, content: str = START, lines: tuple[int, int] = LINES) -> None:
        self.due: deque[Callable[[], None]] = deque()
        self.doc: Doc[Any] = Doc()
        self.text = self.doc.get("source", type=Text)
        self.text += f"gone {SECRET}"
        self.text.clear()
        self.text += content
        self.journal = Journal()
        self.core = Engine(self.doc, self._schedule, lambda: 0.0, journal=self.journal)
        self.tracker = RangeTracker(self.text, lambda _range_id: Hand.EDITOR)
        self.clients: list[Client] = []
        span = spans.span_of_lines(self.tracker.buffer, *lines)
        assert span is not None
        self.tracker.add(RANGE, span)
        self.ended = 0
        self.slice = self.open_slice()

    def open_slice(self, range_id: str = RANGE) -> SliceEngine:
        self.part = TextSlice(self.tracker, range_id, lambda: self.slice.end(lost()))
        return SliceEngine(self.core, self.part, self._schedule, lambda: 0.0, self._on_end)

    def enter(self, engine: Engine, username: str, **facts: Any) -> Client:
        client = Client(engine, username, **facts)
        self.clients.append(client)
        return client

    @property
    def span(self) -> tuple[str, str, str]:
        """What is before, in and after the range."""
        start, end = self.tracker.spans[RANGE]
        whole = str(self.text).encode()
        return whole[:start].decode(), whole[start:end].decode(), whole[end:].decode()

    def run(self) -> None:
        while self.due:
            self.due.popleft()()

    def settle(self) -> None:
        """Let everything reach everyone."""
        while any(client.outbox for client in self.clients):
            for client in self.clients:
                client.send_one()
        self.run()
        for client in self.clients:
            client.hear_all()

    def close(self) -> None:
        for client in self.clients:
            client.leave()
        self.slice.close()
        self.tracker.close()
        self.core.close()

    def _schedule(self, _delay_s: float, callback: Callable[[], None]) -> None:
        self.due.append(callback)

    def _on_end(self) -> None:
        self.ended += 1


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


# -- random sessions ----------------------------------------------------------------------------

_PIECES = ["a", "b c", "é", "🌍", "\n", "", "", "x\ny", "\n\n"]


class Play:
    """A random session: what each does next, and who hears of it when.

    The whole is edited either `alone`, in any way; or `by_line` by one person who keeps line breaks
    and also writes hidden lines right before and after the range; or by a `crowd` of two, where one
    may write into what the other deletes together with the edge of the range.
    """

    def __init__(self, seed: int, manner: str) -> None:
        self.random = Random(seed)
        self.manner = manner
        self.left: list[Client] = []
        self.world = World()
        self.holders = [self._enter(self.world.slice, name) for name in ("ada", "bea")]
        names = ["grace", "edsger"] if manner == "crowd" else ["grace"]
        self.editors = [self._enter(self.world.core, name) for name in names]
        self.mallory = self._enter(self.world.slice, "mallory")
        self.holders.append(self.mallory)

    def _attack(self) -> None:
        """Have Mallory, who holds the range too, send what nobody should; she comes back each time.

        None of it may be taken in, and nobody else may notice.
        """
        mallory = self.mallory
        mallory.outbox.clear()
        mallory.hear_all()
        self.random.choice(_ATTACKS)(mallory, self)
        before = self.world.span
        while mallory.outbox and mallory.wire.error is None:
            mallory.send_one()
        assert mallory.wire.error is not None
        assert self.world.span == before
        assert not self.world.slice.has_ended
        self.world.slice.leave(mallory.session)
        self.mallory = self._enter(self.world.slice, "mallory")
        self.holders[self.holders.index(mallory)] = self.mallory
        self.world.clients.remove(mallory)
        mallory.leave()
        self.left.append(mallory)

    def _enter(self, engine: Engine, username: str) -> Client:
        return self.world.enter(engine, username, client_id=self.random.getrandbits(32))

    def step(self) -> None:
        client = self.random.choice(self.world.clients)
        moves = [self._edit, self._hide, self._send, self._send, _hear, self._run]
        self.random.choice(moves)(client)
        if self.random.random() < 0.1 and not self.world.slice.has_ended:
            self._attack()
        if self.random.random() < 0.03 and not self.world.slice.has_ended:
            self.holders.append(self._enter(self.world.slice, "heloise"))

    def _edit(self, client: Client) -> None:
        content = str(client.text)
        at = self.random.randint(0, len(content))
        deleted = self.random.choice([0, 0, 0, 1, 2, 5, 12])
        if client in self.editors and self.manner == "by_line":
            kept = re.search("\n", content[at:])
            deleted = min(deleted, kept.start() if kept else deleted)
        written = "".join(self.random.choices(_PIECES, k=self.random.randint(0, 3)))
        client.replace(at, deleted, written)

    def _hide(self, _client: Client) -> None:
        """Have an editor write a secret within one that is there, or beside the range."""
        editor = self.random.choice(self.editors)
        content = str(editor.text)
        if self.manner == "by_line" and self.random.random() < 0.5:
            before = re.search(f"({SECRET})+\n(?!.*§)", content)
            after = re.search(f"\n({SECRET})+\n🌍", content)
            if self.random.random() < 0.5:
                if before:
                    editor.replace(before.end(), 0, f"{SECRET}\n")
            elif after:
                editor.replace(after.start(), 0, f"\n{SECRET}")
            return
        places = [found.start() + 1 for found in re.finditer(SECRET, content)]
        if places:
            editor.replace(self.random.choice(places), 0, SECRET)

    def _send(self, client: Client) -> None:
        if client in self.holders and not self.world.slice.has_ended:
            before = self.world.span
            client.send_one()
            if not self.world.slice.has_ended:
                assert self.world.span[::2] == before[::2]
        else:
            client.send_one()

    def _run(self, _client: Client) -> None:
        self.world.run()

    def check(self) -> None:
        if not self.world.slice.has_ended:
            assert self.world.part.get() == self.world.span[1]


def _hear(client: Client) -> None:
    client.hear_one()


def _embed(mallory: Client, _: Play) -> None:
    mallory.text.insert_embed(0, {"src": "x"})


def _format(mallory: Client, _: Play) -> None:
    mallory.text.insert(0, "bold", {"bold": True})


def _rewrite_state(mallory: Client, _: Play) -> None:
    mallory.doc.get("state", type=Map)["path"] = "elsewhere.py"


def _write_elsewhere(mallory: Client, _: Play) -> None:
    mallory.doc.get("elsewhere", type=Text).insert(0, "x")


def _forge(mallory: Client, play: Play) -> None:
    victim = play.random.choice(play.holders[:2])
    victim.replace(0, 0, "x")
    while victim.outbox:
        victim.send_one()
    play.world.run()
    mallory.hear_all()
    _copy(mallory, mallory.doc, victim.doc.client_id)


def _lean_on_the_whole(mallory: Client, play: Play) -> None:
    _copy(mallory, play.editors[0].doc, None)


def _copy(mallory: Client, doc: Doc[Any], client_id: int | None) -> None:
    copy: Doc[Any] = Doc(client_id=client_id)
    copy.apply_update(doc.get_update())
    known = copy.get_state()
    text = copy.get("source", type=Text)
    text.insert(len(text) // 2 if str(text).isascii() else 0, "forged")
    mallory.outbox.append(copy.get_update(known))


def _leave_a_gap(mallory: Client, _: Play) -> None:
    mallory.text.insert(0, "a")
    mallory.text.insert(1, "b")
    mallory.outbox.popleft()


def _cut_short(mallory: Client, _: Play) -> None:
    mallory.text.insert(0, "abcdef")
    mallory.outbox.append(mallory.outbox.popleft()[:-3])


_ATTACKS: list[Callable[[Client, Play], None]] = [
    _embed,
    _format,
    _rewrite_state,
    _write_elsewhere,
    _forge,
    _lean_on_the_whole,
    _leave_a_gap,
    _cut_short,
]


@settings(max_examples=max(300, settings().max_examples))
@given(
    seed=st.integers(0, 2**32),
    steps=st.integers(1, 120),
    manner=st.sampled_from(["alone", "by_line", "crowd"]),
)
def test_slices_and_the_whole_stay_the_same_and_nothing_hidden_gets_out(
    seed: int, steps: int, manner: str
) -> None:
    play = Play(seed, manner)
    world = play.world
    for _ in range(steps):
        play.step()
        play.check()
    world.settle()
    whole = str(world.text)
    for editor in play.editors:
        assert editor.wire.error is None
        assert str(editor.text) == whole
    for holder in [*play.holders, *play.left]:
        sent = b"".join(holder.wire.frames)
        assert SECRET.encode() not in sent
        assert b"hidden" not in sent
    for holder in play.holders:
        if not world.slice.has_ended:
            assert holder.wire.error is None
            assert str(holder.text) == world.span[1]
    world.close()


# -- one thing at a time ------------------------------------------------------------------------


def test_a_slice_is_the_range_and_nothing_else(world: World) -> None:
    ada = world.enter(world.slice, "ada")
    assert str(ada.text) == "first\nzwei é🌍\nthird"
    assert ada.doc.get_update().count(b"hidden") == 0


def test_what_the_holder_writes_is_theirs_in_the_whole_document(world: World) -> None:
    ada, grace = world.enter(world.slice, "ada"), world.enter(world.core, "grace")
    ada.replace(6, 4, "dos 🌍")
    world.settle()
    assert world.span[1] == "first\ndos 🌍 é🌍\nthird"
    assert str(grace.text) == str(world.text)
    authors = set(world.journal.authors.values())
    assert authors == {"ada"}


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("client_id", [2**18 + 1, 2**32 - 1])
def test_a_line_written_beside_the_range_at_the_same_time_stays_outside(
    world: World, client_id: int, *, is_first: bool
) -> None:
    ada = world.enter(world.slice, "ada")
    grace = world.enter(world.core, "grace", client_id=client_id)
    content = str(grace.text)
    if is_first:
        grace.replace(content.index("first"), 0, f"{SECRET}\n")
        ada.replace(0, 0, "at the start ")
    else:
        grace.replace(content.index("third") + 5, 0, f"\n{SECRET}")
        ada.replace(len(str(ada.text)), 0, "!\nand on")
    ada.send_one()
    grace.send_one()
    world.settle()
    assert SECRET not in world.span[1]
    assert SECRET.encode() not in b"".join(ada.wire.frames)
    assert str(ada.text) == world.span[1]


def test_a_holder_empties_the_lines_and_goes_on(world: World) -> None:
    ada, grace = world.enter(world.slice, "ada"), world.enter(world.core, "grace")
    before, _, after = world.span
    ada.replace(0, 100, "")
    world.settle()
    assert str(grace.text) == before + after
    ada.replace(0, 0, "anew")
    world.settle()
    assert str(grace.text) == f"{before}anew{after}"


def test_nothing_is_shown_that_the_whole_documents_log_does_not_hold(world: World) -> None:
    ada, bea = (world.enter(world.slice, name) for name in ("ada", "bea"))
    frames = len(bea.wire.frames)
    world.journal.is_full = True
    ada.replace(0, 0, "unkept")
    world.settle()
    assert len(bea.wire.frames) == frames
    assert isinstance(bea.wire.error, StorageError)
    assert isinstance(ada.wire.error, StorageError)


def test_an_edit_is_logged_before_anybody_sees_it(world: World) -> None:
    ada, bea = (world.enter(world.slice, name) for name in ("ada", "bea"))
    ada.replace(0, 0, "kept")
    ada.send_one()
    heard = len(bea.wire.frames)
    world.slice.flush()
    assert len(bea.wire.frames) > heard
    replayed: Doc[Any] = Doc()
    replayed.apply_update(world.journal.updates[0])
    assert any(b"kept" in update for update in world.journal.updates)


def test_a_reader_of_the_lines_cannot_write(world: World) -> None:
    ada = world.enter(world.slice, "ada", may_edit=False)
    grace = world.enter(world.core, "grace")
    before = str(grace.text)
    ada.replace(0, 0, "x")
    world.settle()
    assert isinstance(ada.wire.error, RefusedError)
    assert str(grace.text) == before == str(world.text)


def test_a_lost_range_closes_the_slice(world: World) -> None:
    ada, grace = world.enter(world.slice, "ada"), world.enter(world.core, "grace")
    content = str(grace.text)
    start, end = content.index("first"), content.index("third") + 5
    grace.replace(start - 2, end - start + 4, "")
    world.settle()
    assert isinstance(ada.wire.error, NotFoundError)
    assert world.slice.has_ended
    assert world.ended == 1
    ada.replace(0, 0, "too late")
    world.settle()
    assert "too late" not in str(world.text)


@pytest.mark.parametrize("kind", ["embed", "format", "root"])
def test_a_slice_holds_nothing_but_text(world: World, kind: str) -> None:
    ada, bea = (world.enter(world.slice, name) for name in ("ada", "bea"))
    before = str(world.text)
    if kind == "embed":
        ada.text.insert_embed(2, {"src": "x"})
    elif kind == "format":
        ada.text.format(0, 3, {"bold": True})
    else:
        ada.doc.get("elsewhere", type=Text).insert(0, "x")
    world.settle()
    assert isinstance(ada.wire.error, RefusedError)
    assert bea.wire.error is None
    assert str(world.text) == before


def test_two_slices_that_overlap_follow_each_other(world: World) -> None:
    span = spans.span_of_lines(world.tracker.buffer, 3, 4)
    assert span is not None
    world.tracker.add("r2", span)
    other = SliceEngine(
        world.core,
        TextSlice(world.tracker, "r2", lambda: None),
        world._schedule,
        lambda: 0.0,
        lambda: None,
    )
    ada, bea = world.enter(world.slice, "ada"), world.enter(other, "bea")
    ada.replace(6, 4, "dos")
    bea.replace(100, 0, " è")
    bea.replace(5, 0, "(quatre) ")
    world.settle()
    assert str(bea.text) == "dos (quatre) é🌍\nthird è"
    assert str(ada.text) == "first\ndos (quatre) é🌍\nthird"
    other.close()


def test_what_hangs_on_the_whole_document_is_refused(world: World) -> None:
    """The slice knows none of its items: an edit that leans on one could come in later."""
    ada, grace = world.enter(world.slice, "ada"), world.enter(world.core, "grace")
    before = world.part.get()
    smuggled: Doc[Any] = Doc()
    smuggled.apply_update(grace.doc.get_update())
    known = smuggled.get_state()
    smuggled.get("source", type=Text).insert(3, "smuggled")
    ada.outbox.append(smuggled.get_update(known))
    world.settle()
    assert isinstance(ada.wire.error, InvalidRequestError)
    assert world.part.get() == before
    assert "smuggled" not in str(world.text)


def test_nobody_writes_in_a_slice_as_another(world: World) -> None:
    ada, bea = (world.enter(world.slice, name) for name in ("ada", "bea"))
    ada.replace(0, 0, "mine")
    world.settle()
    forged: Doc[Any] = Doc(client_id=ada.doc.client_id)
    forged.apply_update(bea.doc.get_update())
    known = forged.get_state()
    forged.get("source", type=Text).insert(0, "forged")
    bea.outbox.append(forged.get_update(known))
    world.settle()
    assert isinstance(bea.wire.error, RefusedError)
    assert "forged" not in str(world.text)


def test_a_range_that_is_followed_no_more_takes_no_edit(world: World) -> None:
    ada = world.enter(world.slice, "ada")
    before = str(world.text)
    world.tracker.remove(RANGE)
    ada.replace(0, 0, "lost")
    world.settle()
    assert ada.wire.error is not None
    assert world.slice.has_ended
    assert str(world.text) == before
