from __future__ import annotations

import pytest

from codesyncx_server.history.retention import (
    DAY_S,
    HOUR_S,
    MONTH_S,
    RetentionPolicy,
    VersionTime,
    belongs_to_last,
    versions_to_drop,
)

POLICY = RetentionPolicy()
NOW = 400 * DAY_S
ADA, ADA_AND_BO = frozenset({"ada"}), frozenset({"ada", "bo"})


@pytest.mark.parametrize(
    ("last", "people", "seconds_later", "is_one"),
    [
        (ADA, ADA, 0, True),
        (ADA, ADA, 119, True),
        (ADA, ADA, 120, False),
        (ADA, ADA_AND_BO, 5, False),
        (ADA, ADA, -5, False),
    ],
)
def test_close_saves_of_the_same_people_are_one_version(
    last: frozenset[str], people: frozenset[str], seconds_later: float, *, is_one: bool
) -> None:
    assert belongs_to_last(POLICY, 1_000, last, 1_000 + seconds_later, people) is is_one


def _every(step_s: float, ages_from_s: float, ages_to_s: float) -> list[VersionTime]:
    count = int((ages_from_s - ages_to_s) / step_s)
    return [VersionTime(index, NOW - ages_from_s + index * step_s) for index in range(count)]


def test_everything_of_the_last_day_stays() -> None:
    assert versions_to_drop(POLICY, _every(120, DAY_S, 0), NOW) == []


def test_within_a_month_the_last_of_each_hour_stays() -> None:
    versions = _every(600, 3 * DAY_S, 2 * DAY_S)
    dropped = set(versions_to_drop(POLICY, versions, NOW))
    kept = [version for version in versions if version.version_id not in dropped]
    assert len(kept) == 24
    assert {version.time % HOUR_S for version in kept} == {HOUR_S - 600}


def test_after_a_month_one_a_day_stays() -> None:
    versions = _every(HOUR_S, MONTH_S + 10 * DAY_S, MONTH_S)
    dropped = versions_to_drop(POLICY, versions, NOW)
    assert len(versions) - len(dropped) == 10


def test_the_newest_and_named_versions_stay() -> None:
    old = NOW - 100 * DAY_S
    versions = [
        VersionTime(1, old, is_named=True),
        VersionTime(2, old + 1),
        VersionTime(3, old + 2),
    ]
    assert versions_to_drop(POLICY, versions, NOW) == [2]


def test_thinning_twice_drops_nothing_more() -> None:
    versions = _every(1_000, MONTH_S + 5 * DAY_S, 0)
    dropped = set(versions_to_drop(POLICY, versions, NOW))
    kept = [version for version in versions if version.version_id not in dropped]
    assert versions_to_drop(POLICY, kept, NOW) == []
