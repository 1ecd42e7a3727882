"""Sandboxes by a Docker swarm: a service for each run, on whichever node has room for it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import secrets
import ssl
import tarfile
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from aiodocker import Docker
from aiodocker.exceptions import DockerError
from traitlets import Dict, Int, List, Unicode

from ..errors import NoSandboxError, OverLimitError, SandboxError
from ..limits import Limits
from .backend import SandboxBackend, SandboxSpec
from .docker_container import RUN_LABEL, SERVER_LABEL
from .docker_sandbox import DOCKER_ERRORS, said_by
from .layout import mark_of
from .server_name import is_orphaned, this_server
from .swarm_sandbox import SwarmSandbox
from .swarm_service import is_up, service_spec, volume_names, why_it_never_runs, why_it_waits

if TYPE_CHECKING:
    from collections.abc import Mapping

_USERS = 60_000
_OLDEST_API = (1, 41)
_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10)
_NOT_FOUND, _CONFLICT = 404, 409
_LOOK_EVERY_S = 0.1
#: How long a container may still hold its volumes after its service is gone.
_LET_GO_S = 15.0
_HOW = "The page 'Sandbox security' of the documentation says what a swarm needs."


class SwarmBackend(SandboxBackend):
    """Makes services of one task; they end with their command, or with the server's next start."""

    url = Unicode(
        "",
        config=True,
        help="""Where a manager of the swarm is: "unix:///run/docker.sock", "tcp://..."; by default,
        as for the `docker` command, what DOCKER_HOST or Docker's configuration says.""",
    )

    nodes = Dict(
        key_trait=Unicode(),
        value_trait=Unicode(),
        config=True,
        help="""Where the daemons of the nodes are, by the nodes' host names:
        {"worker-1": "tcp://10.0.0.2:2376"}. Files come into sandboxes and out of them by these; no
        sandbox is on another node. The manager that `url` leads to is one of them by itself.""",
    )

    certificates = Unicode(
        "",
        config=True,
        help="""The folder with ca.pem, cert.pem and key.pem for daemons at tcp://, which are used
        by TLS only.""",
    )

    constraints = List(
        Unicode(),
        config=True,
        help="""Which nodes sandboxes may be on, as in `docker service create --constraint`:
        "node.labels.sandboxes==yes".""",
    )

    image = Unicode(
        "codesyncx/sandbox:latest",
        config=True,
        help="""The base image of runs that ask for no other: one that the nodes have or can pull
        without a password. spawner/images in CodeSyncX's source makes one.""",
    )

    images = List(
        Unicode(),
        config=True,
        help="""Other images that a run may ask for in .codesyncx/run.toml: names, or patterns with
        * such as "registry.example/courses/*". None by default.""",
    )

    start_timeout_s = Int(
        120,
        min=1,
        config=True,
        help="""How long a sandbox may wait for a node with room, and for its image.""",
    )

    first_uid = Int(
        1_900_300_000,
        min=1,
        config=True,
        help="""Each sandbox has a user of its own: one of the 60,000 numbers from here on, none of
        which must be anybody's on the nodes.""",
    )

    _next_user = 0

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._manager: Docker | None = None
        self._daemons: dict[str, Docker] = {}
        """By the ids of nodes; the names of those are in `_names`."""
        self._names: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        """Of nodes that don't keep code in: what is wrong with them."""
        self._left: set[str] = set()
        self._checking = asyncio.Lock()
        self._is_checked = False

    async def check(self) -> None:
        """Find the nodes, and try out on each of them whether it keeps code in."""
        async with self._checking:
            if self._is_checked:
                return
            try:
                await self._find_nodes()
                await self._sweep()
            except DOCKER_ERRORS as error:
                raise NoSandboxError(_no_swarm(said_by(error))) from error
            for node in list(self._daemons):
                try:
                    await self._try_out(node)
                except (SandboxError, NoSandboxError, *DOCKER_ERRORS) as error:
                    self._refused[node] = str(error)
                    self.log.warning("No code runs on %s: %s", self._names[node], error)
            if self._refused.keys() >= self._daemons.keys():
                raise NoSandboxError(
                    f"No node of the swarm can have sandboxes: {' '.join(self._refused.values())}"
                )
            self._is_checked = True

    async def close(self) -> None:
        """Let go of the daemons."""
        daemons = [*self._daemons.values()]
        self._daemons, self._names, self._refused, self._is_checked = {}, {}, {}, False
        manager, self._manager = self._manager, None
        for daemon in {*daemons, *([manager] if manager else [])}:
            await daemon.close()

    async def prepare(self, spec: SandboxSpec) -> SwarmSandbox:
        """Make a service and wait until its task waits for what it is to run."""
        if spec.has_terminal or spec.is_interactive:
            raise NoSandboxError(
                "Sandboxes by a swarm have no kernels and terminals: those by bubblewrap have "
                "both, by Docker kernels."
            )
        if spec.network:
            raise OverLimitError(
                "Runs by a swarm reach no hosts: take `network` out of the run, or have it run by "
                "bubblewrap or Docker."
            )
        self._image_of(spec)
        await self.check()
        for run_id in list(self._left):
            await self._remove(run_id)
        known = self._daemons.keys() - self._refused.keys()
        try:
            others = [one["ID"] for one in await self._ask("nodes") if one["ID"] not in known]
        except DOCKER_ERRORS as error:
            raise SandboxError(f"The swarm can't be asked for nodes: {said_by(error)}") from error
        placed = [*self.constraints, *(f"node.id!={node}" for node in others)]
        return await self._make(spec, placed)

    async def _make(self, spec: SandboxSpec, constraints: list[str]) -> SwarmSandbox:
        self._next_user = (self._next_user + 1) % _USERS
        uid = self.first_uid + self._next_user
        labels = {RUN_LABEL: spec.run_id, SERVER_LABEL: this_server()}
        told = service_spec(spec, self._image_of(spec), uid, labels, constraints)
        try:
            await self._ask("services/create", method="POST", data=told)
            task = await self._until_up(spec.run_id)
            sandbox = self._sandbox(spec, task)
            try:
                await sandbox.stand()
            except BaseException:
                await sandbox.leave()
                raise
        except DOCKER_ERRORS as error:
            await self._remove(spec.run_id)
            raise SandboxError(f"The swarm can't make a sandbox: {said_by(error)}") from error
        except BaseException:
            await self._remove(spec.run_id)
            raise
        return sandbox

    def _sandbox(self, spec: SandboxSpec, task: Mapping[str, Any]) -> SwarmSandbox:
        daemon = self._daemons[task["NodeID"]]
        container = daemon.containers.container(task["Status"]["ContainerStatus"]["ContainerID"])
        sandbox = SwarmSandbox(
            daemon,
            container,
            spec,
            lambda: self._remove(spec.run_id),
            may_enter=False,
            name=spec.run_id,
        )
        sandbox.node = self._names[task["NodeID"]]
        sandbox.task = lambda: self._task(task["ID"])
        return sandbox

    async def _until_up(self, run_id: str) -> dict[str, Any]:
        """Wait until a task runs; SandboxError with what keeps it."""
        filters = json.dumps({"service": [mark_of(run_id)]})
        why = ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.start_timeout_s):
                while True:
                    for task in await self._ask("tasks", params={"filters": filters}):
                        if is_up(task):
                            return dict(task)
                        if never := why_it_never_runs(task):
                            raise SandboxError(f"The swarm can't start the sandbox: {never}")
                        why = why_it_waits(task)
                    await asyncio.sleep(_LOOK_EVERY_S)
        raise SandboxError(
            f"The swarm didn't start the sandbox within {self.start_timeout_s} s. {why}".strip()
        )

    async def _task(self, task_id: str) -> dict[str, Any] | None:
        try:
            return dict(await self._ask(f"tasks/{task_id}"))
        except DockerError as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    async def reap(self, run_id: str, handle: str) -> None:
        """Take away what is left of a run; the swarm knows it by its name."""
        del handle
        await self._remove(run_id)

    async def _remove(self, run_id: str) -> None:
        """Take a run's service and volumes away, now or as soon as the swarm is there again."""
        self._left.add(run_id)
        try:
            if not self._daemons:
                await self._find_nodes()
            with _missing():
                async with self._client._query(f"services/{mark_of(run_id)}", method="DELETE"):
                    pass
            daemons = self._daemons.values()
            await asyncio.gather(*(_remove_from(daemon, run_id) for daemon in daemons))
        except DOCKER_ERRORS as error:
            self.log.warning(
                "What is left of run %s can't be taken away: %s", run_id, said_by(error)
            )
        else:
            self._left.discard(run_id)

    async def _sweep(self) -> None:
        """Take away what servers of this machine have left that are there no more."""
        params = {"filters": json.dumps({"label": [RUN_LABEL]})}
        found = [one["Spec"]["Labels"] for one in await self._ask("services", params=params)]
        for daemon in self._daemons.values():
            told = await daemon._query_json("volumes", params=params)
            found += [one["Labels"] for one in told["Volumes"] or ()]
        orphans = [one for one in found if is_orphaned(one.get(SERVER_LABEL, ""))]
        for run_id in {one[RUN_LABEL] for one in orphans}:
            await self._remove(run_id)

    async def _find_nodes(self) -> None:
        """Connect to the daemons of all nodes that are told of."""
        told = await self._client.system.info()
        swarm = told.get("Swarm") or {}
        if not swarm.get("ControlAvailable"):
            raise NoSandboxError(_no_swarm("what is there is no manager of a swarm."))
        version = await self._client.version()
        if tuple(int(one) for one in version["ApiVersion"].split(".")) < _OLDEST_API:
            raise NoSandboxError(_no_swarm(f"Docker {version['Version']} is older than 20.10."))
        by_name = {}
        for one in await self._ask("nodes"):
            by_name[one["Description"]["Hostname"]] = one["ID"]
        found = {swarm["NodeID"]: self._client}
        names = {swarm["NodeID"]: str(told["Name"])}
        for name, url in self.nodes.items():
            if name not in by_name:
                raise NoSandboxError(f"SwarmBackend.nodes: the swarm has no node {name!r}.")
            if by_name[name] not in found:
                found[by_name[name]], names[by_name[name]] = self._connect(url), name
        self._daemons, self._names = found, names

    async def _try_out(self, node: str) -> None:
        """Run a sandbox on one node: what its daemon is set to can't be asked for."""
        told = await self._ask(f"nodes/{node}")
        if (told["Status"]["State"], told["Spec"]["Availability"]) != ("ready", "active"):
            raise SandboxError(f"{self._names[node]} isn't ready to be given anything to run.")
        command = ("/bin/sh", "-c", "exit 0")
        spec = SandboxSpec(f"check-{secrets.token_hex(4)}", command, Limits())
        sandbox = await self._make(spec, [f"node.id=={node}"])
        try:
            await sandbox.start(io.BytesIO(bytes(2 * tarfile.BLOCKSIZE)))
            async for _ in sandbox.logs():
                pass
            ending = await sandbox.wait()
        finally:
            await sandbox.release()
        if ending.exit_code:
            raise SandboxError(
                f"a command in a sandbox on {self._names[node]} ended with {ending.exit_code}."
            )

    def _image_of(self, spec: SandboxSpec) -> str:
        image = spec.image or self.image
        if image == self.image or any(fnmatchcase(image, allowed) for allowed in self.images):
            return image
        known = ", ".join([self.image, *self.images])
        raise OverLimitError(f"The image {image!r} may not be used on this server, only {known}.")

    async def _ask(self, what: str, **options: Any) -> Any:
        return await self._client._query_json(what, **options)

    @property
    def _client(self) -> Docker:
        if self._manager is None:
            self._manager = self._connect(self.url)
        return self._manager

    def _connect(self, url: str) -> Docker:
        context = None
        if url.startswith("tcp://"):
            if not self.certificates:
                raise NoSandboxError(
                    f"Whoever reaches {url} without TLS is root there: set "
                    f"SwarmBackend.certificates. {_HOW}"
                )
            context = _tls(Path(self.certificates))
        try:
            return Docker(url or None, timeout=_TIMEOUT, ssl_context=context)
        except (AssertionError, ValueError) as error:
            raise NoSandboxError(_no_swarm("there is no socket of it.")) from error


