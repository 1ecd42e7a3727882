"""A swarm of two Docker hosts of the tests' own, on one wire that leads nowhere else."""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from support.docker_host import ARCHIVE, IMAGE, DockerHost

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAFE = {"no-new-privileges": True}
_ADDRESSES = ("198.18.0.1", "198.18.0.2")


@dataclass
class Swarm:
    """A manager and a worker, by the names of their nodes."""

    manager: DockerHost
    worker: DockerHost

    @property
    def hosts(self) -> dict[str, DockerHost]:
        return {"manager": self.manager, "worker": self.worker}

    @property
    def nodes(self) -> dict[str, str]:
        """Give what `SwarmBackend.nodes` is to be."""
        return {"worker": self.worker.url}

    def left(self) -> list[str]:
        """Give what there is of sandboxes, anywhere."""
        left = [self.manager.docker("service", "ls", "--quiet")]
        for host in self.hosts.values():
            left += [host.docker("volume", "ls", "--quiet")]
        return [one for one in left if one]


@contextmanager
def docker_swarm(*, worker_is_safe: bool = True) -> Iterator[Swarm]:
    """Have a swarm for a while, with the base image on both nodes."""
    with ExitStack() as stack:
        swarm = Swarm(
            _host(stack, "manager", "198.18.254.1/24", safe=True),
            _host(stack, "worker", "198.18.255.1/24", safe=worker_is_safe),
        )
        _join(swarm)
        yield swarm


def _host(stack: ExitStack, name: str, bridge: str, *, safe: bool) -> DockerHost:
    folder = Path(tempfile.mkdtemp(prefix="csx-swarm-"))
    host = DockerHost(folder, json.dumps(_SAFE if safe else {}), bridge=bridge)
    stack.callback(host.stop)
    subprocess.run(["nsenter", "--target", str(host.pid), "--uts", "hostname", name], check=True)
    host.docker("import", str(ARCHIVE), IMAGE)
    return host


def _join(swarm: Swarm) -> None:
    pids = [str(host.pid) for host in swarm.hosts.values()]
    ends = ["eth0", "netns", pids[0]], ["eth0", "netns", pids[1]]
    subprocess.run(
        ["ip", "link", "add", *ends[0], "type", "veth", "peer", "name", *ends[1]], check=True
    )
    for pid, address in zip(pids, _ADDRESSES, strict=True):
        for command in (
            ["addr", "add", f"{address}/24", "dev", "eth0"],
            ["link", "set", "eth0", "up"],
        ):
            subprocess.run(["nsenter", "--target", pid, "--net", "ip", *command], check=True)
    swarm.manager.docker("swarm", "init", "--advertise-addr", _ADDRESSES[0])
    token = swarm.manager.docker("swarm", "join-token", "--quiet", "worker")
    swarm.worker.docker(
        *("swarm", "join", "--advertise-addr", _ADDRESSES[1], "--token", token),
        f"{_ADDRESSES[0]}:2377",
    )
