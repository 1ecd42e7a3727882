"""The order of a text against pycrdt's own: honest people who are late, and forged neighbours."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

from codesyncx_server.collab import text_order
from codesyncx_server.collab.protocol import encode_chunk, encode_number
from codesyncx_server.collab.spans import Splice, splices_of
from codesyncx_server.collab.text_order import TextOrder
from codesyncx_server.collab.text_runs import OrderLostError
from codesyncx_server.updates import read_update

if TYPE_CHECKING:
    from codesyncx_server.updates import Id

SESSIONS = max(300, settings.default.max_examples if settings.default else 0)
WORDS = ["a", "é", "🌍", "\n", "ж\n", "\nz", "x🌍y\nñ", "line of ASCII"]
TEXT = "eins\nzwei 🌍\ndréi\nvier\n"


class Followed:
    """A document and the order of its text, compared after every update."""

    def __init__(self, content: str = TEXT) -> None:
        self.doc: Doc[Any] = Doc(client_id=1)
        self.text = self.doc.get("source", type=Text)
        self.state = self.doc.get("state", type=Map)
        self.text.insert(0, content)
        self.state["dirty"] = False
        self.order, self.unasked = TextOrder("source"), TextOrder("source")
        for order in (self.order, self.unasked):
            order.take(read_update(self.doc.get_update()))
        self.updates: list[bytes] = []
        self.splices: list[Splice] = []
        self.certain = self.tried = 0
        self._subscriptions = [
            self.text.observe(lambda event: self.splices.extend(splices_of(event.delta))),
            self.doc.observe(lambda event: self.updates.append(event.update)),
        ]

    def apply(self, update: bytes) -> list[Splice] | None:
        """Take an update in; gives what was foretold of it, which has to be what it did."""
        decoded = read_update(update)
        foretold = self.order.splices(decoded)
        self.splices.clear()
        self.updates.clear()
        self.doc.apply_update(update)
        for made in self.updates:
            self.order.take(decoded if made == update else read_update(made))
            self.unasked.take(read_update(made))
        assert self.order.read() == self.unasked.read() == str(self.text).encode()
        assert foretold is None or foretold == self.splices
        self.tried += 1
        self.certain += foretold is not None
        return foretold

    def check_anew(self) -> None:
        """Whoever gets everything at once finds the same."""
        order = TextOrder("source")
        order.take(read_update(self.doc.get_update()))
        assert order.read() == str(self.text).encode()


class Peer:
    """A browser, which may hear late."""

    def __init__(self, followed: Followed, client_id: int) -> None:
        self.followed = followed
        self.doc: Doc[Any] = Doc(client_id=client_id)
        self.text = self.doc.get("source", type=Text)
        self.hear()

    def hear(self) -> None:
        self.doc.apply_update(self.followed.doc.get_update(self.doc.get_state()))

    def type(self, rng: random.Random) -> list[bytes]:
        """Change something in one transaction or several; gives the updates."""
        made: list[bytes] = []
        subscription = self.doc.observe(lambda event: made.append(event.update))
        data = str(self.text).encode()
        borders = [at for at in range(len(data) + 1) if at == len(data) or data[at] & 0xC0 != 0x80]
        for _ in range(rng.randrange(1, 4)):
            with self.doc.transaction():
                for _ in range(rng.choice([1, 1, 1, 2])):
                    first = rng.choice(borders)
                    last = rng.choice([at for at in borders if first <= at <= first + 9])
                    if last > first and rng.random() < 0.5:
                        del self.text[first:last]
                    if rng.random() < 0.7:
                        self.text.insert(first, rng.choice(WORDS))
                    data = str(self.text).encode()
                    borders = [
                        at
                        for at in range(len(data) + 1)
                        if at == len(data) or data[at] & 0xC0 != 0x80
                    ]
        self.doc.unobserve(subscription)
        return made


@pytest.mark.timeout(3600)
@settings(max_examples=SESSIONS)
@given(st.integers(0, 2**48), st.integers(3, 30))
def test_what_is_foretold_is_what_happens(seed: int, steps: int) -> None:
    followed = Followed()
    _type(random.Random(seed), steps, followed, forgers=0)
    followed.check_anew()


@pytest.mark.timeout(3600)
@settings(max_examples=SESSIONS)
@given(st.integers(0, 2**48), st.integers(3, 30))
def test_forged_neighbours_fool_nobody(seed: int, steps: int) -> None:
    # Such an order may be lost, but it never tells anything wrong.
    with contextlib.suppress(OrderLostError):
        _type(random.Random(seed), steps, Followed("ASCII\n" * 9), forgers=0.4)


@patch.object(text_order, "_BLOCK_RUNS", 4)  # so that there are some
def _type(rng: random.Random, steps: int, followed: Followed, forgers: float) -> None:
    peers = [Peer(followed, rng.randrange(2, 2**32)) for _ in range(3)]
    for step in range(steps):
        if rng.random() < forgers:
            followed.apply(_forged(rng, followed, rng.choice([2, 2**40]) + step))
            continue
        peer = rng.choice(peers)
        for update in peer.type(rng):
            followed.apply(update)
        if rng.random() < 0.5:
            peer.hear()
        if rng.random() < 0.1:
            followed.state["dirty"] = not followed.state.get("dirty")
            for order in (followed.order, followed.unasked):
                order.take(read_update(followed.updates[-1]))


def _forged(rng: random.Random, followed: Followed, client: int) -> bytes:
    known = read_update(followed.doc.get_update())
    ids: list[Id | None] = [
        (struct.client, clock)
        for struct in known
        if struct.kind in {"string", "deleted"} and struct.root in {None, "source"}
        for clock in range(struct.clock, struct.end)
    ]
    left, right = rng.choice([None, *ids]), rng.choice([None, *ids])
    state = {each: run[-1].end for each, run in known.structs.items()}
    gone = [each for each in rng.choices([None, *ids], k=rng.randrange(3)) if each]
    deletes = [(*each, rng.randrange(1, 4)) for each in gone]
    deletes = [each for each in deletes if each[1] + each[2] <= state[each[0]]]
    return make_update(client, 0, left, right, rng.choice(WORDS), deletes)


def make_update(
    client: int,
    clock: int,
    left: Id | None,
    right: Id | None,
    word: str,
    deletes: list[tuple[int, int, int]],
) -> bytes:
    """Write an update that puts a word between whatever neighbours it names."""
    info = 4 | (0x80 if left else 0) | (0x40 if right else 0)
    data = b"\x01\x01" + encode_number(client) + encode_number(clock) + bytes([info])
    for side in (left, right):
        if side:
            data += encode_number(side[0]) + encode_number(side[1])
    if not left and not right:
        data += b"\x01" + encode_chunk(b"source")
    clients = {gone for gone, _, _ in deletes}
    data += encode_chunk(word.encode()) + encode_number(len(clients))
    for each in clients:
        ranges = [
            encode_number(at) + encode_number(size) for gone, at, size in deletes if gone == each
        ]
        data += encode_number(each) + encode_number(len(ranges)) + b"".join(ranges)
    return data
