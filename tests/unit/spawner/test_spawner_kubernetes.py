from __future__ import annotations

from dataclasses import replace
from typing import Any

import kubernetes_validate
import pytest
from codesyncx_spawner.errors import NoSandboxError, SandboxError
from codesyncx_spawner.limits import Limits
from codesyncx_spawner.sandbox.backend import SandboxSpec
from codesyncx_spawner.sandbox.container_walls import NO_WALLS
from codesyncx_spawner.sandbox.kubernetes_manifests import (
    Place,
    exports,
    job_manifest,
    network_policy,
)
from codesyncx_spawner.sandbox.kubernetes_status import LogLines, ending_of, why_it_waits
from codesyncx_spawner.states import Ending
from hypothesis import given
from hypothesis import strategies as st

SPEC = SandboxSpec("r1", ("python3", "main.py"), Limits(), environment={"TOKEN": "secret"})
PLACE = Place("sandboxes", "courses/base:1", 1_900_200_001, "host 1 2", 300)
FULL = replace(
    PLACE,
    runtime_class="gvisor",
    seccomp_profile="profiles/codesyncx.json",
    node_selector={"pool": "sandboxes"},
    tolerations=[{"key": "sandboxes", "operator": "Exists", "effect": "NoSchedule"}],
    pull_secrets=["registry"],
)


@pytest.mark.parametrize("place", [PLACE, FULL])
@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_what_is_asked_for_is_valid(place: Place, version: str) -> None:
    for manifest in (job_manifest(SPEC, place), network_policy("r1", "sandboxes", "uid")):
        kubernetes_validate.validate(manifest, version, strict=True)


def pod_of(place: Place = PLACE, spec: SandboxSpec = SPEC) -> dict[str, Any]:
    pod: dict[str, Any] = job_manifest(spec, place)["spec"]["template"]["spec"]
    return pod


def test_a_pod_is_restricted_as_pod_security_wants_it() -> None:
    pod = pod_of()
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
    }
    assert not any(
        pod[name]
        for name in pod
        if name.startswith(("host", "auto", "enable", "share")) and name != "hostname"
    )
    assert [set(volume) for volume in pod["volumes"]] == [{"name", "emptyDir"}] * 3
    assert pod["volumes"][0]["emptyDir"] == {"medium": "Memory", "sizeLimit": "256000000"}


def test_a_job_ends_by_itself_when_nobody_looks_after_it() -> None:
    told = job_manifest(replace(SPEC, limits=replace(Limits(), time_s=60)), PLACE)["spec"]
    assert told["backoffLimit"] == 0
    assert told["activeDeadlineSeconds"] == 300 + 60 + 120
    assert told["ttlSecondsAfterFinished"] == 60


def test_no_network_is_left() -> None:
    told = network_policy("r1", "sandboxes", "uid")["spec"]
    labels = job_manifest(SPEC, PLACE)["spec"]["template"]["metadata"]["labels"]
    assert told["podSelector"]["matchLabels"].items() <= labels.items()
    assert (told["policyTypes"], told["ingress"], told["egress"]) == (["Ingress", "Egress"], [], [])


def test_secrets_are_not_in_the_job() -> None:
    assert "secret" not in repr(job_manifest(SPEC, PLACE))
    assert b"export TOKEN=secret" in exports(SPEC)


def test_a_class_of_its_own_looks_after_its_own_walls() -> None:
    assert f"exit {NO_WALLS}" in pod_of()["containers"][0]["args"][1]
    assert f"exit {NO_WALLS}" not in pod_of(FULL)["containers"][0]["args"][1]
    assert pod_of(FULL)["runtimeClassName"] == "gvisor"


def ended(exit_code: int, reason: str = "Error", **status: Any) -> dict[str, Any]:
    state = {"terminated": {"exitCode": exit_code, "reason": reason, "message": "told"}}
    return {"status": {"phase": "Failed", "containerStatuses": [{"state": state}], **status}}


@pytest.mark.parametrize(
    ("pod", "ending"),
    [
        (ended(3), Ending(3)),
        (ended(137, "OOMKilled"), Ending(137, ran_out_of_memory=True)),
    ],
)
def test_an_ending_is_read(pod: dict[str, Any], ending: Ending) -> None:
    assert ending_of(pod, None) == ending


DISRUPTED = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "PreemptionByScheduler",
    "message": "something else matters more",
}


@pytest.mark.parametrize(
    ("pod", "sentence"),
    [
        (None, "took the sandbox away"),
        (ended(137, reason="Error", conditions=[DISRUPTED]), "PreemptionByScheduler.*matters more"),
        (ended(128, "StartError"), "can't start the sandbox: told"),
        ({"status": {"phase": "Failed", "reason": "NodeLost"}}, "NodeLost.*isn't said why"),
        ({"status": {"phase": "Failed", "reason": "DeadlineExceeded"}}, "at its deadline"),
        ({"status": {"phase": "Failed"}}, "doesn't say how"),
        ({}, "doesn't say how"),
    ],
)
def test_what_is_not_the_codes_own_doing_is_told(pod: dict[str, Any] | None, sentence: str) -> None:
    with pytest.raises(SandboxError, match=sentence):
        ending_of(pod, {})


def test_a_node_without_walls_is_told_what_it_lacks() -> None:
    with pytest.raises(NoSandboxError, match="no-new-privileges, seccomp"):
        ending_of(ended(NO_WALLS), None)


def test_a_pod_that_is_being_made_waits_for_nothing_but_time() -> None:
    state = {"waiting": {"reason": "ContainerCreating"}}
    assert why_it_waits({"status": {"containerStatuses": [{"state": state}]}}) == ""
    assert why_it_waits({}) == ""


LINES = st.lists(st.binary(max_size=20).map(lambda data: data.replace(b"\n", b" ")), max_size=20)


@given(LINES, st.data())
def test_a_log_comes_once_wherever_it_is_cut(lines: list[bytes], data: st.DataObject) -> None:
    log = b"".join(b"2026-11-30T05:00:00.%09dZ %s\n" % (n, line) for n, line in enumerate(lines))
    read, given_so_far = LogLines(), b""
    for _ in range(data.draw(st.integers(0, 3))):
        end = data.draw(st.integers(0, len(log)))
        start = 0
        while start < end:
            size = data.draw(st.integers(1, 50))
            given_so_far += read.feed(log[start : min(end, start + size)])
            start += size
        read.begin_again()
    given_so_far += read.feed(log)
    assert given_so_far == b"".join(line + b"\n" for line in lines)
