"""Cursors in a text and in its parts: the same letters, whoever edits where, and nothing more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_ydoc import YUnicode
from pycrdt import Doc, Text
from support.wires import KeepingWire

from codesyncx_server.collab import cursors, protocol, spans
from codesyncx_server.collab.cursor_bridge import CursorBridge
from codesyncx_server.collab.cursors import CURSORS, Selection
from codesyncx_server.collab.edit_judge import EditJudge
from codesyncx_server.collab.engine import Engine
from codesyncx_server.collab.range_tracker import RangeTracker
from codesyncx_server.collab.rights import Rights
from codesyncx_server.collab.session import Member, Session
from codesyncx_server.collab.slice_engine import SliceEngine
from codesyncx_server.collab.slice_mirror import TextSlice
from codesyncx_server.collab.spans import Hand, Utf8
from codesyncx_server.collab.text_order import TextOrder
from codesyncx_server.updates import read_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from random import Random

    from codesyncx_server.collab.spans import Span

TEXT = "first\nzwei é🌍\ndef solve():\n    🌍 = 'é'\n    return\nlast é\n"
PARTS = {"r1": (3, 5), "r2": (5, 6)}
MARK = "◆"
PIECES = ["a", "b c", "é", "🌍", "\n", "", "x\ny🌍z"]


def order_of(doc: Doc[Any]) -> TextOrder:
    order = TextOrder("source")
    order.take(read_update(doc.get_update()))
    return order


def places(text: str) -> list[Utf8]:
    """Give every offset between letters."""
    return [Utf8(len(text[:count].encode())) for count in range(len(text) + 1)]


def edit(text: Text, random: Random, kept: str = "") -> None:
    """Edit somewhere, by whole letters, without deleting what is kept."""
    content = str(text)
    start = random.randint(0, len(content))
    stop = min(len(content), start + random.choice([0, 0, 1, 4, 9]))
    if kept and kept in content[start:stop]:
        stop = start
    first, last = (len(content[:place].encode()) for place in (start, stop))
    with text.doc.transaction():
        if first < last:
            del text[first:last]
        piece = "".join(random.choices(PIECES, k=2))
        if piece:
            text.insert(first, piece)


@given(st.randoms(use_true_random=False))
def test_a_place_stays_at_its_letter_through_everybodys_edits(random: Random) -> None:
    ada, grace = (Doc(client_id=number) for number in (random.getrandbits(32), 7))
    texts = [doc.get("source", type=Text) for doc in (ada, grace)]
    texts[0].insert(0, TEXT)
    texts[0].insert(random.choice(places(TEXT)), MARK)
    grace.apply_update(ada.get_update())
    order = order_of(ada)
    made: list[bytes] = []
    subscription = ada.observe(lambda event: made.append(event.update))
    identifier = order.id_at(Utf8(str(texts[0]).encode().index(MARK.encode())))
    assert identifier is not None
    for _ in range(20):
        edit(random.choice(texts), random, MARK)
        if random.random() < 0.3:
            ada.apply_update(grace.get_update(ada.get_state()))
            grace.apply_update(ada.get_update(grace.get_state()))
        while made:
            order.take(read_update(made.pop(0)))
        content = str(texts[0])
        at = content.encode().index(MARK.encode())
        assert order.offset_of(identifier) == at
        assert order.offset_of(identifier, is_behind=True) == at + len(MARK.encode())
        for place in places(content)[:-1]:
            found = order.id_at(place)
            assert found is not None
            assert order.offset_of(found) == place
        assert order.id_at(order.length) is None
    ada.unobserve(subscription)


def test_what_is_deleted_is_where_it_would_be_and_what_is_elsewhere_nowhere() -> None:
    doc: Doc[Any] = Doc(client_id=5)
    text = doc.get("source", type=Text)
    text.insert(0, "ab🌍cd")
    order = order_of(doc)
    del text[1:6]
    order = order_of(doc)
    assert order.offset_of((5, 1)) == order.offset_of((5, 2)) == 1
    assert order.offset_of((5, 1), is_behind=True) == 1
    assert order.offset_of((5, 4)) == 1
    assert order.offset_of((5, 5)) == 2
    assert order.offset_of((5, 6)) is None
    assert order.offset_of((6, 0)) is None


def test_no_place_is_within_a_letter() -> None:
    doc: Doc[Any] = Doc(client_id=5)
    doc.get("source", type=Text).insert(0, "a🌍é")
    order = order_of(doc)
    assert order.offset_of((5, 2)) is None
    assert [order.id_at(Utf8(at)) for at in (0, 1, 5)] == [(5, 0), (5, 1), (5, 3)]
    assert [order.id_at(Utf8(at)) for at in (2, 3, 4, 6)] == [None] * 4


@pytest.mark.parametrize(
    "told",
    [
        None,
        "x",
        [None],
        [{}],
        [{"anchor": {}, "head": {}}],
        [{"anchor": {"item": 1}, "head": {"item": 1}}],
        [{"anchor": {"item": {"client": "5", "clock": 0}}, "head": {"item": None}}],
        [{"anchor": {"item": {"client": True, "clock": 0}}, "head": {"tname": "source"}}],
        [{"anchor": {"tname": "cells", "item": None}, "head": {"tname": "source"}}],
        [{"anchor": {"item": {"client": 9, "clock": 2**70}}, "head": {"tname": "source"}}],
    ],
)
def test_a_cursor_that_makes_no_sense_is_none(told: Any) -> None:
    doc: Doc[Any] = Doc(client_id=5)
    doc.get("source", type=Text).insert(0, "abc")
    assert cursors.read(told, order_of(doc)) == []


def test_the_ends_of_a_text_have_places_too() -> None:
    doc: Doc[Any] = Doc(client_id=5)
    doc.get("source", type=Text).insert(0, "abc")
    end: dict[str, Any] = {"type": None, "tname": "source", "item": None, "assoc": 0}
    told = [{"anchor": {**end, "assoc": -1}, "head": end, "primary": True, "empty": False}]
    order = order_of(doc)
    assert cursors.read(told, order) == [Selection(Utf8(0), Utf8(3), is_primary=True)]
    (written,) = cursors.write(cursors.read(told, order), order)
    assert written["head"] == end
    assert written["anchor"] == {**end, "item": {"client": 5, "clock": 0}}
    assert (written["primary"], written["empty"]) == (True, False)


# -- rooms --------------------------------------------------------------------------------------


class Ranges:
    """What the judge asks of ranges."""

    cells: Mapping[str, frozenset[str]] = {}

    def __init__(self, tracker: RangeTracker) -> None:
        self._tracker = tracker

    @property
    def text(self) -> bytes:
        return self._tracker.text

    @property
    def spans(self) -> Mapping[str, Span]:
        return self._tracker.spans


class Caret:
    """A browser in one room, with a copy of its text."""

    def __init__(self, engine: Engine, username: str, range_id: str | None = None) -> None:
        self.engine = engine
        rights = (
            Rights() if range_id is None else Rights(may_edit=False, open=frozenset({range_id}))
        )
        self.session = Session(Member(username, username.title()), KeepingWire(), rights=rights)
        self.doc: Doc[Any] = Doc()
        self.text = self.doc.get("source", type=Text)
        self.clock = 0
        engine.join(self.session)
        self.hear()

    def hear(self) -> None:
        self.doc.apply_update(self.engine.doc.get_update(self.doc.get_state()))

    def edit(self, random: Random) -> None:
        self.hear()
        before = self.doc.get_state()
        edit(self.text, random)
        update = self.doc.get_update(before)
        self.engine.receive(self.session, protocol.Update(update, is_answer=True))

    def tell(self, anchor: Utf8, head: Utf8, **more: Any) -> None:
        self.hear()
        told = cursors.write([Selection(anchor, head, is_primary=True)], order_of(self.doc))
        self.say({CURSORS: told, "secret": "of my own", **more})

    def say(self, state: dict[str, Any] | None, client_id: int | None = None) -> None:
        self.clock += 1
        speaker = client_id or self.doc.client_id
        entry = protocol.AwarenessEntry(speaker, self.clock, json.dumps(state).encode())
        self.engine.receive(self.session, protocol.AwarenessStates([entry]))

    def sees(self) -> dict[str, list[Selection]]:
        """Give the others and where they are, as this browser finds them in its text."""
        self.hear()
        order = order_of(self.doc)
        found = {}
        for client_id, state in self.engine.awareness.states.items():
            if state and client_id != self.doc.client_id:
                found[state["user"]["username"]] = cursors.read(state.get(CURSORS), order)
        return found


class World:
    """A text and two parts of it, which share a line."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []
        self.doc: Doc[Any] = Doc()
        self.text = self.doc.get("source", type=Text)
        self.text += TEXT
        self.tracker = RangeTracker(self.text, lambda _: Hand.EDITOR)
        for range_id, lines in PARTS.items():
            span = spans.span_of_lines(self.tracker.buffer, *lines)
            assert span is not None
            self.tracker.add(range_id, span)
        self.judge = EditJudge(self.doc, YUnicode, Ranges(self.tracker))
        self.core = Engine(self.doc, self.later, lambda: 0.0, judge=self.judge)
        self.bridge = CursorBridge(
            self.core.awareness,
            self.judge.order,
            self.tracker,
            lambda _, work: self.due.append(work),
        )
        self.parts = {range_id: self._open(range_id) for range_id in PARTS}

    def later(self, _delay_s: float, work: Callable[[], None]) -> None:
        self.due.append(work)

    def _open(self, range_id: str) -> SliceEngine:
        part = TextSlice(self.tracker, range_id, lambda: None)
        engine = SliceEngine(self.core, part, self.later, lambda: 0.0, lambda: None)
        self.bridge.add(range_id, engine.awareness, part.judge.order)
        return engine

    def run(self) -> None:
        while self.due:
            self.due.pop(0)()

    def close(self) -> None:
        self.bridge.close()
        for engine in self.parts.values():
            engine.close()
        self.judge.close()
        self.tracker.close()
        self.core.close()


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def at(world: World, words: str) -> Utf8:
    return Utf8(str(world.text).encode().index(words.encode()))


