"""Whole sessions of people who share a text in ranges: late, in many alphabets, and hostile.

Ada and Grace may edit a range each, Eve everything but a range that is locked for her, Bob all of
it. What each of them types they type without having heard of the others for a while.
"""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_ydoc import ydocs
from pycrdt import Doc
from support.judged_room import JudgedRoom

from codesyncx_server.collab import protocol, spans
from codesyncx_server.collab.convergence import content_of, is_one
from codesyncx_server.collab.range_tracker import RangeTracker
from codesyncx_server.collab.rights import FULL, VIEWER, Rights
from codesyncx_server.collab.spans import Hand, Span, Splice, Utf8
from codesyncx_server.errors import CodeSyncXError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.wires import Client

SESSIONS = max(300, settings.default.max_examples if settings.default else 0)
TEXT = "".join(f"Zeile {number}, строка {'🌍' * (number % 3)}\n" for number in range(1, 13))
RANGES = {"ada": (2, 4), "grace": (6, 6), "eve": (8, 10)}
RIGHTS = {
    "ada": Rights(may_edit=False, open=frozenset({"ada"})),
    "grace": Rights(may_edit=False, open=frozenset({"grace"})),
    "eve": Rights(locked=frozenset({"eve"})),
    "bob": FULL,
    "viewer": VIEWER,
}
VILLAINS = ["ada", "grace", "eve", "viewer"]
WORDS = ["a", "é", "🌍", "\n", "ж\n", "\nz", "x🌍y\nñ"]


class SplitError(Exception):
    """A forged edit made the document another one: the room notices, and all begin anew."""


class WatchedTracker(RangeTracker):
    """Tells at the edges of which ranges somebody writes."""

    on_touch: Callable[[set[str]], None]

    def _parts(self, splice: Splice) -> list[tuple[Splice, bool]]:
        stop = splice.at + splice.deleted
        touched = set()
        for name, (start, end) in self.spans.items():
            is_within = start < splice.at and stop < end
            is_near = splice.at <= end and stop >= start
            if splice.inserted and is_near and not is_within:
                touched.add(name)
        if touched:
            self.on_touch(touched)
        return super()._parts(splice)


class Typist:
    """One person at a browser that knows where their range is when it has heard everything."""

    def __init__(self, session: RangeSession, username: str) -> None:
        self.session = session
        self.username = username
        self.rights = RIGHTS[username]
        self.touched: set[str] = set()
        session.typists.append(self)
        self.come_in()

    def come_in(self) -> None:
        client_id = self.session.rng.randrange(1, 2**32)
        self.client: Client = self.session.room.join(self.username, self.rights, client_id)
        self.catch_up()

    def catch_up(self) -> None:
        """Hear everything; from here on the range is known by what one types oneself."""
        self.session.room.clock.pass_s(1)
        self.client.hear()
        if str(self.client.text) != self.session.room.text:
            assert self.session.is_forged
            assert self.session.is_split()
            raise SplitError
        self.known = dict(self.session.tracker.spans)
        self.touched = set()

    def type(self, rng: random.Random, start: int, end: int) -> None:
        """Replace a piece of what is between two offsets."""
        data = str(self.client.text).encode()
        places = [at for at in range(start, end + 1) if _is_border(data, at)]
        first = rng.choice(places)
        last = rng.choice([at for at in places if first <= at <= first + 12])
        word = rng.choice(WORDS) if first == last or rng.random() < 0.5 else ""
        with self.client.doc.transaction():
            if last > first:
                del self.client.text[first:last]
            if word:
                self.client.text.insert(first, word)
        splice = Splice(Utf8(first), last - first, word.encode())
        moved = spans.shift_all(self.known, splice, data, self._hand)
        self.known = {name: each.span for name, each in moved.items() if each.span is not None}

    def type_honestly(self, rng: random.Random) -> None:
        """Type where one may, as this browser sees it."""
        if self.rights.may_edit:
            free = [(0, len(str(self.client.text).encode()))]
            if locked := self.known.get("eve") if self.rights.locked else None:
                # A whole line away from what is locked: that is never refused.
                data = str(self.client.text).encode()
                above = data.rfind(b"\n", 0, max(0, locked.start - 1))
                below = data.find(b"\n", locked.end + 1)
                free = [(0, above)] if above > 0 else []
                free += [(below + 1, len(data))] if below >= 0 else []
            elif self.rights.locked:
                free = []
            if free:
                self.type(rng, *rng.choice(free))
        elif self.username in self.known:
            self.type(rng, *self.known[self.username])

    def send_honestly(self) -> None:
        """Send; only what is told in the rules may be refused."""
        tracker = self.session.tracker
        was_lost = self.username in RANGES and self.username not in tracker.spans
        try:
            self.client.send()
        except RefusedError:
            assert was_lost or self.username in self.touched
            self.come_in()
        else:
            self.catch_up()

    def send_hostilely(self) -> None:
        try:
            self.client.send()
        except CodeSyncXError:
            self.come_in()
        else:
            self.catch_up()

    def forge(self, rng: random.Random) -> None:
        """Send an update with some bytes turned, or in another's name."""
        doc: Doc[Any] = Doc(client_id=rng.choice([self.client.doc.client_id, 7, 2**53 - 1]))
        doc.apply_update(self.session.room.doc.get_update())
        state = doc.get_state()
        text = doc.get("source", type=type(self.client.text))
        data = str(text).encode()
        text.insert(rng.choice([at for at in range(len(data) + 1) if _is_border(data, at)]), "böse")
        update = bytearray(doc.get_update(state))
        for _ in range(rng.randrange(3)):
            update[rng.randrange(len(update))] = rng.randrange(256)
        with contextlib.suppress(CodeSyncXError):
            self.client.receive(protocol.sync_update(bytes(update)))
            self.session.is_forged = True
        self.come_in()  # what they have themselves may be another thing under the same mark

    def _hand(self, name: str) -> Hand:
        return Hand.HOLDER if name == self.username else Hand.STRANGER


