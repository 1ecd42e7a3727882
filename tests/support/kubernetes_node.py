"""A node of a Kubernetes cluster, played by the tests' Docker daemon: it runs what a pod says.

What a kubelet would ask its container runtime for is asked of Docker: the real launcher runs in a
real container, within the limits that the manifest names.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
from aiodocker import Docker

if TYPE_CHECKING:
    from aiodocker.containers import DockerContainer

#: Where the pods are told that the API is: nothing listens there, unless a test has it so.
API_PORT = 6443
NO_LIMIT = aiohttp.ClientTimeout(total=None, sock_read=None)


class Container:
    """The container of a pod, with a log as a kubelet keeps it: whole lines with their time."""

    def __init__(self, made: DockerContainer) -> None:
        self.made = made
        self.log: list[bytes] = []
        self._changed = asyncio.Condition()
        self.is_started = asyncio.Event()
        self._is_over = False

    async def run(self) -> tuple[int, bool]:
        """Run to the end; give the exit code and whether memory ran out."""
        open_line = b""
        watching = asyncio.create_task(self._end_all_when_memory_runs_out())
        async with self.made.attach(stdout=True, stderr=True) as stream:
            await self.made.start()
            self.is_started.set()
            while message := await stream.read_out():
                *lines, open_line = (open_line + message.data).split(b"\n")
                await self._keep([line + b"\n" for line in lines])
        if open_line:
            await self._keep([open_line])
        told = await self.made.wait()
        watching.cancel()
        state = (await self.made.show())["State"]
        async with self._changed:
            self._is_over = True
            self._changed.notify_all()
        return int(told["StatusCode"]), bool(state["OOMKilled"])

    async def _end_all_when_memory_runs_out(self) -> None:
        """Do what a kubelet has the kernel do (`memory.oom.group`), where that can't be had."""
        filters = {"container": [self.made.id], "event": ["oom"]}
        params = {"filters": json.dumps(filters), "since": "1"}
        query = self.made.docker._query("events", params=params, timeout=NO_LIMIT)
        async with query as response, response:
            if await response.content.readline():
                await self.made.kill()

    async def _keep(self, lines: list[bytes]) -> None:
        async with self._changed:
            for line in lines:
                now = datetime.now(tz=UTC).isoformat(timespec="microseconds")
                self.log.append(f"{now}{len(self.log) % 1000:03}Z ".encode() + line)
            self._changed.notify_all()

    async def lines(self, first: int) -> list[bytes]:
        """Wait for lines from a number on; none at the end."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.log) > first or self._is_over)
            return self.log[first:]


class Node:
    """Makes containers of pods."""

    def __init__(self, url: str) -> None:
        self._docker = Docker(url)
        self.network = "none"
        """What a network plugin makes of a NetworkPolicy; "host" is none that enforces it."""
        self.enforces_walls = True

    async def close(self) -> None:
        await self._docker.close()

    async def make(self, pod: dict[str, Any]) -> Container:
        """Make a pod's container; DockerError says why it can't be."""
        config = self._config(pod["spec"])
        name = pod["metadata"]["name"]
        return Container(await self._docker.containers.create(config, name=name))

    async def remove(self, container: Container) -> None:
        with contextlib.suppress(Exception):
            await container.made.delete(force=True, v=True)

    def _config(self, spec: dict[str, Any]) -> dict[str, Any]:
        (told,) = spec["containers"]
        user, limits = spec["securityContext"], told["resources"]["limits"]
        sizes = {
            one["name"]: one["emptyDir"]["sizeLimit"]
            for one in spec["volumes"]
            if one["emptyDir"]["medium"] == "Memory"
        }
        walls = told["securityContext"]
        no_new = self.enforces_walls and not walls["allowPrivilegeEscalation"]
        return {
            "Image": told["image"],
            "Entrypoint": told["command"],
            "Cmd": told["args"],
            "Env": [
                "KUBERNETES_SERVICE_HOST=127.0.0.1",
                f"KUBERNETES_SERVICE_PORT={API_PORT}",
            ],
            "User": f"{user['runAsUser']}:{user['runAsGroup']}",
            # No folder to begin in: Docker would make it, and what is mounted there root's.
            **({"Hostname": spec["hostname"]} if self.network == "none" else {}),
            "HostConfig": {
                "NetworkMode": self.network,
                "Dns": spec["dnsConfig"]["nameservers"],
                "ReadonlyRootfs": walls["readOnlyRootFilesystem"],
                "CapDrop": walls["capabilities"]["drop"],
                "SecurityOpt": ["no-new-privileges"] if no_new else [],
                "Memory": int(limits["memory"]),
                "MemorySwap": int(limits["memory"]),
                "NanoCpus": int(limits["cpu"].removesuffix("m")) * 1_000_000,
                "Tmpfs": {
                    one["mountPath"]: f"rw,nosuid,nodev,exec,mode=1777,size={sizes[one['name']]}"
                    for one in told["volumeMounts"]
                },
                "LogConfig": {"Type": "none"},
            },
        }
