"""Sandboxes that stand ready before a run comes, so that its start-up is only its files'."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import NoSandboxError, OverLimitError, SandboxError
from .backend import SandboxBackend, SandboxSpec
from .server_name import name_waiting
from .warm_plan import Kind, WarmPlan, kind_of

if TYPE_CHECKING:
    from ..limits import Limits
    from .backend import Sandbox, WaitingSandbox

#: A sandbox shows its image, and this machine's programs, as they were when it was made.
_MOST_AGE_S = 600.0
#: The run that has just taken one has the processors to itself for so long.
_REFILL_AFTER_S = 0.5
_AGAIN_AFTER_S = 30.0
_FAILURES = (SandboxError, NoSandboxError, OverLimitError)


@dataclass(slots=True)
class _Standing:
    kind: Kind
    sandbox: WaitingSandbox
    until: float


class WarmBackend(SandboxBackend):
    """Gives runs sandboxes of another backend's, made before they came where that can be.

    Each stands within the limits of its run from the beginning, has held nothing of anybody's, is
    given to one run and never comes back.
    """

    def __init__(self, backend: SandboxBackend, size: int, usual: Limits, **options: Any) -> None:
        """Begin nothing yet; `usual` are the limits of a run that asks for none of its own."""
        super().__init__(**options)
        self._backend = backend
        self._plan = WarmPlan(size, Kind(usual, is_kept=True))
        self._standing: list[_Standing] = []
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def check(self) -> None:
        await self._backend.check()
        if self._task is None:
            self._task = asyncio.create_task(self._look_after())

    async def lacks_image(self, spec: SandboxSpec) -> bool:
        return await self._backend.lacks_image(spec)

    async def pull(self, spec: SandboxSpec) -> None:
        await self._backend.pull(spec)

    async def prepare(self, spec: SandboxSpec) -> Sandbox:
        if (kind := kind_of(spec)) is None:
            return await self._backend.prepare(spec)
        self._plan.want(kind)
        sandbox = self._take(kind)
        self._wanted.set()
        if sandbox is None:
            return await self._backend.prepare(spec)
        sandbox.assign(spec)
        return sandbox

    async def attach(self, spec: SandboxSpec, handle: str, *, reads_all: bool) -> Sandbox | None:
        return await self._backend.attach(spec, handle, reads_all=reads_all)

    async def reap(self, run_id: str, handle: str) -> None:
        await self._backend.reap(run_id, handle)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        while self._standing:
            await self._standing.pop().sandbox.release()
        await self._backend.close()

    @property
    def ready(self) -> list[Kind]:
        """What stands ready."""
        return [one.kind for one in self._standing if one.sandbox.is_standing]

    def _take(self, kind: Kind) -> WaitingSandbox | None:
        now = asyncio.get_running_loop().time()
        for one in self._standing:
            if one.kind == kind and one.until > now and one.sandbox.is_standing:
                self._standing.remove(one)
                return one.sandbox
        return None

    async def _look_after(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._wanted.clear()
            await self._let_go(loop.time())
            pause_s = await self._fill(loop.time())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), pause_s)
                await asyncio.sleep(_REFILL_AFTER_S)

    async def _let_go(self, now: float) -> None:
        """Release those that have waited for long, have ended, or aren't expected to be wanted."""
        for one in list(self._standing):
            if one not in self._standing:
                continue  # a run has come for it meanwhile
            is_surplus = self._plan.is_surplus(one.kind, self.ready)
            if one.until <= now or not one.sandbox.is_standing or is_surplus:
                self._standing.remove(one)
                await one.sandbox.release()

    async def _fill(self, now: float) -> float:
        """Make what is missing; give the seconds until there is something to do again."""
        for kind in self._plan.missing(self.ready):
            spec = kind.to_spec(name_waiting())
            try:
                if await self._backend.lacks_image(spec):
                    continue  # the first run that wants it has it fetched
                sandbox = await self._backend.stand(spec, _MOST_AGE_S)
            except _FAILURES as error:
                self.log.warning("No sandbox can be made ready for the next run: %s", error)
                return _AGAIN_AFTER_S
            if sandbox is None:
                self.log.warning("Sandboxes of this kind can't be made before their runs come.")
                return _MOST_AGE_S
            self._standing.append(_Standing(kind, sandbox, now + _MOST_AGE_S))
        oldest = min((one.until for one in self._standing), default=now + _MOST_AGE_S)
        return max(0.0, oldest - now)
