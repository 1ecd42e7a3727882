"""What a decision costs with 1,000 members and 5,000 grants: run it, it prints JSON."""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

from codesyncx_server.access.granting import check_grant
from codesyncx_server.access.model import (
    EVERYONE,
    PROJECT,
    ROLES,
    Grant,
    Permission,
    Person,
    Resource,
    Subject,
    SubjectKind,
)
from codesyncx_server.access.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

MEMBERS = 1000
GRANTS = 5000
GROUPS = 40
ASKED = 20_000
AT_ONCE = 20
_ROLES = ("viewer", "commenter", "runner", "editor", "maintainer", "none")


def course(seed: int = 1) -> tuple[Policy, list[Person], list[Resource]]:
    """Make a course: members in groups, grants on folders, files and ranges, some of which end."""
    chance = random.Random(seed)
    names = [f"member{number:04}" for number in range(MEMBERS)]
    groups = {
        name: frozenset(f"group{chance.randrange(GROUPS)}" for _ in range(2)) for name in names
    }
    places = [
        Resource(f"unit{unit}/task{task}/{name}.py")
        for unit in range(20)
        for task in range(10)
        for name in ("solver", "test", "notes")
    ]
    grants: list[Grant] = []

    def give(subject: Subject, resource: Resource, role: str) -> None:
        ends = 2000.0 if chance.random() < 0.1 else None
        grants.append(Grant(len(grants) + 1, subject, resource, ROLES[role], role, ends))

    give(EVERYONE, PROJECT, "viewer")
    for name in names:
        give(Subject(SubjectKind.USER, name), Resource(f"students/{name}"), "editor")
    while len(grants) < GRANTS:
        resource = chance.choice(places)
        path = chance.choice([resource.path, resource.path.rpartition("/")[0]])
        range_id = f"r{chance.randrange(5)}" if chance.random() < 0.1 else None
        subject = chance.choice(
            [
                EVERYONE,
                Subject(SubjectKind.USER, chance.choice(names)),
                Subject(SubjectKind.GROUP, f"group{chance.randrange(GROUPS)}"),
            ]
        )
        give(subject, Resource(path, range_id), chance.choice(_ROLES))
    asked = [*places, *(Resource(f"students/{name}/a/b.py") for name in names)]
    return Policy(grants, groups), [Person(name) for name in names], asked


def microseconds(work: Callable[[int], Any], times: int) -> dict[str, float]:
    """Give what one call of `work` takes, measured a few calls at a time."""
    rounds = []
    for first in range(0, times, AT_ONCE):
        begin = time.perf_counter_ns()
        for number in range(first, first + AT_ONCE):
            work(number)
        rounds.append((time.perf_counter_ns() - begin) / AT_ONCE / 1000)
    return {
        "median_us": round(statistics.median(rounds), 2),
        "p99_us": round(sorted(rounds)[int(len(rounds) * 0.99)], 2),
    }


def main() -> None:
    """Measure and print."""
    policy, people, resources = course()
    chance = random.Random(2)
    permissions = list(Permission)
    questions = [
        (chance.choice(people), chance.choice(permissions), chance.choice(resources))
        for _ in range(ASKED)
    ]
    maintainer = Person("member0000")
    tutor = Grant(
        GRANTS + 1, Subject(SubjectKind.USER, maintainer.username), PROJECT, ROLES["maintainer"]
    )
    tutored = policy.with_grants([*policy.grants, tutor])
    gift = Grant(0, EVERYONE, Resource("unit1"), ROLES["viewer"], "viewer")
    results = {
        "members": MEMBERS,
        "grants": len(policy.grants),
        "decide": microseconds(lambda number: policy.decide(*questions[number], 1000.0), ASKED),
        "ranges": microseconds(
            lambda number: policy.ranges(questions[number][0], questions[number][2].path, 1000.0),
            ASKED,
        ),
        "is_trusted": microseconds(lambda number: policy.is_trusted(people[number], 1000.0), 200),
        "build_policy": microseconds(lambda _: policy.with_grants(policy.grants), 20),
        "check_grant_to_everyone": microseconds(
            lambda _: check_grant(tutored, maintainer, gift, 1000.0), 20
        ),
    }
    json.dump(results, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
