from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.frames.reordering import MAX_HELD, Reordering


def test_what_is_in_order_passes_at_once() -> None:
    order: Reordering[str] = Reordering(1.0)
    assert order.receive(65535, "a", 0.0) == [("a", True)]
    assert order.receive(0, "b", 0.0) == [("b", True)]


def test_what_comes_late_is_waited_for() -> None:
    order: Reordering[str] = Reordering(1.0)
    order.receive(1, "a", 0.0)
    assert order.receive(3, "c", 0.1) == []
    assert order.receive(2, "b", 0.2) == [("b", True), ("c", True)]


def test_what_does_not_come_is_not_waited_for_any_longer() -> None:
    order: Reordering[str] = Reordering(1.0)
    order.receive(1, "a", 0.0)
    order.receive(3, "c", 0.1)
    assert order.poll(1.0) == []
    assert order.poll(1.2) == [("c", False)]
    assert order.receive(2, "b", 1.3) == []
    assert order.receive(4, "d", 1.3) == [("d", True)]


def test_a_flood_behind_a_gap_ends_the_wait() -> None:
    order: Reordering[int] = Reordering(1000.0)
    order.receive(0, 0, 0.0)
    ready = [one for number in range(2, MAX_HELD + 2) for one in order.receive(number, number, 0.0)]
    assert [item for item, _ in ready] == list(range(2, MAX_HELD + 2))
    assert [follows for _, follows in ready].count(False) == 1


@given(
    first=st.integers(0, 65535),
    data=st.data(),
    lost=st.sets(st.integers(1, 60)),
)
def test_everything_that_came_is_given_once_and_in_order(
    first: int, data: st.DataObject, lost: set[int]
) -> None:
    sent = [number for number in range(64) if number not in lost]
    # The first one opens the way; what was before it is nobody's.
    arrivals = [0, *data.draw(st.permutations(sent[1:]))]
    order: Reordering[int] = Reordering(1.0)
    given_ = []
    for number in arrivals:
        given_ += order.receive(first + number & 0xFFFF, number, 0.0)
    for turn in range(1, len(lost) + 3):
        given_ += order.poll(2.0 * turn)
    assert [item for item, _ in given_] == sent
    for (before, _), (item, follows) in pairwise(given_):
        assert follows is (item == before + 1)
