"""Fewer updates that say the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text

from codesyncx_server.collab.snapshots import condense, join_small

Edits = st.lists(st.tuples(st.integers(0, 9), st.text("aé🌍", max_size=5)), max_size=12)


def _type(edits: list[tuple[int, str]]) -> tuple[list[bytes], list[str]]:
    """Type and delete; give the updates, and the text after each."""
    doc: Doc[Any] = Doc()
    text = doc.get("source", type=Text)
    updates: list[bytes] = []
    texts: list[str] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    for at, letters in edits:
        before = len(updates)
        characters = str(text)
        place = len(characters[: at % (len(characters) + 1)].encode())
        if letters:
            text.insert(place, letters)
        elif characters:
            text.clear()
        texts += [str(text)] * (len(updates) - before)
    doc.unobserve(subscription)
    return updates, texts


def _read(updates: list[bytes]) -> str:
    doc: Doc[Any] = Doc()
    for update in updates:
        doc.apply_update(update)
    return str(doc.get("source", type=Text))


@given(Edits)
def test_the_whole_state_is_what_all_updates_make(edits: list[tuple[int, str]]) -> None:
    updates, _ = _type(edits)
    (state,) = condense(updates)
    assert _read([state]) == _read(updates)


@given(Edits, st.integers(0, 12))
def test_the_saved_state_comes_first_and_can_be_carried_on(
    edits: list[tuple[int, str]], saved: int
) -> None:
    updates, texts = _type(edits)
    saved = min(saved, len(updates))
    first, rest = condense(updates, saved)
    assert _read([first]) == (texts[saved - 1] if saved else "")
    assert _read([first, rest]) == _read(updates)


def test_a_change_belongs_to_the_saved_state() -> None:
    updates, _ = _type([(0, "saved"), (5, " typed")])
    shadow: Doc[Any] = Doc()
    shadow.apply_update(updates[0])
    before = shadow.get_state()
    shadow.get("source", type=Text).insert(0, "disk ")
    first, rest = condense(updates, 1, shadow.get_update(before))
    assert _read([first]) == "disk saved"
    assert _read([first, rest]) == "disk saved typed"


@given(Edits)
def test_small_updates_are_joined(edits: list[tuple[int, str]]) -> None:
    updates, _ = _type(edits)
    assert len(join_small(updates)) == min(1, len(updates))
    assert _read(join_small(updates)) == _read(updates)


def test_large_updates_stay_as_they_are() -> None:
    updates, _ = _type([(0, "a"), (0, "b" * 100_000), (0, "c"), (0, "d")])
    joined = join_small(updates)
    assert joined[:2] == updates[:2]
    assert _read(joined) == _read(updates)
