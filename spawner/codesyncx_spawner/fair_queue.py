"""Who runs next: people take turns, whoever has the fewest running first. Pure.

Within one person's runs the order is that of their submission.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .errors import QuotaError

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Quotas:
    """How many runs there may be at once."""

    running: int = 2
    running_per_person: int = 1
    running_per_project: int = 2
    waiting_per_person: int = 20
    waiting_per_project: int = 100


@dataclass(frozen=True, slots=True)
class Ticket:
    """A run's place in the queue."""

    run_id: str
    person: str
    project: str = ""


@dataclass(slots=True)
class FairQueue:
    """Runs that wait and runs that are under way."""

    quotas: Quotas = field(default_factory=Quotas)
    _waiting: dict[str, Ticket] = field(default_factory=dict)
    _running: dict[str, Ticket] = field(default_factory=dict)
    _turns: dict[str, int] = field(default_factory=dict)
    _turn: int = 0

    def add(self, ticket: Ticket, *, ask: bool = True) -> None:
        """Let a run wait for its turn; QuotaError if its person or project has too many waiting.

        `ask=False` is for runs that were in the queue before the server started.
        """
        if ask:
            self._judge(ticket)
        self._waiting[ticket.run_id] = ticket

    def take(self) -> Ticket | None:
        """Give the next run and count it as running; None while no run may start."""
        ticket = next(iter(self._order()), None)
        if ticket is not None:
            self._start(ticket)
        return ticket

    def count(self, ticket: Ticket) -> None:
        """Count a run as running that was so before the server started."""
        self._running[ticket.run_id] = ticket

    def remove(self, run_id: str) -> bool:
        """Forget a run that has ended or no longer waits; whether it was known."""
        known = self._waiting.pop(run_id, None) or self._running.pop(run_id, None)
        return known is not None

    def position(self, run_id: str) -> int | None:
        """How many start before this one if none is added, 0 = it is next; None: not waiting."""
        if run_id not in self._waiting:
            return None
        trial = FairQueue(
            Quotas(running=len(self._waiting) + 1, running_per_person=2**31),
            dict(self._waiting),
            {},
            dict(self._turns),
            self._turn,
        )
        counts = Counter(ticket.person for ticket in self._running.values())
        ahead = 0
        while (ticket := min(trial._firsts(), key=lambda one: trial._rank(one, counts))) and (
            ticket.run_id != run_id
        ):
            trial._start(ticket)
            counts[ticket.person] += 1
            ahead += 1
        return ahead

    def _judge(self, ticket: Ticket) -> None:
        waiting = self._waiting.values()
        if sum(one.person == ticket.person for one in waiting) >= self.quotas.waiting_per_person:
            raise QuotaError(
                f"You have {self.quotas.waiting_per_person} runs waiting, which is the most: "
                "stop one, or wait for one to end."
            )
        if sum(one.project == ticket.project for one in waiting) >= self.quotas.waiting_per_project:
            raise QuotaError(
                f"The project has {self.quotas.waiting_per_project} runs waiting, which is the "
                "most: stop one, or wait for one to end."
            )

    def _order(self) -> list[Ticket]:
        """Give those who may start now, the next first."""
        if len(self._running) >= self.quotas.running:
            return []
        people = Counter(ticket.person for ticket in self._running.values())
        projects = Counter(ticket.project for ticket in self._running.values())
        able = [
            ticket
            for ticket in self._firsts()
            if people[ticket.person] < self.quotas.running_per_person
            and projects[ticket.project] < self.quotas.running_per_project
        ]
        return sorted(able, key=lambda ticket: self._rank(ticket, people))

    def _firsts(self) -> Iterable[Ticket]:
        """Give what each person and project has waiting longest."""
        firsts: dict[tuple[str, str], Ticket] = {}
        for ticket in self._waiting.values():
            firsts.setdefault((ticket.person, ticket.project), ticket)
        return firsts.values()

    def _rank(self, ticket: Ticket, running: Counter[str]) -> tuple[int, int]:
        return running[ticket.person], self._turns.get(ticket.person, 0)

    def _start(self, ticket: Ticket) -> None:
        del self._waiting[ticket.run_id]
        self._running[ticket.run_id] = ticket
        self._turn += 1
        self._turns[ticket.person] = self._turn
