"""The life of one sandbox by a swarm: a container of the daemon on whose node its task is."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Any

from aiodocker.exceptions import DockerError

from ..errors import NoSandboxError, SandboxError
from .container_walls import HAS_NETWORK, NO_WALLS, NO_WAY_IN
from .docker_sandbox import DOCKER_ERRORS, DockerSandbox, said_by
from .swarm_service import was_taken_off

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..states import Ending

#: What is wrong with a node whose sandboxes end so.
FAULTS = {
    NO_WALLS: (
        'its containers can gain privileges, or have no seccomp filter: set "no-new-privileges": '
        "true in the node's /etc/docker/daemon.json, and no unconfined seccomp profile."
    ),
    HAS_NETWORK: "its containers can't be taken off their network.",
    NO_WAY_IN: "the image has no mkfifo.",
}

#: How a command ends that was asked to, or that wouldn't.
_ASKED = (143, 137)
_NOT_FOUND = 404


class SwarmSandbox(DockerSandbox):
    """A task's container, which the swarm has started, and which waits for what it is to run."""

    task: Callable[[], Awaitable[dict[str, Any] | None]]
    """Asks the swarm for what it knows of the task."""
    node = ""

    @property
    def outlasts_server(self) -> bool:
        return False

    async def stand(self) -> None:
        """Attach to it and take it off all networks; then only it has been told nothing yet."""
        try:
            await self._attach()
            networks = (await self._container.show())["NetworkSettings"]["Networks"]
            for name in networks:
                network = await self._docker.networks.get(name)
                await network.disconnect({"Container": self._container.id, "Force": True})
            self._watch()
        except DOCKER_ERRORS as error:
            raise SandboxError(f"The sandbox couldn't be started: {said_by(error)}") from error

    async def _put_in(self, order: bytes, snapshot: IO[bytes]) -> None:
        size = snapshot.seek(0, os.SEEK_END) + len(order) + len(self._mark_line())
        snapshot.seek(0)
        await super()._put_in(f"{size}\n".encode() + order, snapshot)

    async def wait(self) -> Ending:
        await self._ended.wait()
        # Whom a swarm takes off, it asks to end first.
        if self._end.exit_code in {None, *_ASKED}:
            await self._raise_for_task()
        return await super().wait()

    async def _raise_for_task(self) -> None:
        try:
            task = await self.task()
            is_there = await self._is_there()
        except DOCKER_ERRORS as error:
            raise SandboxError(f"The swarm went away while it ran: {said_by(error)}") from error
        if task is None or not is_there:
            raise SandboxError("The swarm took the sandbox away while it ran.")
        exit_code = (task["Status"].get("ContainerStatus") or {}).get("ExitCode")
        if exit_code in FAULTS:
            raise NoSandboxError(f"The node {self.node} doesn't keep code in: {FAULTS[exit_code]}")
        if was_taken_off(task):
            raise SandboxError(
                f"The swarm took it off its node {self.node}, which was drained or went away."
            )

    async def _is_there(self) -> bool:
        try:
            await self._container.show()
        except DockerError as error:
            if error.status != _NOT_FOUND:
                raise
            return False
        return True
