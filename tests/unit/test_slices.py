"""Slices in step with the whole text, whoever writes where, and however late they hear of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pycrdt import Doc, Text

from codesyncx_server.collab import spans
from codesyncx_server.collab.slice_engine import SliceEngine
from codesyncx_server.collab.slice_mirror import TextSlice
from codesyncx_server.errors import (
    InvalidRequestError,
    NotFoundError,
    RefusedError,
    StorageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

from support.slice_world import RANGE, SECRET, World


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


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
