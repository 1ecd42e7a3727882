"""What servers and workers tell each other, and when a worker counts as gone."""

from __future__ import annotations

import pytest
from codesyncx_spawner.egress import Host
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.sandbox.backend import SandboxSpec, Usage
from codesyncx_spawner.states import Ending
from codesyncx_spawner.workers.protocol import (
    PATIENCE_S,
    Seen,
    Verdict,
    Watch,
    ending_to_json,
    read_ending,
    read_spec,
    spec_to_json,
)

GONE, ALIVE, WAITS = Seen(False, False), Seen(True, False), Seen(False, True)  # noqa: FBT003


def test_a_job_comes_over_as_it_is() -> None:
    spec = SandboxSpec(
        "r1",
        ("python3", "a b.py"),
        Limits(cpu=0.5),
        folder="x",
        environment={"KEY": "ö"},
        image="base",
        network=(Host("pypi.org"), Host("example.org", 8443, is_below=True)),
        is_kept=True,
        attempt=2,
        artifacts=("out/*",),
    )
    assert read_spec(spec_to_json(spec)) == spec
    ending = Ending(-9, ran_out_of_memory=True), Usage(1.5, None)
    assert read_ending(ending_to_json(*ending)) == ending


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"command": 1}', '{"x": 1, "command": []}'])
def test_a_job_of_another_version_is_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        read_spec(text)


def test_a_worker_is_gone_when_it_was_not_heard_of_for_long() -> None:
    watch = Watch(0)
    for now, seen, verdict in (
        (100, WAITS, Verdict.WAIT),
        (100 + PATIENCE_S, ALIVE, Verdict.WAIT),
        (100 + 2 * PATIENCE_S, GONE, Verdict.WAIT),
        (101 + 2 * PATIENCE_S, GONE, Verdict.LOST),
    ):
        assert watch.judge(seen, now, has_started=True, there_since=0) is verdict


def test_what_nobody_has_and_has_not_started_is_put_in_again_now_and_then() -> None:
    watch = Watch(0)
    verdicts = [
        watch.judge(GONE, now, has_started=False, there_since=0)
        for now in range(1, 2 * int(PATIENCE_S) + 3)
    ]
    assert verdicts.count(Verdict.PUT_AGAIN) == 2
    assert Verdict.LOST not in verdicts


def test_while_redis_is_away_no_worker_counts_as_gone() -> None:
    watch = Watch(0)
    assert watch.judge(GONE, 1000, has_started=True, there_since=995) is Verdict.WAIT
    assert watch.judge(GONE, 1002, has_started=True, there_since=995) is Verdict.LOST
