"""What Kubernetes is asked for when it makes a sandbox: a Job and its walls. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .container_launcher import LAUNCHER
from .container_walls import LOOK_AT_WALLS, NO_LIMITS, NO_WAY_IN
from .docker_container import RUN_LABEL, SERVER_LABEL
from .layout import HOME, WORK, WRITABLE, environment, mark_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .backend import SandboxSpec

CONTAINER = "run"
# What files of the run come in by; none of the run's own is there before it is gone again.
_WAY_IN = "/tmp/.csx-in"  # noqa: S108 - inside the sandbox
#: Beyond the run's own time, for what the server that looks after it does before and after.
_SPARE_S = 120
#: What is printed is kept by the node until the pod goes, in files that it rotates.
_STORAGE_BYTES = 128_000_000
_KEPT_AFTER_S = 60
_BLOCK = 512
# Kubernetes tells each container where its API is, by these too where links are switched off.
_TOLD_BY_KUBERNETES = " ".join(
    [
        *("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "KUBERNETES_SERVICE_PORT_HTTPS"),
        *("KUBERNETES_PORT", "KUBERNETES_PORT_443_TCP", "KUBERNETES_PORT_443_TCP_PROTO"),
        *("KUBERNETES_PORT_443_TCP_PORT", "KUBERNETES_PORT_443_TCP_ADDR"),
    ]
)

#: Has so many bytes of its input come in: Kubernetes can't say that an input is at its end.
FEED = f'until [ -p {_WAY_IN} ]; do sleep 0.05; done; exec head -c "$1" >{_WAY_IN}'

# What tells whether pods are kept from the network: only a try does.
NETWORK_PROBE = """
import socket, sys
told = open("/proc/1/environ", "rb").read().split(b"\\0")
place = dict(one.decode(errors="replace").partition("=")[::2] for one in told)
address = place["KUBERNETES_SERVICE_HOST"], int(place["KUBERNETES_SERVICE_PORT"])
try:
    socket.create_connection(address, 3).close()
except OSError:
    sys.exit(0)
sys.exit(3)
"""
REACHED_IT = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a cluster sandboxes are, and by what."""

    namespace: str
    image: str
    uid: int
    server: str
    """The mark of this server, by which another one knows what it may take away."""
    wait_s: int
    """How long a pod may wait for a node and its image."""
    runtime_class: str = ""
    seccomp_profile: str = ""
    """A profile on the nodes; by default, that of their container runtime."""
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[Mapping[str, Any]] = ()
    pull_secrets: Sequence[str] = ()


def labels_of(run_id: str) -> dict[str, str]:
    """Give what all that is of a run is found by."""
    return {RUN_LABEL: run_id, "app.kubernetes.io/managed-by": "codesyncx"}


def job_manifest(spec: SandboxSpec, place: Place) -> dict[str, Any]:
    """Give a Job, which waits until its NetworkPolicy is there; nothing secret is in it."""
    deadline_s = place.wait_s + int(spec.limits.time_s) + _SPARE_S
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": mark_of(spec.run_id),
            "namespace": place.namespace,
            "labels": labels_of(spec.run_id),
            "annotations": {SERVER_LABEL: place.server},
        },
        "spec": {
            "suspend": True,
            "completions": 1,
            "parallelism": 1,
            "backoffLimit": 0,
            "activeDeadlineSeconds": deadline_s,
            "ttlSecondsAfterFinished": _KEPT_AFTER_S,
            "template": {
                "metadata": {"labels": labels_of(spec.run_id)},
                "spec": _pod(spec, place),
            },
        },
    }


def network_policy(run_id: str, namespace: str, job_uid: str) -> dict[str, Any]:
    """Keep a run's pod from all networks; it goes with the Job."""
    name = mark_of(run_id)
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": job_uid}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels_of(run_id),
            "ownerReferences": [owner],
        },
        "spec": {
            "podSelector": {"matchLabels": {RUN_LABEL: run_id}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": [],
        },
    }


