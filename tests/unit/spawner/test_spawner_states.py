from __future__ import annotations

import itertools

import pytest
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.states import ENDINGS, Ending, State, may_follow, name_ending


def test_a_run_goes_its_way_step_by_step() -> None:
    way = [
        State.QUEUED,
        State.PREPARING,
        State.PULLING,
        State.STARTING,
        State.RUNNING,
        State.COLLECTING,
        State.SUCCEEDED,
    ]
    assert all(may_follow(one, following) for one, following in itertools.pairwise(way))
    assert may_follow(State.PREPARING, State.STARTING)
    assert not may_follow(State.QUEUED, State.RUNNING)
    assert not may_follow(State.RUNNING, State.SUCCEEDED)


def test_nothing_follows_an_ending() -> None:
    assert {state for state in State if state.is_over} == ENDINGS
    assert not any(may_follow(end, state) for end in ENDINGS for state in State)


def test_whatever_a_killed_server_was_at_can_be_queued_again_or_given_up() -> None:
    under_way = set(State) - ENDINGS - {State.QUEUED}
    assert all(may_follow(state, State.QUEUED) for state in under_way)
    assert all(may_follow(state, State.LOST) for state in under_way)


@pytest.mark.parametrize(
    ("ending", "state", "sentence"),
    [
        (Ending(0), State.SUCCEEDED, "It is done."),
        (Ending(3), State.FAILED, "It ended with exit code 3."),
        (Ending(139), State.FAILED, "It was ended by a wrong memory access."),
        (Ending(-9), State.FAILED, "It was ended by SIGKILL."),
        (Ending(159), State.FAILED, "It was ended by a system call that is forbidden here."),
        (Ending(137, was_stopped=True), State.STOPPED, "It was stopped."),
        (
            Ending(0, was_timed_out=True),
            State.TIMED_OUT,
            "It was stopped because it took longer than 30 s.",
        ),
        (
            Ending(137, ran_out_of_memory=True),
            State.FAILED,
            "It was ended because it needed more memory than 512 MB.",
        ),
        # One of its processes was ended for that, and it went on without.
        (Ending(0, ran_out_of_memory=True), State.SUCCEEDED, "It is done."),
        (
            Ending(137, ran_out_of_files=True),
            State.FAILED,
            "It was stopped because it made more than 20000 files.",
        ),
    ],
)
def test_an_ending_is_told_in_words(ending: Ending, state: State, sentence: str) -> None:
    assert name_ending(ending, Limits()) == (state, sentence)
