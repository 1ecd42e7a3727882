from __future__ import annotations

from typing import Any

import pytest
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.sandbox.backend import SandboxSpec
from codesyncx_spawner.sandbox.swarm_service import (
    service_spec,
    volume_names,
    was_taken_off,
    why_it_never_runs,
)

SPEC = SandboxSpec("r1", ("python3", "main.py"), Limits(), environment={"TOKEN": "secret"})


def told() -> dict[str, Any]:
    return service_spec(SPEC, "base:1", 1_900_300_001, {"codesyncx.run": "r1"}, ["node.id!=x"])


def test_a_service_is_one_task_that_is_never_begun_again() -> None:
    assert told()["Mode"] == {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}
    assert told()["TaskTemplate"]["RestartPolicy"] == {"Condition": "none"}
    assert told()["TaskTemplate"]["Placement"] == {"Constraints": ["node.id!=x"]}


def test_nothing_of_the_node_is_in_it() -> None:
    container = told()["TaskTemplate"]["ContainerSpec"]
    assert (container["ReadOnly"], container["CapabilityDrop"]) == (True, ["ALL"])
    assert container["User"] == "1900300001:1900300001"
    assert [one["Source"] for one in container["Mounts"]] == volume_names("r1")
    for mount in container["Mounts"]:
        driver = mount["VolumeOptions"]["DriverConfig"]
        assert (mount["Type"], driver["Options"]["type"]) == ("volume", "tmpfs")


def test_secrets_are_not_in_it() -> None:
    assert "secret" not in repr(told())


@pytest.mark.parametrize(
    ("state", "desired", "never", "taken"),
    [
        ("pending", "running", "", False),
        ("running", "running", "", False),
        ("running", "shutdown", "", True),
        ("rejected", "running", "No such image", False),
        ("orphaned", "remove", "No such image", True),
        ("complete", "complete", "No such image", False),
    ],
)
def test_what_a_swarm_does_with_a_task_is_read(
    state: str, desired: str, never: str, *, taken: bool
) -> None:
    task = {"Status": {"State": state, "Err": "No such image"}, "DesiredState": desired}
    assert (why_it_never_runs(task), was_taken_off(task)) == (never, taken)
