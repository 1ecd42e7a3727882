"""Counters that wrap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rtp.sequence import Unwrapper, is_newer


@given(
    st.integers(0, 0xFFFF),
    st.lists(st.integers(-2000, 30000), max_size=200),
)
def test_distances_survive_any_number_of_turns(first: int, steps: list[int]) -> None:
    unwrapper = Unwrapper(16)
    start = unwrapper.unwrap(first)
    true = highest = first
    for step in steps:
        true = max(highest + step, 0)
        assert unwrapper.unwrap(true & 0xFFFF) - start == true - first
        highest = max(highest, true)


@given(st.lists(st.integers(0, 0xFFFF)))
def test_an_unwrapped_number_is_never_negative_and_keeps_its_bits(values: list[int]) -> None:
    unwrapper = Unwrapper(16)
    for value in values:
        extended = unwrapper.unwrap(value)
        assert extended >= 0
        assert extended & 0xFFFF == value


def test_looking_changes_nothing() -> None:
    unwrapper = Unwrapper(16)
    unwrapper.unwrap(65535)
    assert unwrapper.peek(3) == unwrapper.peek(3) == 65536 + 65539
    assert unwrapper.highest == 65536 + 65535


@given(st.integers(0, 0xFFFF), st.integers(1, 0x7FFF))
def test_newer_is_ahead_by_less_than_half_a_turn(value: int, step: int) -> None:
    assert is_newer((value + step) & 0xFFFF, value)
    assert not is_newer(value, (value + step) & 0xFFFF)
    assert not is_newer(value, value)
