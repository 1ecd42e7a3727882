"""Sandboxes by a Docker daemon: containers of base images, with gVisor where that is set up."""

from __future__ import annotations

import contextlib
import json
import os
import time
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import aiohttp
from aiodocker import Docker
from aiodocker.exceptions import DockerError
from traitlets import Int, List, Unicode

from ..errors import NoSandboxError, OverLimitError, SandboxError
from .backend import SandboxBackend, SandboxSpec
from .docker_container import (
    RUN_LABEL,
    SERVER_LABEL,
    UNTIL_LABEL,
    container_config,
    volume_config,
)
from .docker_sandbox import DOCKER_ERRORS, DockerSandbox, said_by
from .layout import mark_of
from .server_name import is_left, is_orphaned, this_server

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiodocker.containers import DockerContainer

_USERS = 60_000
#: The first with all that is asked for here, of 2020.
_OLDEST_API = (1, 41)
_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10)
_NOT_FOUND, _CONFLICT = 404, 409
#: The launcher, and the two that look at the time should this server be gone.
_SPARE_PIDS = 3
#: How long after its time a server may still take its sandbox up; then others take it away.
_KEPT_S = 3600.0
#: gVisor's threads are processes of the container too.
_SPARE_PIDS_OF_OTHERS = 400


class DockerBackend(SandboxBackend):
    """Starts containers; they end with their command, or with the server's next start."""

    url = Unicode(
        "",
        config=True,
        help="""Where Docker is: "unix:///run/docker.sock", "tcp://..."; by default, as for the
        `docker` command, what DOCKER_HOST or Docker's configuration says.""",
    )

    image = Unicode(
        "codesyncx/sandbox:latest",
        config=True,
        help="""The base image of runs that ask for no other. spawner/images in CodeSyncX's source
        makes one.""",
    )

    images = List(
        Unicode(),
        config=True,
        help="""Other images that a run may ask for in .codesyncx/run.toml: names, or patterns with
        * such as "registry.example/courses/*". None by default.""",
    )

    runtime = Unicode(
        "",
        config=True,
        help="""What Docker starts containers with, as its own configuration names it: "runsc" for
        gVisor. By default Docker's own choice, which is runc.""",
    )

    first_uid = Int(
        1_900_100_000,
        min=1,
        config=True,
        help="""Each sandbox has a user of its own: one of the 60,000 numbers from here on, none of
        which must be anybody's on Docker's machine.""",
    )

    _docker: Docker | None = None
    _is_checked = False
    _next_user = 0

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._left: set[str] = set()
        """Runs of which something was left because Docker was gone."""

    async def check(self) -> None:
        """Look for the daemon, and take away what servers that were killed have left."""
        if self._is_checked:
            return
        try:
            told = await self._client.version()
        except DOCKER_ERRORS as error:
            raise NoSandboxError(_no_docker(said_by(error))) from error
        if told.get("Os") != "linux":
            raise NoSandboxError(f"Running code needs Docker on Linux, not on {told.get('Os')}.")
        if tuple(int(one) for one in told["ApiVersion"].split(".")) < _OLDEST_API:
            raise NoSandboxError(
                f"Running code needs Docker 20.10 or newer; this server has {told['Version']}."
            )
        await self._sweep()
        self._is_checked = True

    async def close(self) -> None:
        """Let go of the daemon."""
        docker, self._docker, self._is_checked = self._docker, None, False
        if docker is not None:
            await docker.close()

    async def lacks_image(self, spec: SandboxSpec) -> bool:
        image = self._image_of(spec)
        try:
            await self._client.images.inspect(image)
        except DockerError as error:
            if error.status == _NOT_FOUND:
                return True
            raise SandboxError(f"Docker can't look for {image}: {said_by(error)}") from error
        except DOCKER_ERRORS as error:
            raise SandboxError(_no_docker(said_by(error))) from error
        return False

    async def pull(self, spec: SandboxSpec) -> None:
        image = self._image_of(spec)
        try:
            await self._client.images.pull(image)
        except DOCKER_ERRORS as error:
            raise SandboxError(
                f"The base image {image} isn't on this server, and can't be fetched: "
                f"{said_by(error)} Whoever looks after the server can build it, see "
                "spawner/images, or set DockerBackend.image to another."
            ) from error

    async def prepare(self, spec: SandboxSpec) -> DockerSandbox:
        """Make a container that waits for what it is to run."""
        return await self.stand(spec, 0)

    async def stand(self, spec: SandboxSpec, most_wait_s: float) -> DockerSandbox:
        if spec.has_terminal:
            raise OverLimitError("Sandboxes by Docker have no terminals: bubblewrap's have.")
        image = self._image_of(spec)
        await self.check()
        for run_id in list(self._left):
            await self._remove(run_id)
        try:
            container = await self._make(spec, image, most_wait_s)
        except DOCKER_ERRORS as error:
            await self._remove(spec.run_id)
            raise SandboxError(f"Docker can't make a sandbox: {said_by(error)}") from error
        except BaseException:
            await self._remove(spec.run_id)
            raise
        sandbox = self._sandbox(container, spec, spec.run_id)
        try:
            await sandbox.stand()
        except BaseException:
            await sandbox.release()
            raise
        return sandbox

    def _sandbox(
        self, container: DockerContainer, spec: SandboxSpec, name: str, mark: str | None = None
    ) -> DockerSandbox:
        return DockerSandbox(
            self._client,
            container,
            spec,
            lambda: self._remove(name),
            may_enter=self._is_runc and os.geteuid() == 0,
            name=name,
            mark=mark,
        )

    async def _make(self, spec: SandboxSpec, image: str, most_wait_s: float) -> DockerContainer:
        uid = self._take_user()
        labels = {RUN_LABEL: spec.run_id, SERVER_LABEL: this_server()}
        if spec.is_kept:
            most_s = most_wait_s + spec.limits.time_s + _KEPT_S
            labels[UNTIL_LABEL] = str(int(time.time() + most_s))
        told = await self._client.images.inspect(image)
        await self._client.volumes.create(volume_config(spec, uid, labels))
        config = container_config(
            spec,
            image,
            uid,
            labels,
            runtime=self.runtime,
            spare_pids=_SPARE_PIDS if self._is_runc else _SPARE_PIDS_OF_OTHERS,
            volumes=(told.get("Config") or {}).get("Volumes") or (),
        )
        return await self._client.containers.create(config, name=mark_of(spec.run_id))

    async def attach(
        self, spec: SandboxSpec, handle: str, *, reads_all: bool
    ) -> DockerSandbox | None:
        """Take up a container of an earlier server's by its id."""
        told = json.loads(handle)
        if "container" not in told:
            return None  # of another kind of sandbox, which was chosen before
        await self.check()
        try:
            container = await self._client.containers.get(told["container"])
            sandbox = self._sandbox(container, spec, told["name"], told["mark"])
            try:
                is_there = await sandbox.take_up(reads_all=reads_all)
            except BaseException:
                await sandbox.leave()
                raise
        except DockerError as error:
            if error.status == _NOT_FOUND:
                return None
            raise SandboxError(f"Docker can't find a sandbox: {said_by(error)}") from error
        except DOCKER_ERRORS as error:
            raise SandboxError(_no_docker(said_by(error))) from error
        return sandbox if is_there else None

    async def reap(self, run_id: str, handle: str) -> None:
        """Take away what is left of a run; the daemon knows it by its name."""
        await self._remove(json.loads(handle)["name"] if handle else run_id)

    async def _remove(self, run_id: str) -> None:
        """Take a run's container and volume away, now or as soon as Docker is there again."""
        name = mark_of(run_id)
        self._left.add(run_id)
        try:
            with _missing():
                await self._client.containers.container(name).delete(force=True, v=True)
            with _missing():
                await (await self._client.volumes.get(name)).delete(force=True)
        except DOCKER_ERRORS as error:
            self.log.warning("What is left of run %s can't be taken away: %s", run_id, error)
        else:
            self._left.discard(run_id)

    async def _sweep(self) -> None:
        """Take away what servers of this machine have left that are there no more."""
        try:
            found = await self._client._query_json(
                "containers/json", params={"all": "true", "filters": f'{{"label":["{RUN_LABEL}"]}}'}
            )
            for one in found:
                if _is_orphan(one, time.time()):
                    await self._remove(one["Labels"][RUN_LABEL])
        except DOCKER_ERRORS as error:
            self.log.warning("What earlier servers have left can't be looked for: %s", error)

    def _image_of(self, spec: SandboxSpec) -> str:
        asked = spec.image or self.image
        image = _with_tag(asked)
        if image == _with_tag(self.image):
            return image
        if any(fnmatchcase(one, allowed) for one in (asked, image) for allowed in self.images):
            return image
        known = ", ".join([self.image, *self.images])
        raise OverLimitError(f"The image {asked!r} may not be used on this server, only {known}.")

    def _take_user(self) -> int:
        self._next_user = (self._next_user + 1) % _USERS
        return self.first_uid + self._next_user

    @property
    def _is_runc(self) -> bool:
        """Whether processes in a container are processes of the machine."""
        return self.runtime in {"", "runc"}

    @property
    def _client(self) -> Docker:
        if self._docker is None:
            try:
                self._docker = Docker(self.url or None, timeout=_TIMEOUT)
            except (AssertionError, ValueError) as error:
                raise NoSandboxError(_no_docker("there is no socket of it.")) from error
        return self._docker


def _with_tag(image: str) -> str:
    """Give the whole name of an image: Docker would pull all of those that have no tag."""
    return image if ":" in image.rpartition("/")[2] or "@" in image else f"{image}:latest"


def _no_docker(why: str) -> str:
    return (
        f"Running code needs Docker, which this server can't reach: {why} Install it (on Debian "
        "and Ubuntu: apt install docker.io) and let the server's user use it, or set "
        "DockerBackend.url."
    )


@contextlib.contextmanager
def _missing() -> Any:
    """Pass over what is gone already, or just going."""
    try:
        yield
    except DockerError as error:
        if error.status not in {_NOT_FOUND, _CONFLICT}:
            raise


def _is_orphan(found: Mapping[str, Any], now: float) -> bool:
    """Whether its server was one of this machine's and is there no more, nor takes it up again."""
    labels = found["Labels"]
    if not is_orphaned(labels.get(SERVER_LABEL, "")):
        return False
    # One that waited for a run has ended with its server.
    has_waited = is_left(labels[RUN_LABEL]) and found["State"] != "running"
    return has_waited or float(labels.get(UNTIL_LABEL, "0")) <= now
