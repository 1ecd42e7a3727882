"""The kind of sandbox that can be had on this machine, if nobody has chosen one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from traitlets import Enum, List
from traitlets.utils.importstring import import_item

from ..errors import NoSandboxError
from .backend import SandboxBackend, SandboxSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .backend import Sandbox, WaitingSandbox

# Imported when they are tried: what Docker needs takes a while.
_KINDS = {
    "bubblewrap": "codesyncx_spawner.sandbox.bubblewrap.BubblewrapBackend",
    "docker": "codesyncx_spawner.sandbox.docker.DockerBackend",
    "swarm": "codesyncx_spawner.sandbox.swarm.SwarmBackend",
    "kubernetes": "codesyncx_spawner.sandbox.kubernetes.KubernetesBackend",
}
#: What a machine of one's own has; the others are for those who have set them up.
_USUALLY = ["bubblewrap", "docker"]
_WITH_IMAGES = frozenset({"docker", "swarm", "kubernetes"})


class FirstChoiceBackend(SandboxBackend):
    """Takes the first kind that works, and for a run with a base image the first that has them."""

    order = List(
        Enum(list(_KINDS)),
        default_value=_USUALLY,
        minlen=1,
        config=True,
        help="""The kinds of sandboxes that are tried: "bubblewrap", which starts ten times as fast,
        "docker", which has base images, and for a cluster "swarm" and "kubernetes". Only these are
        used.""",
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._made: dict[str, SandboxBackend] = {}
        self._chosen: SandboxBackend | None = None

    async def check(self) -> None:
        if self._chosen is None:
            self._chosen = await self._first(self.order)

    async def lacks_image(self, spec: SandboxSpec) -> bool:
        return await (await self._for(spec)).lacks_image(spec)

    async def pull(self, spec: SandboxSpec) -> None:
        await (await self._for(spec)).pull(spec)

    async def prepare(self, spec: SandboxSpec) -> Sandbox:
        return await (await self._for(spec)).prepare(spec)

    async def stand(self, spec: SandboxSpec, most_wait_s: float) -> WaitingSandbox | None:
        return await (await self._for(spec)).stand(spec, most_wait_s)

    async def attach(self, spec: SandboxSpec, handle: str, *, reads_all: bool) -> Sandbox | None:
        return await (await self._for(spec)).attach(spec, handle, reads_all=reads_all)

    async def reap(self, run_id: str, handle: str) -> None:
        """Let every kind that works take away what it has of a run."""
        for name in self.order:
            with contextlib.suppress(NoSandboxError):
                backend = await self._first([name])
                await backend.reap(run_id, handle)

    async def close(self) -> None:
        self._chosen = None
        for backend in self._made.values():
            await backend.close()

    async def _for(self, spec: SandboxSpec) -> SandboxBackend:
        with_images = [name for name in self.order if name in _WITH_IMAGES]
        if spec.image is not None and with_images:
            return await self._first(with_images)
        if self._chosen is None:
            self._chosen = await self._first(self.order)
        return self._chosen

    async def _first(self, names: Iterable[str]) -> SandboxBackend:
        """Give the first that works; NoSandboxError with what each of them lacks."""
        refusals = []
        for name in names:
            if name not in self._made:
                self._made[name] = import_item(_KINDS[name])(parent=self)
            try:
                await self._made[name].check()
            except NoSandboxError as error:
                refusals.append(str(error))
            else:
                return self._made[name]
        raise NoSandboxError(" Or: ".join(refusals))
