"""Learning the order of a text that others go on editing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from pycrdt import Doc, Text

from codesyncx_server.collab.foresight import Foresight
from codesyncx_server.collab.spans import Splice, Utf8
from codesyncx_server.updates import read_update

if TYPE_CHECKING:
    from collections.abc import Callable


class Room:
    """A text, and what is to be done in the background for it."""

    def __init__(self, letters: int) -> None:
        self.doc: Doc[Any] = Doc()
        self.text = self.doc.get("source", type=Text)
        self.text.insert(0, "line of a file\n" * 20)
        rng = random.Random(1)
        with self.doc.transaction():
            for _ in range(letters):
                self.text.insert(rng.randrange(len(self.text)), "x")
        self.background: list[tuple[Callable[[], None], Callable[[], None]]] = []
        self.foresight = Foresight(self.doc, "source", self._in_background)
        self.doc.observe(lambda event: self.foresight.follow(event.update, None))

    def _in_background(self, work: Callable[[], None], done: Callable[[], None]) -> None:
        self.background.append((work, done))

    def foresees(self, at: int, letters: str) -> list[Splice] | None:
        """Have somebody type, and say what is known of it before the room has it."""
        browser: Doc[Any] = Doc()
        browser.apply_update(self.doc.get_update())
        state = browser.get_state()
        browser.get("source", type=Text).insert(at, letters)
        update = browser.get_update(state)
        found = self.foresight.splices(read_update(update))
        self.doc.apply_update(update)
        return found


def test_a_short_history_is_known_at_once() -> None:
    room = Room(letters=10)
    room.foresight.begin()
    assert not room.background
    assert room.foresees(7, "né") == [Splice(Utf8(7), 0, "né".encode())]


def test_a_long_history_is_learnt_in_the_background_while_people_type() -> None:
    room = Room(letters=5_000)
    room.foresight.begin()
    ((work, done),) = room.background
    assert room.foresees(3, "before") is None
    work()
    assert room.foresees(5, "after") is None
    done()
    assert room.foresees(4, "then") == [Splice(Utf8(4), 0, b"then")]
    room.foresight.begin()
    assert len(room.background) == 1


def test_what_is_not_learnt_to_the_end_is_not_known() -> None:
    room = Room(letters=5_000)
    room.foresight.begin()
    ((work, done),) = room.background
    work()
    room.foresight.close()
    done()
    assert room.foresees(3, "x") is None


def test_an_order_that_was_lost_is_not_learnt_again() -> None:
    room = Room(letters=10)
    room.foresight.begin()
    room.text.insert_embed(3, {"image": "x"})
    room.foresight.begin()
    assert room.foresees(1, "x") is None
    assert not room.background
