"""What Docker is asked for when it makes a sandbox: what is in it, and what isn't. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .container_launcher import LAUNCHER
from .layout import WORK, WRITABLE, mark_of
from .order import OBEY, WAIT
from .seccomp import docker_profile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .backend import SandboxSpec

RUN_LABEL = "codesyncx.run"
SERVER_LABEL = "codesyncx.server"
#: The Unix time until which another server may take it up.
UNTIL_LABEL = "codesyncx.until"

_OPTIONS = "rw,nosuid,nodev,exec"
# Docker's own, see its `oci/defaults.go`, then what tells of the machine.
_MASKED = (
    *("/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats"),
    *("/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi"),
    *("/sys/firmware", "/sys/devices/virtual/powercap"),
    *("/sys/block", "/sys/bus", "/sys/class", "/sys/dev", "/sys/devices", "/sys/hypervisor"),
    *("/sys/kernel", "/sys/module", "/sys/power"),
)
#: Beside the output that is shown: a line costs Docker no more than `Output` counts for it.
_LOG_ROOM = 64 * 1024
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def volume_config(spec: SandboxSpec, uid: int, labels: dict[str, str]) -> dict[str, Any]:
    """Give the work folder: in memory, and to be read from outside while the sandbox stands."""
    limits = spec.limits
    options = f"size={limits.disk_bytes},nr_inodes={limits.files},mode=0700,uid={uid},gid={uid}"
    return {
        "Name": mark_of(spec.run_id),
        "Labels": labels,
        "Driver": "local",
        "DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": f"{options},nosuid,nodev"},
    }


def container_config(
    spec: SandboxSpec,
    image: str,
    uid: int,
    labels: dict[str, str],
    *,
    runtime: str = "",
    spare_pids: int = 1,
    volumes: Iterable[str] = (),
) -> dict[str, Any]:
    """Give a container; `volumes` are folders that the image would have written to the disk."""
    return {
        "Image": image,
        "Entrypoint": ["/bin/sh"],
        "Cmd": ["-c", WAIT + OBEY + LAUNCHER, mark_of(spec.run_id)],
        "User": f"{uid}:{uid}",
        "Hostname": "sandbox",
        "WorkingDir": WORK,
        "Labels": labels,
        "OpenStdin": True,
        "StdinOnce": True,
        "AttachStdin": True,
        "AttachStdout": True,
        "Tty": False,
        "NetworkDisabled": True,
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": {**_limits(spec, uid, spare_pids, volumes), **_walls(spec, runtime)},
    }


def _limits(spec: SandboxSpec, uid: int, spare_pids: int, volumes: Iterable[str]) -> dict[str, Any]:
    limits = spec.limits
    size = limits.disk_bytes // 4
    room = f"{_OPTIONS},size={size},nr_inodes={limits.files},mode=0700,uid={uid},gid={uid}"
    return {
        "NanoCpus": int(limits.cpu * 1e9),
        "CpuShares": 512,  # half of what anything else has that wants to run
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,  # of both together: there is no swap
        "PidsLimit": limits.pids + spare_pids,
        "Ulimits": [
            {"Name": "nofile", "Soft": limits.open_files, "Hard": limits.open_files},
            {"Name": "fsize", "Soft": limits.disk_bytes, "Hard": limits.disk_bytes},
            {"Name": "core", "Soft": 0, "Hard": 0},
        ],
        "Tmpfs": dict.fromkeys((*WRITABLE[1:], *volumes), room),
        "OomScoreAdj": 500,
    }


def _log_config(output_bytes: int) -> dict[str, object]:
    """Say how Docker keeps as much as is shown of a run: the newest of it, on its own disk."""
    return {
        "Type": "local",
        "Config": {"max-size": str(output_bytes + _LOG_ROOM), "max-file": "1", "compress": "false"},
    }


def _walls(spec: SandboxSpec, runtime: str) -> dict[str, Any]:
    walls = {
        "NetworkMode": "none",
        # Else it is told which name servers the machine asks.
        "Dns": ["127.0.0.1"],
        "DnsSearch": ["."],
        "IpcMode": "private",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges", f"seccomp={docker_profile()}"],
        "MaskedPaths": list(_MASKED),
        "ReadonlyPaths": list(_READ_ONLY),
        "Mounts": [
            {
                "Type": "volume",
                "Source": mark_of(spec.run_id),
                "Target": WORK,
                "VolumeOptions": {"NoCopy": True},
            }
        ],
        "LogConfig": _log_config(spec.limits.output_bytes) if spec.is_kept else {"Type": "none"},
        "RestartPolicy": {"Name": "no"},
    }
    return {**walls, "Runtime": runtime} if runtime else walls