def test_a_holder_is_seen_in_the_file_and_in_a_part_that_has_the_same_line(world: World) -> None:
    grace = Caret(world.core, "grace")
    ada = Caret(world.parts["r1"], "ada", "r1")
    edsger = Caret(world.parts["r2"], "edsger", "r2")
    start = world.tracker.spans["r1"].start
    ada.tell(Utf8(0), Utf8(4))
    world.run()
    assert grace.sees() == {"ada": [Selection(start, Utf8(start + 4), is_primary=True)]}
    assert edsger.sees() == {}
    line = world.tracker.spans["r2"].start
    ada.tell(Utf8(0), Utf8(line - start + 2))
    world.run()
    assert edsger.sees() == {"ada": [Selection(Utf8(2), Utf8(2), is_primary=True)]}
    assert ada.sees() == {}


def test_who_is_in_the_file_is_seen_in_a_part_while_their_caret_is_in_it(world: World) -> None:
    grace = Caret(world.core, "grace")
    ada = Caret(world.parts["r1"], "ada", "r1")
    start, end = world.tracker.spans["r1"]
    heard: list[dict[str, list[Selection]]] = []
    for anchor, head in ((0, 3), (0, start), (start, end), (end, end + 1), (start + 1, start + 4)):
        grace.tell(Utf8(anchor), Utf8(head))
        world.run()
        heard.append(ada.sees())
    size = end - start
    assert heard == [
        {},
        # A selection from outside is a caret: nothing tells where it began.
        {"grace": [Selection(Utf8(0), Utf8(0), is_primary=True)]},
        {"grace": [Selection(Utf8(0), Utf8(size), is_primary=True)]},
        {},
        {"grace": [Selection(Utf8(1), Utf8(4), is_primary=True)]},
    ]


