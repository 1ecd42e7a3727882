"""When a file is written: soon, not on another's heels, and again after a failure."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from codesyncx_server.collab.autosave import Autosave

STEP_S = 0.05


class Typist:
    """Types in steps of time, and saves when it is due."""

    def __init__(self, save_takes_s: float = 0.0, *, fails: bool = False) -> None:
        self.autosave = Autosave()
        self.save_takes_s = save_takes_s
        self.fails = fails
        self.now = 100.0
        self.saves: list[float] = []
        self.oldest_unsaved: float | None = None
        self.oldest_ages: list[float] = []
        self._done_at: float | None = None
        self._in_save: float | None = None

    def live(self, typed: bool) -> None:  # noqa: FBT001 (drawn by hypothesis)
        """Let one step pass."""
        self.now += STEP_S
        if typed:
            self.autosave.edited(self.now)
            if self.oldest_unsaved is None:
                self.oldest_unsaved = self.now
        if self._done_at is not None and self.now >= self._done_at:
            self._finish()
        due = self.autosave.due
        if due is not None and self.now >= due:
            self.saves.append(self.now)
            self._in_save, self.oldest_unsaved = self.oldest_unsaved, None
            self.autosave.saving()
            self._done_at = self.now + self.save_takes_s
            if not self.save_takes_s:
                self._finish()

    def _finish(self) -> None:
        self._done_at = None
        if self.fails:
            self.autosave.failed(self.now)
            self.oldest_unsaved = self._in_save
            return
        self.autosave.saved(self.now, self.save_takes_s)
        assert self._in_save is not None
        self.oldest_ages.append(self.now - self._in_save)


def test_nothing_is_saved_where_nothing_was_typed() -> None:
    autosave = Autosave()
    assert autosave.due is None
    assert not autosave.is_unsaved


def test_a_burst_becomes_one_save() -> None:
    typist = Typist()
    for typed in [True] * 9 + [False] * 100:
        typist.live(typed)
    assert len(typist.saves) == 1
    assert not typist.autosave.is_unsaved


@given(st.lists(st.booleans(), min_size=20, max_size=300), st.sampled_from([0.0, 0.1, 0.2]))
def test_no_save_within_a_second_of_another_and_none_later_than_two(
    typed: list[bool], save_takes_s: float
) -> None:
    typist = Typist(save_takes_s)
    for is_edit in [*typed, *[False] * 60]:
        typist.live(is_edit)
    assert all(later - earlier >= 1 for earlier, later in pairwise(typist.saves))
    assert all(age <= 2 for age in typist.oldest_ages)
    assert not typist.autosave.is_unsaved


def test_continuous_typing_is_saved_every_second_or_two() -> None:
    typist = Typist(0.1)
    for _ in range(int(60 / STEP_S)):
        typist.live(typed=True)
    assert 30 <= len(typist.saves) <= 60


def test_a_file_that_takes_long_is_written_less_often_but_at_least_every_few_seconds() -> None:
    typist = Typist(3.0)
    for _ in range(int(60 / STEP_S)):
        typist.live(typed=True)
    assert all(5 <= later - earlier <= 9 for earlier, later in pairwise(typist.saves))


def test_a_failed_save_is_tried_again_later_and_later() -> None:
    typist = Typist(fails=True)
    typist.live(typed=True)
    for _ in range(int(200 / STEP_S)):
        typist.live(typed=False)
    pauses = [later - earlier for earlier, later in pairwise(typist.saves)]
    assert pauses == sorted(pauses)
    assert (round(pauses[0]), round(pauses[-1])) == (2, 30)
    assert typist.autosave.is_unsaved
    typist.fails = False
    for _ in range(int(31 / STEP_S)):
        typist.live(typed=False)
    assert not typist.autosave.is_unsaved


def test_what_is_typed_during_a_save_waits_for_the_next_one() -> None:
    autosave = Autosave()
    autosave.edited(1.0)
    autosave.saving()
    assert autosave.due is None
    autosave.edited(1.2)
    autosave.saved(1.3, 0.3)
    assert autosave.due is not None
    assert autosave.is_unsaved
