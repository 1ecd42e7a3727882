from __future__ import annotations

import pytest
from codesyncx_spawner.errors import QuotaError
from codesyncx_spawner.fair_queue import FairQueue, Quotas, Ticket
from hypothesis import given
from hypothesis import strategies as st

MANY = Quotas(running=99, running_per_person=99, running_per_project=99)


def queue_of(*names: str, quotas: Quotas = MANY) -> FairQueue:
    """Give a queue of runs such as `ada1`, of Ada."""
    queue = FairQueue(quotas)
    for name in names:
        queue.add(Ticket(name, name[:-1]))
    return queue


def taken(queue: FairQueue) -> list[str]:
    found = []
    while ticket := queue.take():
        found.append(ticket.run_id)
    return found


def test_people_take_turns_however_many_runs_one_has_waiting() -> None:
    assert taken(queue_of("ada1", "ada2", "ada3", "bob1", "cy1")) == [
        "ada1",
        "bob1",
        "cy1",
        "ada2",
        "ada3",
    ]


def test_whoever_had_a_turn_comes_after_those_who_had_none() -> None:
    quotas = Quotas(running=1, running_per_person=1, running_per_project=1)
    queue = queue_of("ada1", "ada2", "bob1", "bob2", quotas=quotas)
    order = []
    while ticket := queue.take():
        order.append(ticket.run_id)
        assert queue.take() is None
        queue.remove(ticket.run_id)
    assert order == ["ada1", "bob1", "ada2", "bob2"]


def test_nobody_has_more_running_than_they_may() -> None:
    quotas = Quotas(running=10, running_per_person=2, running_per_project=10)
    queue = queue_of("ada1", "ada2", "ada3", "bob1", quotas=quotas)
    assert sorted(taken(queue)) == ["ada1", "ada2", "bob1"]
    queue.remove("ada1")
    assert taken(queue) == ["ada3"]


def test_a_full_project_does_not_hold_up_its_people_elsewhere() -> None:
    queue = FairQueue(Quotas(running=10, running_per_person=10, running_per_project=1))
    queue.add(Ticket("1", "ada", "thesis"))
    queue.add(Ticket("2", "ada", "thesis"))
    queue.add(Ticket("3", "ada", "course"))
    assert taken(queue) == ["1", "3"]


def test_too_many_waiting_are_refused_in_words() -> None:
    queue = FairQueue(Quotas(waiting_per_person=2, waiting_per_project=3))
    queue.add(Ticket("1", "ada"))
    queue.add(Ticket("2", "ada"))
    with pytest.raises(QuotaError, match="You have 2 runs waiting"):
        queue.add(Ticket("3", "ada"))
    queue.add(Ticket("4", "bob"))
    with pytest.raises(QuotaError, match="The project has 3 runs waiting"):
        queue.add(Ticket("5", "cy"))
    queue.add(Ticket("3", "ada"), ask=False)


@given(st.lists(st.sampled_from("abcd"), max_size=20), st.integers(0, 4))
def test_the_position_says_how_many_start_before(people: list[str], running: int) -> None:
    queue = FairQueue(MANY)
    for number, person in enumerate(people):
        queue.add(Ticket(str(number), person))
    for _ in range(running):
        queue.take()
    waiting = [str(n) for n in range(len(people)) if queue.position(str(n)) is not None]
    positions = {run_id: queue.position(run_id) for run_id in waiting}
    assert [positions[run_id] for run_id in taken(queue)] == list(range(len(waiting)))