def test_nothing_else_of_a_state_goes_across(world: World) -> None:
    grace = Caret(world.core, "grace")
    ada = Caret(world.parts["r1"], "ada", "r1")
    inside = at(world, "return")
    grace.tell(Utf8(0), inside, codesyncx={"path": "hidden.py"}, user={"name": "Somebody else"})
    ada.tell(Utf8(0), Utf8(0))
    world.run()
    for engine, name in ((world.parts["r1"], "grace"), (world.core, "ada")):
        (state,) = (
            state
            for state in engine.awareness.states.values()
            if state and state["user"]["username"] == name
        )
        assert state.keys() == {"user", CURSORS}
        assert state["user"]["name"] == name.title()
    # What is written in the file has no name in the part.
    (told,) = cursors_of(world.parts["r1"], "grace")
    clients = {told[end]["item"]["client"] for end in ("anchor", "head")}
    assert clients == {world.parts["r1"].doc.client_id}


def cursors_of(engine: Engine, username: str) -> Any:
    for state in engine.awareness.states.values():
        if state and state["user"]["username"] == username:
            return state[CURSORS]
    return None


def test_people_vanish_when_they_leave_or_their_room_closes(world: World) -> None:
    grace = Caret(world.core, "grace")
    ada = Caret(world.parts["r1"], "ada", "r1")
    bea = Caret(world.parts["r1"], "bea", "r1")
    inside = at(world, "return")
    for caret, place in ((grace, inside), (ada, Utf8(0)), (bea, Utf8(1))):
        caret.tell(place, place)
    world.run()
    assert grace.sees().keys() == {"ada", "bea"}
    assert ada.sees().keys() == {"grace", "bea"}
    ada.say(None)
    world.parts["r1"].leave(bea.session)
    world.run()
    assert grace.sees() == {}
    ada.tell(Utf8(0), Utf8(0))
    world.run()
    assert grace.sees().keys() == {"ada"}
    world.core.leave(grace.session)
    world.run()
    assert ada.sees() == {}
    edsger = Caret(world.core, "edsger")
    world.bridge.remove("r1")
    assert edsger.sees() == {}


