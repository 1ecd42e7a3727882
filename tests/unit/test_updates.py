"""What an update brings is read as pycrdt reads it, and nothing else passes."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, merge_updates

from codesyncx_server import updates
from codesyncx_server.collab.protocol import encode_chunk, encode_number
from codesyncx_server.errors import InvalidRequestError

pieces = st.text(
    st.sampled_from("ab \n\r\té߿ࠀ日😀👩‍💻\U0010ffff\x00"),
    max_size=6,
)
places = st.floats(0, 1)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | pieces,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(pieces, inner, max_size=3),
    max_leaves=6,
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), places, pieces),
        st.tuples(st.just("delete"), places, places),
        st.tuples(st.just("set"), pieces, values),
        st.tuples(st.just("append"), values),
        st.tuples(st.just("cell"), pieces, pieces),
        st.tuples(st.just("embed"), places, values),
    ),
    max_size=12,
)


def _boundary(text: str, share: float) -> int:
    """Give a place between characters, in bytes of UTF-8."""
    return len(text[: int(share * len(text))].encode())


def _perform(doc: Doc[Any], step: tuple[Any, ...]) -> None:
    text, state, cells = (
        doc.get("source", type=Text),
        doc.get("state", type=Map),
        doc.get("cells", type=Array),
    )
    whole = "".join(part if isinstance(part, str) else "\0" for part, _ in text.diff())
    has_embeds = any(not isinstance(part, str) for part, _ in text.diff())
    match step:
        case "insert", place, piece:
            text.insert(0 if has_embeds else _boundary(whole, place), piece)
        case "delete", start, end if not has_embeds:
            a, b = sorted((_boundary(whole, start), _boundary(whole, end)))
            del text[a:b]
        case "set", key, value:
            state[key] = value
        case "append", value:
            cells.append(value)
        case "cell", identifier, source:
            cells.append(Map({"id": identifier, "source": Text(source), "outputs": Array([])}))
        # A text that is embedded can't be told from one that is written.
        case "embed", _, value if value is not None and not isinstance(value, str):
            text.insert_embed(0, value)


def _record(doc: Doc[Any], performed: list[tuple[Any, ...]]) -> list[bytes]:
    made: list[bytes] = []
    subscription = doc.observe(lambda event: made.append(event.update))
    for step in performed:
        _perform(doc, step)
    doc.unobserve(subscription)
    return made


@given(steps, steps)
def test_clocks_follow_pycrdt(first: list[Any], second: list[Any]) -> None:
    ada, grace = Doc(), Doc()
    made = _record(ada, first)
    for update in made:
        grace.apply_update(update)
    made += _record(grace, second)
    live: Doc[Any] = Doc()
    state: updates.Clock = {}
    for update in made:
        decoded = updates.read_update(update)
        assert not updates.missing(decoded, state)
        live.apply_update(update)
        updates.advance(state, decoded)
        assert state == updates.read_state(live.get_state())
    whole: updates.Clock = {}
    updates.advance(whole, updates.read_update(live.get_update()))
    assert whole == state


@given(steps)
def test_an_update_cut_anywhere_is_refused(performed: list[Any]) -> None:
    doc: Doc[Any] = Doc()
    _record(doc, performed)
    update = doc.get_update()
    updates.read_update(update)
    for end in range(len(update)):
        with pytest.raises(InvalidRequestError):
            updates.read_update(update[:end])
    with pytest.raises(InvalidRequestError, match="after its end"):
        updates.read_update(update + b"\x00")


@given(steps, st.data())
@settings(max_examples=200)
def test_what_is_read_from_a_damaged_update_is_what_pycrdt_takes(
    performed: list[Any], choice: st.DataObject
) -> None:
    doc: Doc[Any] = Doc(client_id=300)
    _record(doc, performed)
    update = bytearray(doc.get_update())
    for _ in range(choice.draw(st.integers(1, 3))):
        update[choice.draw(st.integers(0, len(update) - 1))] = choice.draw(st.integers(0, 255))
    live: Doc[Any] = Doc()
    try:
        decoded = updates.read_update(bytes(update))
        if updates.missing(decoded, {}):
            return
        live.apply_update(bytes(update))
    except (InvalidRequestError, ValueError):
        return
    state: updates.Clock = {}
    updates.advance(state, decoded)
    taken = updates.read_state(live.get_state())
    assert {one: clock for one, clock in state.items() if clock} == taken


@given(st.binary(max_size=80))
def test_any_bytes_are_an_update_or_refused(data: bytes) -> None:
    with contextlib.suppress(InvalidRequestError):
        updates.read_update(data)


def _insert(client: int, clock: int, text: str, *, left: tuple[int, int] | None = None) -> bytes:
    """Write a run of one item, by hand."""
    head = encode_number(1) + encode_number(client) + encode_number(clock)
    if left is None:
        origin = b"\x04" + encode_number(1) + encode_chunk(b"source")
    else:
        origin = b"\x84" + encode_number(left[0]) + encode_number(left[1])
    return head + origin + encode_chunk(text.encode())


def _update(*runs: bytes, deletes: bytes = b"\x00") -> bytes:
    return encode_number(len(runs)) + b"".join(runs) + deletes


@pytest.mark.parametrize(
    ("update", "words"),
    [
        (_update(_insert(9, 0, "ab"), _insert(9, 2, "cd")), "names a client twice"),
        (_update(deletes=b"\x02\x05\x01\x00\x01\x05\x01\x01\x01"), "names a client twice"),
        (_update(b"\x01\x09\x00\x00\x00"), "empty item"),
        (_update(_insert(9, 0, "")), "empty item"),
        (_update(b"\x01\x09\x00\x00" + encode_number(2**32)), "further than documents do"),
        (_update(_insert(9, 2**31 - 1, "ab")), "further than documents do"),
        (_update(_insert(2**53, 0, "ab")), "client id that is too large"),
        (_update(_insert(9, 1, "b", left=(2**53, 0))), "client id that is too large"),
        (_update(deletes=b"\x01\x05\x01\x00" + encode_number(2**40)), "further than documents do"),
        (_update(b"\x01\x09\x00\x0b\x01\x01s\x01"), "unknown kind"),
        (_update(b"\x01\x09\x00\x07\x01\x01s\x09"), "unknown kind"),
        (_update(b"\x01\x09\x00\x08\x01\x01s\x01\x10"), "unknown kind"),
        (_update(b"\x01\x09\x00\x04\x01\x01s\x01\xff"), "not UTF-8"),
        (_update(b"\x01\x09\x00\x08\x01\x01s\x01" + b"\x75\x01" * 30 + b"\x7e"), "too deeply"),
        (b"\x80" * 12, "number that is too long"),
    ],
)
def test_what_documents_never_hold_is_refused(update: bytes, words: str) -> None:
    with pytest.raises(InvalidRequestError, match=words):
        updates.read_update(update)


@pytest.mark.parametrize(
    ("update", "state", "expected"),
    [
        (_update(_insert(9, 0, "ab")), {}, False),
        (_update(_insert(9, 0, "ab")), {9: 2}, False),  # known already
        (_update(_insert(9, 1, "ab")), {9: 2}, False),  # half of it known
        (_update(_insert(9, 3, "ab")), {9: 2}, True),  # a gap
        (_update(_insert(9, 0, "ab", left=(5, 0))), {}, True),
        (_update(_insert(9, 0, "ab", left=(5, 0))), {5: 1}, False),
        (_update(_insert(9, 0, "ab", left=(9, 0))), {}, True),  # itself
        (_update(_insert(9, 0, "a", left=(8, 0)), _insert(8, 0, "b")), {}, False),
        (_update(_insert(9, 0, "a", left=(8, 0)), _insert(8, 0, "b", left=(9, 0))), {}, True),
        (_update(deletes=b"\x01\x05\x01\x00\x03"), {5: 3}, False),
        (_update(deletes=b"\x01\x05\x01\x00\x04"), {5: 3}, True),
        (_update(b"\x01\x09\x00\x0a\x02"), {}, True),  # says itself that something is left out
        (_update(b"\x01\x09\x00\x0a\x02"), {9: 1}, True),
        (_update(b"\x01\x09\x00\x0a\x02"), {9: 2}, False),  # but it is known
    ],
)
def test_it_is_told_whether_an_update_stands_on_its_own(
    update: bytes, state: updates.Clock, *, expected: bool
) -> None:
    assert updates.missing(updates.read_update(update), state) is expected


@given(steps, st.data())
def test_an_update_without_one_before_it_is_missing_something(
    performed: list[Any], choice: st.DataObject
) -> None:
    made = _record(Doc(), performed)
    made = [update for update in made if updates.read_update(update).structs]
    if len(made) < 2:
        return
    left_out = choice.draw(st.integers(0, len(made) - 2))
    rest = merge_updates(*made[:left_out], *made[left_out + 1 :])
    assert updates.missing(updates.read_update(rest), {})


@given(steps, st.data())
def test_edits_sent_again_may_leave_out_what_is_known(
    performed: list[Any], choice: st.DataObject
) -> None:
    made = _record(Doc(), performed)
    known: Doc[Any] = Doc()
    split = choice.draw(st.integers(0, len(made)))
    for update in made[:split]:
        known.apply_update(update)
    again = [update for update in made[:split] if choice.draw(st.booleans())]
    if not again and split == len(made):
        return
    update = merge_updates(*again, *made[split:])
    state = updates.read_state(known.get_state())
    decoded = updates.read_update(update)
    assert not updates.missing(decoded, state)
    known.apply_update(update)
    updates.advance(state, decoded)
    assert state == updates.read_state(known.get_state())
    whole: Doc[Any] = Doc()
    whole.apply_update(merge_updates(*made))
    assert str(known.get("source", type=Text)) == str(whole.get("source", type=Text))
    assert known.get("state", type=Map).to_py() == whole.get("state", type=Map).to_py()
    assert known.get("cells", type=Array).to_py() == whole.get("cells", type=Array).to_py()


def test_a_state_vector_is_read() -> None:
    doc: Doc[Any] = Doc(client_id=2**53 - 1)
    text = doc.get("source", type=Text)
    text += "é🌍"
    assert updates.read_state(doc.get_state()) == {2**53 - 1: 3}
