"""What a server and its workers tell each other, and when a worker counts as gone. Pure.

A *job* is one attempt at one run, carried out by one worker at most. The server puts it into the
stream of jobs; whoever takes it keeps a key alive while it lives. What the worker has to say comes
by a stream of the job's own, numbered from 1 without a gap, and what the server wants of it by
another. Files go in and out in pieces, of which only a few wait at a time.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from ..egress import Host
from ..limits import Limits
from ..sandbox.backend import SandboxSpec, Usage
from ..states import Ending

if TYPE_CHECKING:
    from collections.abc import Mapping

#: So long a worker may not be heard of before its job is another's.
PATIENCE_S = 6.0
#: How often each side looks whether the other is there.
TICK_S = 1.0
#: Where a server and its workers look for the address of their Redis.
URL_VARIABLE = "CODESYNCX_REDIS_URL"
JOBS = "codesyncx:jobs"
GROUP = "workers"


class Place(Enum):
    """What there is of one job in Redis."""

    SPEC = "spec"
    ALIVE = "alive"
    IN = "in"
    EDIT = "edit"
    SAID = "said"
    ASKED = "asked"
    OUT = "out"


def name_of(place: Place, job: str, number: int = 0) -> str:
    """Give the name of a key; `number` tells apart what is sent by several of the same kind."""
    return f"codesyncx:job:{job}:{place.value}{number or ''}"


def names_of(job: str) -> list[str]:
    """Give the names of all that there always is of a job."""
    return [name_of(place, job) for place in Place]


def attempts_of(run_id: str) -> str:
    """Give the name of the set of a run's jobs."""
    return f"codesyncx:run:{run_id}"


def spec_to_json(spec: SandboxSpec) -> str:
    """Write down what a worker is to carry out."""
    return json.dumps(asdict(spec))


def read_spec(text: str | bytes) -> SandboxSpec:
    """Give it; ValueError, TypeError or KeyError for what isn't one, such as of another version."""
    told: dict[str, Any] = json.loads(text)
    for name in ("command", "read_only", "ports", "artifacts"):
        told[name] = tuple(told[name])
    told["network"] = tuple(Host(*one) for one in told["network"])
    return SandboxSpec(**{**told, "limits": Limits(**told["limits"])})


def ending_to_json(ending: Ending, usage: Usage) -> dict[str, Any]:
    """Write down how a job has ended."""
    return {"ending": asdict(ending), "usage": asdict(usage)}


def read_ending(told: Mapping[str, Any]) -> tuple[Ending, Usage]:
    """Give how a job has ended."""
    return Ending(**told["ending"]), Usage(**told["usage"])


class Seen(NamedTuple):
    """What there is of a job in Redis at one time."""

    is_alive: bool
    """Whether a worker that has it was heard of."""
    is_waiting: bool
    """Whether it waits for a worker to take it."""


class Verdict(Enum):
    """What a server does about a job."""

    WAIT = "wait"
    PUT_AGAIN = "put again"
    """Nobody has it, and its command hasn't been started: it may be put in once more."""
    LOST = "lost"
    """Its worker is gone; its command may have run."""


class Watch:
    """Judges whether the worker of one job is gone."""

    def __init__(self, now: float) -> None:
        """Begin when the job has been put in."""
        self._heard = now

    def judge(self, seen: Seen, now: float, *, has_started: bool, there_since: float) -> Verdict:
        """Say what is to be done; Redis has been there since `there_since`."""
        if seen.is_alive or seen.is_waiting:
            self._heard = now
        if now - max(self._heard, there_since) <= PATIENCE_S:
            return Verdict.WAIT
        self._heard = now
        return Verdict.LOST if has_started else Verdict.PUT_AGAIN