def test_who_stays_is_told_again_when_their_browser_says_that_they_are_still_there(
    world: World,
) -> None:
    Caret(world.core, "grace")
    ada = Caret(world.parts["r1"], "ada", "r1")
    ada.tell(Utf8(0), Utf8(0))
    world.run()
    known = dict(world.core.awareness.meta)
    world.bridge.look()
    assert {key: value["clock"] for key, value in world.core.awareness.meta.items()} == {
        key: value["clock"] for key, value in known.items()
    }
    before = sum(value["clock"] for value in world.core.awareness.meta.values())
    ada.tell(Utf8(0), Utf8(0))
    world.run()
    # Browsers forget after 30 s whom they hear nothing more of.
    assert sum(value["clock"] for value in world.core.awareness.meta.values()) == before + 1


def test_nobody_can_speak_for_somebody_who_is_shown(world: World) -> None:
    grace = Caret(world.core, "grace")
    ada = Caret(world.parts["r1"], "ada", "r1")
    grace.tell(at(world, "return"), at(world, "return"))
    world.run()
    (shown,) = (key for key, state in world.parts["r1"].awareness.states.items() if state)
    ada.clock = 1_000
    ada.say({"cursors": []}, shown)
    assert cursors_of(world.parts["r1"], "grace") != []
    grace.say(None)
    world.run()
    ada.clock = 0
    ada.say({"cursors": []}, shown)  # what an echo is like
    assert world.parts["r1"].awareness.states.get(shown) is None


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_everybody_is_at_the_same_letters_through_everybodys_edits(random: Random) -> None:
    world = World()
    grace = Caret(world.core, "grace")
    holders = {name: Caret(engine, name, name) for name, engine in world.parts.items()}
    try:
        for _ in range(12):
            random.choice([grace, *holders.values()]).edit(random)
            if world.tracker.spans.keys() != PARTS.keys() or any(
                engine.has_ended for engine in world.parts.values()
            ):
                return  # a part was lost, and closes
            carets = {}
            for name, caret in (("grace", grace), *holders.items()):
                caret.hear()
                anchor, head = random.choices(places(str(caret.text)), k=2)
                caret.tell(anchor, head)
                start = 0 if name == "grace" else world.tracker.spans[name].start
                carets[name] = Utf8(anchor + start), Utf8(head + start)
            world.run()
            check(world, grace, holders, carets)
    finally:
        world.close()


def check(
    world: World,
    grace: Caret,
    holders: dict[str, Caret],
    carets: dict[str, tuple[Utf8, Utf8]],
) -> None:
    expected = {name: [Selection(*carets[name], is_primary=True)] for name in PARTS}
    assert grace.sees() == expected
    for name, holder in holders.items():
        start, end = world.tracker.spans[name]
        inside = {}
        for other, (anchor, head) in carets.items():
            if other != name and start <= head <= end:
                begin = anchor if start <= anchor <= end else head
                inside[other] = [
                    Selection(Utf8(begin - start), Utf8(head - start), is_primary=True)
                ]
        assert holder.sees() == inside
