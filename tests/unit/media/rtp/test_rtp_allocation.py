"""Which layers a subscriber gets."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rtp.allocation import UPGRADE_MARGIN, Wish, allocate

if TYPE_CHECKING:
    from collections.abc import Hashable

RATES = (150_000, 500_000, 1_700_000)


def wish(
    key: Hashable,
    *,
    max_layer: int = 2,
    priority: int = 0,
    current: int | None = None,
    base_bps: float = 0,
) -> Wish:
    return Wish(key, RATES, max_layer, base_bps, priority, current)


def test_everyone_gets_what_they_want_when_there_is_enough() -> None:
    allocation = allocate(10_000_000, [wish("a"), wish("b", max_layer=1)])
    assert allocation.layers == {"a": 2, "b": 1}
    assert allocation.missing_bps == 0


def test_small_pictures_of_all_come_before_a_large_one() -> None:
    allocation = allocate(800_000, [wish("a", priority=1), wish("b"), wish("c")])
    assert allocation.layers == {"a": 0, "b": 0, "c": 0}
    assert allocation.missing_bps > 0


def test_the_most_important_grows_first() -> None:
    allocation = allocate(1_000_000, [wish("b"), wish("a", priority=1), wish("c")])
    assert allocation.layers == {"a": 1, "b": 0, "c": 0}


def test_equals_grow_in_turn() -> None:
    allocation = allocate(1_300_000, [wish("a"), wish("b")])
    assert allocation.layers == {"a": 1, "b": 1}


def test_a_picture_that_does_not_fit_is_left_out() -> None:
    allocation = allocate(300_000, [wish("a", priority=1), wish("b"), wish("c")])
    assert allocation.layers == {"a": 0, "b": None, "c": None}


def test_the_most_important_is_kept_when_there_is_nothing() -> None:
    assert allocate(0, [wish("a"), wish("b", priority=2)]).layers == {"a": None, "b": 0}


def test_fewer_frames_come_before_none() -> None:
    allocation = allocate(
        280_000, [wish("a", priority=1, base_bps=60_000), wish("b", base_bps=60_000)]
    )
    assert allocation.layers == {"a": 0, "b": 0}
    assert allocation.thinned == {"b"}
    alone = allocate(100_000, [wish("a", base_bps=60_000)])
    assert (alone.layers, alone.thinned) == ({"a": 0}, {"a"})


def test_frames_that_cannot_be_thinned_are_not() -> None:
    assert allocate(50_000, [wish("a", base_bps=150_000)]).thinned == frozenset()


def test_a_layer_is_kept_where_it_would_not_be_taken() -> None:
    budget = 520_000
    assert allocate(budget, [wish("a")]).layers == {"a": 0}
    assert allocate(budget, [wish("a", current=1)]).layers == {"a": 1}
    assert allocate(470_000, [wish("a", current=1)]).layers == {"a": 0}


def test_what_is_missing_is_told_for_the_next_step() -> None:
    allocation = allocate(400_000, [wish("a", current=0)])
    cost = 500_000 * UPGRADE_MARGIN - 150_000 * 0.95
    assert abs(allocation.missing_bps - (cost - (400_000 - 150_000 * 0.95))) < 1


def test_layers_that_are_not_sent_cannot_be_had() -> None:
    rates = (0.0, 500_000.0, 0.0)
    assert allocate(5_000_000, [Wish("a", rates, 2)]).layers == {"a": 1}
    assert allocate(5_000_000, [Wish("a", rates, 0)]).layers == {"a": 1}
    assert allocate(5_000_000, [Wish("a", (0.0, 0.0, 0.0), 2)]).layers == {"a": None}


wishes = st.lists(
    st.builds(
        Wish,
        st.uuids(),
        st.lists(st.sampled_from([0.0, 1e5, 5e5, 2e6]), min_size=1, max_size=3),
        st.integers(0, 2),
        st.sampled_from([0.0, 5e4]),
        st.integers(0, 2),
        st.none() | st.just(0),
    ),
    max_size=6,
)


@given(st.floats(0, 1e7), wishes)
def test_more_than_the_budget_is_never_given_except_the_last_picture(
    budget: float, wanted: list[Wish]
) -> None:
    allocation = allocate(budget, wanted)
    total = 0.0
    for one in wanted:
        layer = allocation.layers[one.key]
        if layer is not None:
            assert one.rates_bps[layer] > 0
            thin = one.key in allocation.thinned
            total += one.base_bps if thin else 0.95 * one.rates_bps[layer]
    smallest = max((one.rates_bps[one.layers()[0]] for one in wanted if one.layers()), default=0)
    assert total <= max(budget, smallest) + 1


@given(st.floats(0, 1e7), wishes)
def test_choices_on_a_steady_path_settle(budget: float, wanted: list[Wish]) -> None:
    chosen = []
    for _ in range(8):
        chosen.append(allocate(budget, wanted))
        layers, thinned = chosen[-1].layers, chosen[-1].thinned
        wanted = [
            dataclasses.replace(one, current=layers[one.key], is_thinned=one.key in thinned)
            for one in wanted
        ]
    assert chosen[-1].layers == chosen[-2].layers
    assert chosen[-1].thinned == chosen[-2].thinned
