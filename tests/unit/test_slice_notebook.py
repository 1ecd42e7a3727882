"""Some cells of a notebook in step with all of it, whoever edits what."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_ydoc import YNotebook
from pycrdt import Doc, Map, Text
from support.wires import HandClock, KeepingWire

from codesyncx_server.collab import protocol
from codesyncx_server.collab.engine import Engine
from codesyncx_server.collab.rights import Rights
from codesyncx_server.collab.session import Member, Session
from codesyncx_server.collab.slice_engine import SliceEngine, lost
from codesyncx_server.collab.slice_notebook import NotebookSlice
from codesyncx_server.errors import CodeSyncXError, NotFoundError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RANGE = "r1"
SECRET = "§hidden§"
HELD = ("b", "d")


def _code(cell_id: str, source: str, output: str = "") -> dict[str, Any]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}] if output else []
    return {
        "id": cell_id,
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": outputs,
        "execution_count": 1,
    }


NOTEBOOK = {
    "cells": [
        _code("a", f"import {SECRET}", SECRET),
        _code("b", "x = 'é🌍'", "out é"),
        {"id": "c", "cell_type": "markdown", "source": SECRET, "metadata": {"note": SECRET}},
        {"id": "d", "cell_type": "markdown", "source": "# Yours", "metadata": {}},
        _code("e", SECRET),
    ],
    "metadata": {
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "author": SECRET,
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}


class Client:
    """A browser with a notebook; what it sends and hears may wait."""

    def __init__(self, engine: Engine, username: str, rights: Rights, client_id: int) -> None:
        self.engine = engine
        self.wire = KeepingWire()
        self.session = Session(Member(username, username.title()), self.wire, rights=rights)
        self.doc: Doc[Any] = Doc(client_id=client_id)
        self.notebook = YNotebook(self.doc)
        self.cells = self.notebook.ycells
        self.heard = bytearray()
        self.outbox: deque[bytes] = deque()
        self._is_hearing = False
        self._subscription = self.doc.observe(self._on_change)
        engine.join(self.session)
        engine.receive(self.session, protocol.StateVector(self.doc.get_state()))
        self.hear()

    def send_one(self) -> None:
        if self.outbox:
            try:
                self.engine.receive(self.session, protocol.Update(self.outbox.popleft()))
            except CodeSyncXError as error:
                self.session.close(error)

    def hear(self) -> None:
        self.heard += self.wire.sent
        for payload in self.wire.take():
            message = protocol.decode(payload)
            if isinstance(message, protocol.Update):
                self._is_hearing = True
                self.doc.apply_update(message.update)
                self._is_hearing = False

    def cell(self, cell_id: str) -> Map[Any]:
        found: Map[Any] = next(cell for cell in self.cells if cell["id"] == cell_id)
        return found

    def leave(self) -> None:
        self.doc.unobserve(self._subscription)

    def _on_change(self, event: Any) -> None:
        if not self._is_hearing and event.update != b"\x00\x00":
            self.outbox.append(event.update)


class World:
    """A notebook, and the room of a slice of it."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.notebook = YNotebook()
        self.notebook.set(NOTEBOOK)
        self.core = Engine(self.notebook.ydoc, self.clock.schedule, self.clock.now)
        self.part = NotebookSlice(
            self.notebook.ydoc, RANGE, frozenset(HELD), lambda: self.slice.end(lost())
        )
        self.slice = SliceEngine(
            self.core, self.part, self.clock.schedule, self.clock.now, lambda: None
        )
        self.clients: list[Client] = []

    def holder(self, username: str = "ada", client_id: int = 11, **rights: Any) -> Client:
        default: dict[str, Any] = {"open": frozenset({RANGE}), "may_execute": False}
        return self._enter(
            self.slice, username, Rights(may_edit=False, **{**default, **rights}), client_id
        )

    def editor(self, username: str = "grace", client_id: int = 21) -> Client:
        return self._enter(self.core, username, Rights(), client_id)

    def settle(self) -> None:
        while any(client.outbox for client in self.clients):
            for client in self.clients:
                client.send_one()
        self.clock.pass_s(1)
        for client in self.clients:
            client.hear()

    def held(self) -> list[dict[str, Any]]:
        """Give the cells that the slice should have; of two with one id the first."""
        found: dict[str, dict[str, Any]] = {}
        for index, cell in enumerate(self.notebook.ycells):
            if cell["id"] in HELD:
                found.setdefault(cell["id"], self.notebook.get_cell(index))
        return list(found.values())

    def close(self) -> None:
        for client in self.clients:
            client.leave()
        self.slice.close()
        self.core.close()

    def _enter(self, engine: Engine, username: str, rights: Rights, client_id: int) -> Client:
        client = Client(engine, username, rights, client_id)
        self.clients.append(client)
        return client


