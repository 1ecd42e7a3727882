"""Which sandboxes are to stand ready."""

from __future__ import annotations

from collections import Counter

from codesyncx_spawner.limits import Limits
from codesyncx_spawner.sandbox.backend import SandboxSpec
from codesyncx_spawner.sandbox.warm_plan import Kind, WarmPlan, kind_of
from hypothesis import given
from hypothesis import strategies as st

USUAL, SMALL, COURSE = Kind(Limits()), Kind(Limits(pids=8)), Kind(Limits(), image="course")
KINDS = st.sampled_from([USUAL, SMALL, COURSE])


def test_at_first_runs_of_the_usual_kind_are_expected() -> None:
    plan = WarmPlan(2, USUAL)
    assert plan.missing([]) == [USUAL, USUAL]
    assert plan.missing([USUAL]) == [USUAL]


def test_what_was_wanted_last_is_made_first() -> None:
    plan = WarmPlan(2, USUAL)
    plan.want(COURSE)
    assert plan.missing([]) == [COURSE, USUAL]
    assert not plan.is_surplus(USUAL, [USUAL])
    assert plan.is_surplus(USUAL, [USUAL, USUAL])


@given(st.integers(1, 4), st.lists(KINDS, max_size=8), st.lists(KINDS, max_size=6))
def test_never_more_stand_ready_than_are_allowed(
    size: int, wanted: list[Kind], standing: list[Kind]
) -> None:
    plan = WarmPlan(size, USUAL)
    for kind in wanted:
        plan.want(kind)
    while surplus := [kind for kind in standing if plan.is_surplus(kind, standing)]:
        standing.remove(surplus[0])
    assert len(standing) + len(plan.missing(standing)) == size
    assert Counter([*standing, *plan.missing(standing)]) == Counter(plan.missing([]))


def test_a_sandbox_with_folders_or_a_terminal_of_its_own_is_made_for_its_run() -> None:
    assert kind_of(SandboxSpec("r1", ("sh",), Limits(), has_terminal=True)) is None
    assert kind_of(SandboxSpec("r1", ("sh",), Limits(), read_only=("/opt/conda",))) is None


def test_the_command_and_the_environment_make_no_difference() -> None:
    one = SandboxSpec("r1", ("sh",), Limits(), environment={"A": "1"}, folder="src")
    assert kind_of(one) == USUAL
    assert kind_of(SandboxSpec("r2", ("sh",), Limits(), image="course")) == COURSE