def _tls(folder: Path) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    except OSError as error:
        raise NoSandboxError(f"SwarmBackend.certificates: {folder}: {error}") from error
    return context


async def _remove_from(daemon: Docker, run_id: str) -> None:
    """Take a run's container and volumes off a node: the swarm leaves what still runs to end."""
    params = {"all": "true", "filters": json.dumps({"label": [f"{RUN_LABEL}={run_id}"]})}
    for one in await daemon._query_json("containers/json", params=params):
        with _missing(_CONFLICT):
            await daemon.containers.container(one["Id"]).delete(force=True, v=True)
    for name in volume_names(run_id):
        await _remove_volume(daemon, name)


async def _remove_volume(daemon: Docker, name: str) -> None:
    """Take a volume away as soon as its container lets go of it."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _LET_GO_S
    while True:
        try:
            with _missing():
                await (await daemon.volumes.get(name)).delete()
        except DockerError as error:
            if error.status != _CONFLICT or loop.time() > until:
                raise
            await asyncio.sleep(_LOOK_EVERY_S)
        else:
            return


@contextlib.contextmanager
def _missing(*others: int) -> Any:
    """Pass over what is gone already."""
    try:
        yield
    except DockerError as error:
        if error.status not in {_NOT_FOUND, *others}:
            raise


def _no_swarm(why: str) -> str:
    return f"Running code by a swarm needs a manager that this server can reach: {why} {_HOW}"