def _append(text: Text, more: str) -> None:
    text.insert(len(text), more)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def test_a_slice_is_those_cells_and_nothing_else(world: World) -> None:
    ada = world.holder()
    content = ada.notebook.get()
    assert [cell["source"] for cell in content["cells"]] == ["x = 'é🌍'", "# Yours"]
    assert content["cells"] == world.held()
    assert set(content["metadata"]) == {"kernelspec", "language_info"}
    assert b"hidden" not in ada.heard
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)


def test_what_either_writes_in_a_cell_reaches_the_other(world: World) -> None:
    ada, grace = world.holder(), world.editor()
    ada.cell("b")["source"].insert(0, "é = ")
    grace.cell("d")["source"].insert(7, " now 🌍")
    grace.cell("b")["outputs"].append(
        Map({"output_type": "stream", "name": "stderr", "text": Text("later")})
    )
    world.settle()
    _append(grace.cell("b")["outputs"][1]["text"], " on")
    grace.cell("b")["execution_count"] = 7
    grace.cell("d")["metadata"]["tags"] = ["x"]
    world.settle()
    assert str(grace.cell("b")["source"]) == "é = x = 'é🌍'"
    assert ada.notebook.get()["cells"] == world.held()
    assert world.held()[0]["outputs"][1]["text"] == "later on"
    assert str(ada.cell("d")["source"]) == "# Yours now 🌍"


@pytest.mark.parametrize(
    "edit",
    [
        lambda cells: cells.append(Map({"id": "n", "cell_type": "raw", "source": Text()})),
        lambda cells: cells.pop(0),
        lambda cells: cells[0].update({"id": "a"}),
        lambda cells: cells[0].update({"source": "no text"}),
        lambda cells: cells[0]["source"].insert_embed(0, {"x": 1}),
        lambda cells: cells[0]["metadata"].update({"trusted": True}),
    ],
)
def test_a_holder_edits_cells_but_does_not_remake_them(
    world: World, edit: Callable[[Any], None]
) -> None:
    ada, grace = world.holder(), world.editor()
    before = world.notebook.get()
    edit(ada.cells)
    world.settle()
    assert isinstance(ada.wire.error, RefusedError)
    assert world.notebook.get() == before
    assert grace.wire.error is None


def test_a_reader_of_cells_cannot_write(world: World) -> None:
    ada = world.holder(open=frozenset())
    ada.cell("b")["source"].insert(0, "x")
    world.settle()
    assert isinstance(ada.wire.error, RefusedError)
    assert world.notebook.get()["cells"][1]["source"] == "x = 'é🌍'"


def test_the_slice_ends_with_its_last_cell(world: World) -> None:
    ada, grace = world.holder(), world.editor()
    del grace.cells[3]
    world.settle()
    assert ada.wire.error is None
    assert [cell["id"] for cell in ada.notebook.get()["cells"]] == ["b"]
    del grace.cells[1]
    world.settle()
    assert isinstance(ada.wire.error, NotFoundError)


