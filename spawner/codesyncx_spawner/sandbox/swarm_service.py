"""What a swarm is asked for when it makes a sandbox: a service of one task that ends. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .container_launcher import LAUNCHER
from .container_walls import LOOK_AT_NETWORK, LOOK_AT_WALLS, NO_WAY_IN
from .layout import WORK, WRITABLE, mark_of
from .order import OBEY, WAIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .backend import SandboxSpec

#: The launcher, and what brings its files in.
SPARE_PIDS = 3
_WAY_IN = "/tmp/.csx-in"  # noqa: S108 - inside the sandbox

# What a service is sent never ends: how much there is comes first. By then it has been taken off
# the network that each container of a swarm begins with.
_TAKE_IN = f"""
{LOOK_AT_WALLS}
IFS= read -r size
{LOOK_AT_NETWORK}
exec 3<&0
mkfifo -m 600 {_WAY_IN} || exit {NO_WAY_IN}
head -c "$size" <&3 >{_WAY_IN} &
exec <{_WAY_IN} 3<&-
rm -f {_WAY_IN}
"""


def volume_names(run_id: str) -> list[str]:
    """Give the names of what a run writes to, on whichever node."""
    return [f"{mark_of(run_id)}{suffix}" for suffix in ("", "-tmp", "-shm")]


def service_spec(
    spec: SandboxSpec,
    image: str,
    uid: int,
    labels: dict[str, str],
    constraints: Sequence[str],
) -> dict[str, Any]:
    """Give a service; nothing secret is in it, and it ends with its one task."""
    limits = spec.limits
    resources = {"NanoCPUs": int(limits.cpu * 1e9), "MemoryBytes": limits.memory_bytes}
    return {
        "Name": mark_of(spec.run_id),
        "Labels": labels,
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": image,
                "Command": ["/bin/sh"],
                "Args": ["-c", _TAKE_IN + WAIT + OBEY + LAUNCHER, mark_of(spec.run_id)],
                "User": f"{uid}:{uid}",
                "Hostname": "sandbox",
                "Dir": WORK,
                "Labels": labels,
                "OpenStdin": True,
                "TTY": False,
                "ReadOnly": True,
                "CapabilityDrop": ["ALL"],
                "DNSConfig": {"Nameservers": ["127.0.0.1"], "Search": ["."]},
                "Healthcheck": {"Test": ["NONE"]},
                "StopGracePeriod": 1_000_000_000,
                "Mounts": _mounts(spec, uid, labels),
                "Ulimits": [
                    {"Name": "nofile", "Soft": limits.open_files, "Hard": limits.open_files},
                    {"Name": "fsize", "Soft": limits.disk_bytes, "Hard": limits.disk_bytes},
                    {"Name": "core", "Soft": 0, "Hard": 0},
                ],
            },
            "Resources": {
                "Limits": {**resources, "Pids": limits.pids + SPARE_PIDS},
                "Reservations": resources,
            },
            "RestartPolicy": {"Condition": "none"},
            "Placement": {"Constraints": list(constraints)},
            "LogDriver": {"Name": "none"},
        },
        "Mode": {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}},
    }


def _mounts(spec: SandboxSpec, uid: int, labels: dict[str, str]) -> list[dict[str, Any]]:
    """Give volumes in memory: a service's own way to have that knows no number of files."""
    whole = spec.limits.disk_bytes
    return [
        {
            "Type": "volume",
            "Source": name,
            "Target": path,
            "VolumeOptions": {
                "NoCopy": True,
                "Labels": labels,
                "DriverConfig": {
                    "Name": "local",
                    "Options": {
                        "type": "tmpfs",
                        "device": "tmpfs",
                        "o": f"size={size},nr_inodes={spec.limits.files},mode=0700,"
                        f"uid={uid},gid={uid},nosuid,nodev",
                    },
                },
            },
        }
        for name, path, size in zip(
            volume_names(spec.run_id), WRITABLE, (whole, whole // 4, whole // 4), strict=True
        )
    ]


def is_up(task: dict[str, Any]) -> bool:
    """Whether a task's container runs."""
    return bool(task["Status"]["State"] == "running")


def why_it_never_runs(task: dict[str, Any]) -> str:
    """Say why a task won't run; empty while it may."""
    status = task["Status"]
    if status["State"] in {"rejected", "failed", "orphaned", "shutdown", "complete"}:
        return str(status.get("Err") or status.get("Message") or status["State"])
    return ""


def why_it_waits(task: dict[str, Any]) -> str:
    """Say what keeps a task waiting; empty if there is no reason but time."""
    return str(task["Status"].get("Err") or "")


def was_taken_off(task: dict[str, Any]) -> bool:
    """Whether the swarm has ended a task that could have gone on."""
    return task["Status"]["State"] in {"shutdown", "orphaned"} or (
        task["DesiredState"] in {"shutdown", "remove"}
    )
