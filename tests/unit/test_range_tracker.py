"""Ranges that follow a real document through edits of several people, late ones too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text

from codesyncx_server.collab.range_tracker import Change, RangeTracker
from codesyncx_server.collab.spans import Hand, Span, Splice, Utf8, apply, span_of_lines

POEM = "eins\nzwei\ndréi\nvier\nfünf\n"


class Table:
    """A document with one range, lines 2 and 3, and who writes in it."""

    def __init__(self, text: str = POEM) -> None:
        self.doc: Doc[Any] = Doc(client_id=3)
        self.text = self.doc.get("source", type=Text)
        self.text += text
        self.hand = Hand.EDITOR
        self.tracker = RangeTracker(self.text, lambda _: self.hand)
        self.changes: list[Change] = []
        self.tracker.listen(self.changes.append)
        span = span_of_lines(self.tracker.text, 1, 2)
        assert span is not None
        self.tracker.add("r", span)

    @property
    def within(self) -> str:
        return self.tracker.text_of("r").decode()


def test_a_range_follows_what_is_written_around_and_in_it() -> None:
    table = Table()
    table.text.insert(0, "nullté\n")
    assert table.within == "zwei\ndréi"
    table.text.insert(str(table.text).encode().index(b"ei\ndr"), "🌍")
    assert table.within == "zw🌍ei\ndréi"
    assert table.changes[-1].local == {"r": [Splice(Utf8(2), 0, "🌍".encode())]}
    del table.text[0:8]
    assert table.within == "zw🌍ei\ndréi"
    assert table.tracker.text.decode() == str(table.text)


def test_a_holder_may_write_at_the_edges() -> None:
    table = Table()
    with table.tracker.held("r"):
        table.text.insert(5, "# ")
        table.text.insert(5, "mine\n")
    assert table.within == "mine\n# zwei\ndréi"
    table.text.insert(5, "# Chef\n")
    assert table.within == "mine\n# zwei\ndréi"


def test_a_text_that_is_set_anew_keeps_the_range_where_its_lines_stayed() -> None:
    table = Table()
    with table.doc.transaction():
        table.text.clear()
        table.text += "neu\neins\nzwei\ndrei\nvier\n"
    assert table.within == "zwei\ndrei"
    assert table.tracker.text.decode() == str(table.text)


def test_a_range_whose_lines_are_gone_is_lost() -> None:
    table = Table()
    with table.doc.transaction():
        table.text.clear()
        table.text += "ganz\nanders\n"
    assert table.changes[-1].lost == ("r",)
    assert not table.tracker.spans


def test_what_is_no_text_closes_the_ranges_when_it_spoils_the_count() -> None:
    table = Table()
    table.text.insert_embed(0, {"image": "x"})
    assert table.within == "zwei\ndréi"
    # A value between the characters, which no delta tells of.
    table.doc.apply_update(bytes([1, 1, 99, 0, 8, 1, 6]) + b"source" + bytes([1, 119, 1, 120, 0]))
    assert table.changes[-1].lost == ("r",)


def test_a_tracker_that_is_closed_follows_nothing() -> None:
    table = Table()
    table.tracker.close()
    table.text.insert(0, "x")
    assert not table.changes


def test_what_fails_in_a_listener_is_heard_of_after_everybody_was_told() -> None:
    table = Table()
    updates: list[bytes] = []
    table.doc.observe(lambda event: updates.append(event.update))

    def fail(_change: Change) -> None:
        raise LookupError("no such range")

    table.tracker.listen(fail)
    with pytest.raises(ExceptionGroup) as caught:
        table.text.insert(0, "x")
    assert caught.group_contains(LookupError)
    assert len(updates) == 1
    assert str(table.text) == f"x{POEM}"


class Person:
    """Edits a copy, and sends what they did when they like."""

    def __init__(self, table: Table, client_id: int) -> None:
        self.doc: Doc[Any] = Doc(client_id=client_id)
        self.text = self.doc.get("source", type=Text)
        self.doc.apply_update(table.doc.get_update())

    def edit(self, data: st.DataObject) -> None:
        text = str(self.text)
        start, stop = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))
        stop = min(stop, start + 4)
        first, last = len(text[:start].encode()), len(text[:stop].encode())
        with self.doc.transaction():
            if last > first:
                del self.text[first:last]
            if insert := data.draw(st.text("aé🌍\n", max_size=3)):
                self.text.insert(first, insert)

    def meet(self, table: Table) -> None:
        table.doc.apply_update(self.doc.get_update(table.doc.get_state()))
        self.doc.apply_update(table.doc.get_update(self.doc.get_state()))


@given(st.data())
def test_the_text_of_a_range_is_what_it_was_told(data: st.DataObject) -> None:
    table = Table()
    told = bytearray(table.within.encode())
    is_lost = False

    def hear(change: Change) -> None:
        nonlocal is_lost
        for splice in change.local.get("r", []):
            apply(told, splice)
        is_lost = is_lost or "r" in change.lost

    table.tracker.listen(hear)
    people = [Person(table, client_id) for client_id in (1, 2, 4)]
    for _ in range(data.draw(st.integers(1, 12))):
        person = data.draw(st.sampled_from(people))
        person.edit(data)
        table.hand = data.draw(st.sampled_from(Hand))
        if data.draw(st.booleans()):
            person.meet(table)
    assert table.tracker.text.decode() == str(table.text)
    assert is_lost == ("r" not in table.tracker.spans)
    if not is_lost:
        assert table.tracker.text_of("r") == bytes(told)
        assert isinstance(table.tracker.spans["r"], Span)


class Sealed(Table):
    """Grace takes away what is around an edge; what Edsger wrote in it meanwhile comes after."""

    def __init__(self, gone: tuple[int, int], *, edsgers_id: int = 2) -> None:
        super().__init__()
        # Of two who write at one place, the one with the smaller id comes to stand first.
        self.late: Doc[Any] = Doc(client_id=edsgers_id)
        self.late.apply_update(self.doc.get_update())
        self.edsger = self.late.get("source", type=Text)
        self.time = 0.0
        self.tracker._seals._now = lambda: self.time
        del self.text[gone[0] : gone[1]]

    def hear_edsger(self) -> None:
        self.doc.apply_update(self.late.get_update(self.doc.get_state()))


class Unhurried(RangeTracker):
    """Asks of every range at every change who writes there."""

    def _move_plainly(self, splice: Splice, local: dict[str, list[Splice]]) -> bool:  # noqa: ARG002
        return False


@given(st.data())
def test_typing_within_lines_moves_the_ranges_like_any_other_change(data: st.DataObject) -> None:
    doc: Doc[Any] = Doc()
    text = doc.get("source", type=Text)
    text += POEM * 3
    hand, clock = Hand.EDITOR, 0.0
    both = [track(text, lambda _: hand, now=lambda: clock) for track in (RangeTracker, Unhurried)]
    changes: tuple[list[Change], list[Change]] = [], []
    for tracker, heard in zip(both, changes, strict=True):
        tracker.listen(heard.append)
    length = len(text)
    for name in "abc":
        first = data.draw(st.integers(0, length))
        last = data.draw(st.integers(first, min(length, first + 20)))
        for tracker in both:
            tracker.add(name, Span(Utf8(first), Utf8(last)))
    for _ in range(data.draw(st.integers(1, 12))):
        hand, clock = data.draw(st.sampled_from(Hand)), clock + data.draw(st.sampled_from([0, 50]))
        held = data.draw(st.sampled_from([(), (), ("a",), ("b", "c")]))
        with both[0].held(*held), both[1].held(*held), doc.transaction():
            for _ in range(data.draw(st.integers(1, 2))):
                first = data.draw(st.integers(0, len(text)))
                count = data.draw(st.integers(0, min(4, len(text) - first)))
                whole = str(text).encode()
                # Only whole characters can go.
                while not _is_border(whole, first):
                    first -= 1
                while not _is_border(whole, first + count):
                    count += 1
                del text[first : first + count]
                text.insert(first, data.draw(st.sampled_from(["", "x", "é\n", "\n"])))
        assert both[0].spans == both[1].spans
        assert both[0].text == both[1].text == str(text).encode()
        assert changes[0] == changes[1]


def _is_border(data: bytes, at: int) -> bool:
    return at == len(data) or data[at] & 0xC0 != 0x80


def test_what_was_written_into_lines_that_are_gone_is_none_of_the_range() -> None:
    table = Sealed((0, 5))
    table.edsger.insert(2, "hidden")
    table.hear_edsger()
    assert str(table.text).startswith("hiddenzwei\n")
    assert table.within == "zwei\ndréi"


def test_an_edge_is_an_edge_like_any_other_two_minutes_later() -> None:
    table = Sealed((0, 5))
    table.time = 121.0
    table.text.insert(0, "# ")
    assert table.within == "# zwei\ndréi"


def test_who_was_away_adds_nothing_to_a_range_at_its_edge() -> None:
    table = Sealed((0, 5))
    table.time = 3600.0
    table.hand = Hand.AWAY
    table.edsger.insert(2, "hidden")
    table.edsger.insert(12, "!")
    table.hear_edsger()
    assert table.within == "z!wei\ndréi"


def test_what_turns_up_where_the_holder_wrote_on_from_a_sealed_end_ends_the_range() -> None:
    table = Sealed((14, 18))
    with table.tracker.held("r"):
        table.text.insert(14, "ss")
    assert table.within == "zwei\ndréss"
    table.edsger.insert(17, "hidden")
    table.hear_edsger()
    assert table.changes[-1].lost == ("r",)


def test_what_is_written_elsewhere_in_the_range_leaves_it_as_it_is() -> None:
    table = Sealed((14, 18))
    with table.tracker.held("r"):
        table.text.insert(14, "ss")
    table.text.insert(6, "🌍")
    assert table.within == "z🌍wei\ndréss"
    del table.text[6:12]
    assert table.within.endswith("dréss")
    assert not table.changes[-1].lost


@pytest.mark.parametrize(
    ("edsgers_id", "stands", "lost"),
    [(2, "dré\nhiddens\n", ("r",)), (4, "drés\nhidden\n", ())],
    ids=["within", "behind"],
)
def test_a_line_added_after_what_was_the_end_is_never_shown_to_who_holds_the_part(
    edsgers_id: int, stands: str, lost: tuple[str, ...]
) -> None:
    """Edsger takes away the last letter and adds a line, while the holder writes on at the end."""
    table = Sealed((16, 18), edsgers_id=edsgers_id)
    with table.tracker.held("r"):
        table.text.insert(15, "s")
    del table.edsger[14:15]
    table.edsger.insert(14, "\nhidden")
    table.hear_edsger()
    assert stands in str(table.text)
    assert table.changes[-1].lost == lost
    assert lost or table.within == "zwei\ndrés"


def test_a_line_may_be_broken_where_the_holder_wrote_a_while_ago() -> None:
    table = Table()
    time = 0.0
    table.tracker._seals._now = lambda: time
    with table.tracker.held("r"):
        table.text.insert(15, "ss")
    time = 31.0
    table.text.insert(15, "\n")
    assert table.within == "zwei\ndréi\nss"
