"""When others are told that somebody's connection is bad, and when that it is good again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesyncx_media.rooms.line_watch import (
    BETTER_AFTER_S,
    WORSE_AFTER_S,
    Line,
    LineWatch,
    Quality,
)


def told(*losses: float, is_starved: bool = False) -> list[str]:
    """Give what is told of seconds with these losses on the way here."""
    watch = LineWatch()
    return [
        watch.quality.word
        for second, loss in enumerate(losses)
        if watch.judge(Line(loss, 0.0, is_starved=is_starved), float(second))
    ]


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([0.0] * 20, []),
        ([0.02] * 20, []),
        ([0.08] * 20, ["weak"]),
        ([0.3] * 20, ["bad"]),
        ([0.08] * 10 + [0.4] * 10, ["weak", "bad"]),
        ([0.3] * 10 + [0.0] * 20, ["bad", "good"]),
        ([0.0] * 5 + [1.0, 0.0] + [0.0] * 10, []),
    ],
    ids=["no loss", "a little", "some", "much", "worse and worse", "over", "one bad second"],
)
def test_a_connection_is_told_of_when_it_stays_like_this(
    losses: list[float], words: list[str]
) -> None:
    assert told(*losses) == words


def test_a_line_that_carries_next_to_nothing_is_weak_without_any_loss() -> None:
    assert told(*[0.0] * 10, is_starved=True) == ["weak"]


def test_a_loss_about_the_limit_is_told_of_once() -> None:
    assert told(*[0.035, 0.05] * 60) == ["weak"]


def test_the_way_back_counts_as_well() -> None:
    watch = LineWatch()
    assert any(watch.judge(Line(0.0, 0.5, is_starved=False), float(n)) for n in range(10))
    assert watch.quality is Quality.BAD


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans()), max_size=80))
def test_nobody_is_told_often(seconds: list[tuple[float, float, bool]]) -> None:
    watch, before, told_at = LineWatch(), Quality.GOOD, float("-inf")
    for second, (up, down, is_starved) in enumerate(seconds):
        changed = watch.judge(Line(up, down, is_starved=is_starved), float(second))
        assert changed is (watch.quality is not before)
        if changed:
            worse = watch.quality > before
            assert second - told_at >= (WORSE_AFTER_S if worse else BETTER_AFTER_S)
            told_at, before = second, watch.quality
