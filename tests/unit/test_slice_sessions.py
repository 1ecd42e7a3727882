"""Random sessions at a slice and at the whole text, with somebody hostile among them."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesyncx_server.collab.engine import Engine

from support.slice_world import SECRET, Client, World

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
