"""Sandboxes that workers have, on this machine or others, reached by Redis."""

from __future__ import annotations

import json
import os
from typing import Any

from traitlets import Unicode, default

from ..errors import NoSandboxError, OverLimitError
from ..sandbox.backend import Sandbox, SandboxBackend, SandboxSpec
from ..sandbox.first_choice import FirstChoiceBackend
from .line import Line
from .protocol import URL_VARIABLE, Place, attempts_of, name_of
from .remote_sandbox import RemoteSandbox, release_job


class WorkersBackend(SandboxBackend):
    """Has runs carried out by workers; kernels and terminals stay on this machine."""

    redis_url = Unicode(
        config=True,
        help="""The Redis by which workers are reached: "redis://:password@host:6379/0", "rediss://"
        with TLS, or "unix://...". By default what the variable CODESYNCX_REDIS_URL says. Whoever
        gets into it sees what runs and what it prints.""",
    )

    @default("redis_url")
    def _default_redis_url(self) -> str:
        return os.environ.get(URL_VARIABLE, "")

    _opened: Line | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._here = FirstChoiceBackend(parent=self)

    async def check(self) -> None:
        await self._line.check()

    async def close(self) -> None:
        line, self._opened = self._opened, None
        if line is not None:
            await line.close()
        await self._here.close()

    async def prepare(self, spec: SandboxSpec) -> Sandbox:
        """Make ready for a run elsewhere, or for a kernel or terminal here."""
        if not spec.is_kept:
            return await self._here.prepare(spec)
        if spec.ports:
            raise OverLimitError(
                "This server's runs are carried out by workers, whose ports can't be reached: take "
                "`ports` out of the run, or run it on a server without workers."
            )
        while self._line.later and await self._line.try_once(
            lambda redis: release_job(redis, *self._line.later[-1])
        ):
            self._line.later.pop()
        job = f"{spec.run_id}.{spec.attempt}"
        return RemoteSandbox(self._line, job, spec)

    async def attach(self, spec: SandboxSpec, handle: str, *, reads_all: bool) -> Sandbox | None:
        job = json.loads(handle).get("job")
        if job is None:
            return await self._here.attach(spec, handle, reads_all=reads_all)
        has_begun = await self._line.ask(lambda redis: redis.exists(name_of(Place.SPEC, job)))
        if not has_begun:
            return None
        sandbox = RemoteSandbox(self._line, job, spec)
        sandbox.take_up()
        return sandbox

    async def reap(self, run_id: str, handle: str) -> None:
        """Have the workers leave a run, and take away what there may be of it here."""
        if handle and "job" not in json.loads(handle):
            await self._here.reap(run_id, handle)
            return
        jobs = await self._line.ask(lambda redis: redis.smembers(attempts_of(run_id)))
        if not jobs:
            await self._here.reap(run_id, handle)
        for job in jobs:
            await self._line.ask(lambda redis, job=job: release_job(redis, job.decode()))  # type: ignore[misc]

    @property
    def _line(self) -> Line:
        if self._opened is None:
            try:
                self._opened = Line(self.redis_url)
            except ValueError as error:
                raise NoSandboxError(
                    f"WorkersBackend.redis_url is no address of a Redis: {error}"
                ) from error
        return self._opened