class Play:
    """A random session of a holder and an editor, with what they send and hear on the way."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.world = World()
        self.world.notebook.ydoc.observe(lambda _: None)
        self.holder = self.world.holder()
        self.editors = [self.world.editor(), self.world.editor("edsger", 22)]

    def step(self) -> None:
        client = self.random.choice(self.world.clients)
        moves: list[Callable[[Client], None]] = [
            self._type,
            self._type,
            Client.send_one,
            Client.send_one,
            Client.hear,
            lambda _: self.world.clock.pass_s(0.1),
        ]
        if client in self.editors:
            moves += [self._run, self._hide, self._tag]
            moves += [self._add, self._move, self._delete] if self.random.random() < 0.3 else []
        self.random.choice(moves)(client)

    def _any_cell(self, client: Client) -> Map[Any] | None:
        return self.random.choice(list(client.cells)) if len(client.cells) else None

    def _type(self, client: Client) -> None:
        cell = self._any_cell(client)
        if cell is None:
            return
        text = cell["source"]
        content = str(text)
        at = len(content[: self.random.randint(0, len(content))].encode())
        if self.random.random() < 0.3:
            text.clear()
        else:
            text.insert(at, self.random.choice(["a", "é", "🌍", "x\n"]))

    def _run(self, client: Client) -> None:
        cell = self._any_cell(client)
        if cell is None or cell["cell_type"] != "code":
            return
        text = "out" if cell["id"] in HELD else SECRET
        outputs = cell["outputs"]
        if len(outputs) and self.random.random() < 0.5:
            _append(outputs[0]["text"], text)
        elif self.random.random() < 0.3:
            outputs.clear()
        else:
            outputs.append(Map({"output_type": "stream", "name": "stdout", "text": Text(text)}))
        cell["execution_count"] = self.random.randint(1, 99)

    def _hide(self, client: Client) -> None:
        cell = self._any_cell(client)
        if cell is not None and cell["id"] not in HELD:
            _append(cell["source"], SECRET)
            cell["metadata"]["note"] = SECRET

    def _tag(self, client: Client) -> None:
        cell = self._any_cell(client)
        if cell is not None:
            cell["metadata"]["tags"] = [self.random.choice("xyz")]

    def _add(self, client: Client) -> None:
        cell = client.notebook.create_ycell(_code(f"n{self.random.randint(0, 99)}", SECRET))
        client.cells.insert(self.random.randint(0, len(client.cells)), cell)

    def _move(self, client: Client) -> None:
        """Move as JupyterLab does: delete the cell, and put one like it elsewhere."""
        if not len(client.cells):
            return
        index = self.random.randrange(len(client.cells))
        with client.doc.transaction():
            content = client.notebook.get_cell(index)
            del client.cells[index]
            at = self.random.randint(0, len(client.cells))
            client.cells.insert(at, client.notebook.create_ycell(content))

    def _delete(self, client: Client) -> None:
        if len(client.cells) > 1:
            del client.cells[self.random.randrange(len(client.cells))]

    def check(self) -> None:
        if not self.world.slice.has_ended:
            assert self.world.part.get()["cells"] == self.world.held()


@settings(max_examples=max(300, settings().max_examples))
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 40))
def test_cells_and_the_notebook_stay_the_same_and_nothing_hidden_gets_out(
    seed: int, steps: int
) -> None:
    play = Play(seed)
    world = play.world
    for _ in range(steps):
        play.step()
        play.check()
    world.settle()
    play.check()
    whole = world.notebook.get(deduplicate=False)
    for editor in play.editors:
        assert editor.wire.error is None
        assert editor.notebook.get(deduplicate=False) == whole
    assert b"hidden" not in play.holder.heard
    if not world.slice.has_ended:
        assert play.holder.wire.error is None
        assert play.holder.notebook.get(deduplicate=False)["cells"] == world.held()
    world.close()