def exports(spec: SandboxSpec) -> bytes:
    """Give the environment as a shell reads it: it comes in with the files, never in the Job."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment(spec).items()]
    return "\n".join(lines).encode()


def _pod(spec: SandboxSpec, place: Place) -> dict[str, Any]:
    profile: dict[str, str] = {"type": "RuntimeDefault"}
    if place.seccomp_profile:
        profile = {"type": "Localhost", "localhostProfile": place.seccomp_profile}
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "hostNetwork": False,
        "hostPID": False,
        "hostIPC": False,
        "shareProcessNamespace": False,
        "hostname": "sandbox",
        # It is to know no name server, not even the cluster's.
        "dnsPolicy": "None",
        "dnsConfig": {"nameservers": ["127.0.0.1"]},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": place.uid,
            "runAsGroup": place.uid,
            "supplementalGroups": [],
            "seccompProfile": profile,
        },
        "containers": [_container(spec, place)],
        "volumes": _volumes(spec),
    }
    if place.runtime_class:
        pod["runtimeClassName"] = place.runtime_class
    if place.node_selector:
        pod["nodeSelector"] = dict(place.node_selector)
    if place.tolerations:
        pod["tolerations"] = [dict(one) for one in place.tolerations]
    if place.pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in place.pull_secrets]
    return pod


def _container(spec: SandboxSpec, place: Place) -> dict[str, Any]:
    limits = spec.limits
    amounts = {
        "cpu": f"{max(1, int(limits.cpu * 1000))}m",
        "memory": str(limits.memory_bytes),
        "ephemeral-storage": str(_STORAGE_BYTES),
    }
    return {
        "name": CONTAINER,
        "image": place.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/sh"],
        "args": [
            *("-c", _launcher(spec, looks=not place.runtime_class)),
            *(mark_of(spec.run_id), spec.folder or ".", *spec.command),
        ],
        "workingDir": WORK,
        "stdin": False,
        "tty": False,
        # The node gives each container a file of its disk for this; here nobody can open it.
        "terminationMessagePath": "/root/.codesyncx-end",
        "terminationMessagePolicy": "File",
        "resources": {"limits": amounts, "requests": dict(amounts)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "privileged": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
        },
        "volumeMounts": [
            {"name": name, "mountPath": path} for name, path in zip(_VOLUMES, WRITABLE, strict=True)
        ],
    }


_VOLUMES = ("work", "tmp", "shm")


def _volumes(spec: SandboxSpec) -> list[dict[str, Any]]:
    """In memory: only then is a size one that the kernel holds, and not looked at now and then."""
    whole = spec.limits.disk_bytes
    return [
        {"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": str(size)}}
        for name, size in zip(_VOLUMES, (whole, whole // 4, whole // 4), strict=True)
    ]


def _launcher(spec: SandboxSpec, *, looks: bool) -> str:
    """Give process 1: it looks around, sets what Kubernetes can't, and takes in what comes.

    Kubernetes limits the processes of a pod by the node's settings only; but the number of those
    that a user has is the kernel's, and each sandbox has a user of its own.
    """
    limits = spec.limits
    processes = limits.pids + 2
    blocks = -(-limits.disk_bytes // _BLOCK)
    return f"""
{LOOK_AT_WALLS if looks else ""}
ulimit -n {limits.open_files} && ulimit -c 0 && ulimit -f {blocks} \\
  && {{ ulimit -p {processes} 2>/dev/null || ulimit -u {processes}; }} || exit {NO_LIMITS}
unset {_TOLD_BY_KUBERNETES}
mkfifo -m 600 {_WAY_IN} && exec <{_WAY_IN} && rm -f {_WAY_IN} || exit {NO_WAY_IN}
IFS= read -r count
eval "$(head -c "$count")"
mkdir -p {HOME}
{LAUNCHER}"""