class RangeSession:
    """A room, and a check after everything that happens in it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.is_forged = False
        self.room = JudgedRoom(
            content=TEXT,
            ranges=RANGES,
            track=WatchedTracker,
            client_id=rng.randrange(1, 2**32),
        )
        self.room.watch_foretold()
        tracker = self.room.tracker
        assert isinstance(tracker, WatchedTracker)
        self.tracker = tracker
        self.typists: list[Typist] = []
        tracker.on_touch = self._note_touch
        self.before = self._look()
        self.tracker.listen(self._check)

    def is_split(self) -> bool:
        """Whether a forged edit made the document another one for those who come later."""
        doc = self.room.doc
        return not is_one(ydocs["file"], doc.get_update(), content_of(doc))

    def _note_touch(self, touched: set[str]) -> None:
        """Note for everybody who hasn't heard yet at which edges somebody else wrote."""
        for typist in self.typists:
            if typist.client.session is not self.room.engine.writer:
                typist.touched |= touched

    def _look(self) -> tuple[bytes, dict[str, Span]]:
        return self.tracker.text, dict(self.tracker.spans)

    def _check(self, _event: Any) -> None:
        """Check what the update that was just let in did."""
        text, found = self.before
        self.before = new_text, new = self._look()
        assert self.room.engine.writer is not None
        rights = self.room.engine.writer.rights
        if rights is FULL:
            return
        if rights.locked:
            assert new_text[slice(*new["eve"])] == text[slice(*found["eve"])]
            began, ended = (
                spans.starts_line(text, found["eve"].start),
                spans.ends_line(text, found["eve"].end),
            )
            assert spans.starts_line(new_text, new["eve"].start) >= began
            assert spans.ends_line(new_text, new["eve"].end) >= ended
            return
        (own,) = rights.open
        start, end = found[own]
        new_start, new_end = new[own]
        assert new_text[:new_start] == text[:start]
        assert new_text[new_end:] == text[end:]


def _is_border(data: bytes, at: int) -> bool:
    return at == len(data) or data[at] & 0xC0 != 0x80


@pytest.mark.timeout(3600)
@settings(max_examples=SESSIONS)
@given(st.integers(0, 2**48), st.integers(5, 40))
def test_what_is_not_ones_own_never_changes_and_honest_people_are_of_one_mind(
    seed: int, steps: int
) -> None:
    with contextlib.suppress(SplitError):
        _play(random.Random(seed), steps)


def _play(rng: random.Random, steps: int) -> None:
    session = RangeSession(rng)
    honest = [Typist(session, name) for name in ("ada", "grace", "eve", "bob")]
    hostile = [Typist(session, name) for name in rng.choices(VILLAINS, k=2)]
    for _ in range(steps):
        if rng.random() < 0.7:
            person = rng.choice(honest)
            person.type_honestly(rng)
            if rng.random() < 0.4:
                person.send_honestly()
            continue
        villain = rng.choice(hostile)
        if rng.random() < 0.3:
            villain.forge(rng)
        else:
            villain.type(rng, 0, len(str(villain.client.text).encode()))
            villain.send_hostilely()
    for person in honest:
        person.send_honestly()
    for person in [*honest, *hostile]:
        person.catch_up() if person in honest else person.come_in()
    assert session.tracker.is_sound
    assert session.tracker.text.decode() == session.room.text
