"""Takes jobs from Redis, so many at a time, and carries them out in sandboxes of this machine."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from ..interactive.ledger import Ledger
from .hosted_job import HostedJob
from .line import Line
from .protocol import GROUP, JOBS, Place, name_of, read_spec

if TYPE_CHECKING:
    from pathlib import Path

    from ..sandbox.backend import SandboxBackend, SandboxSpec

logger = logging.getLogger(__name__)

_LOOK_AROUND_S = 5.0
_ALIVE_MS = 5000


class Worker:
    """One worker process."""

    def __init__(self, url: str, backend: SandboxBackend, slots: int, folder: Path) -> None:
        """Begin nothing yet; the workers of a machine share a folder. ValueError for a bad URL."""
        self._line = Line(url)
        self._backend = backend
        self._slots = asyncio.Semaphore(slots)
        self._folder = folder
        self._id = f"{socket.gethostname()}-{secrets.token_hex(4)}"
        self._jobs: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Go on until cancelled; NoSandboxError if this machine has no sandboxes, or no Redis."""
        await self._line.check()
        await self._backend.check()
        ledger = await asyncio.to_thread(Ledger, self._folder)
        looking = asyncio.create_task(self._look_around(ledger))
        try:
            await self._line.make_group()
            while True:
                await self._slots.acquire()
                name, spec = await self._take()
                # Whatever other attempts at the run have left, it is none of this one's.
                spec = replace(spec, run_id=f"{name}.{secrets.token_hex(2)}", is_kept=False)
                task = asyncio.create_task(self._carry_out(ledger, name, spec))
                self._jobs.add(task)
                task.add_done_callback(self._jobs.discard)
        finally:
            looking.cancel()
            for task in self._jobs:
                task.cancel()
            await asyncio.gather(looking, *self._jobs, return_exceptions=True)
            await self._clean_up(ledger)
            await self._backend.close()
            await asyncio.to_thread(ledger.close)
            await self._line.try_once(lambda redis: redis.xgroup_delconsumer(JOBS, GROUP, self._id))
            await self._line.close()

    async def _carry_out(self, ledger: Ledger, name: str, spec: SandboxSpec) -> None:
        logger.info("Job %s begins", name)
        try:
            await asyncio.to_thread(ledger.note, spec.run_id)
            job = HostedJob(self._line, self._backend, self._id, name, spec, ledger.sockets)
            await job.carry_out()
            await asyncio.to_thread(ledger.forget, spec.run_id)
        except Exception:
            logger.exception("Job %s failed by a defect", name)
        finally:
            self._slots.release()
        logger.info("Job %s is over", name)

    async def _take(self) -> tuple[str, SandboxSpec]:
        """Wait for a job that nobody else has."""
        while True:
            told = await self._line.ask(self._read)
            for entry, fields in told[0][1] if told else ():
                name = fields[b"job"].decode()
                text = await self._line.ask(
                    lambda redis, entry=entry, name=name: self._claim(redis, entry, name)  # type: ignore[misc]
                )
                if text is None:
                    continue
                try:
                    return name, read_spec(text)
                except (ValueError, TypeError, KeyError):
                    logger.exception("Job %s can't be understood: is it of another version?", name)

    async def _read(self, redis: Any) -> Any:
        try:
            return await redis.xreadgroup(GROUP, self._id, {JOBS: ">"}, count=1, block=1000)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
        # Redis has come back without anything.
        await self._line.make_group()
        return None

    async def _claim(self, redis: Any, entry: bytes, name: str) -> bytes | None:
        """Have it known who has a job; None if another has it, or its server wants it no more."""
        mine = f'{{"worker": "{self._id}", "usage": {{}}}}'
        is_mine = await redis.set(name_of(Place.ALIVE, name), mine, px=_ALIVE_MS, nx=True)
        async with redis.pipeline(transaction=True) as pipe:
            pipe.get(name_of(Place.SPEC, name))
            pipe.xack(JOBS, GROUP, entry)
            pipe.xdel(JOBS, entry)
            text: bytes | None = (await pipe.execute())[0]
        return text if is_mine else None

    async def _look_around(self, ledger: Ledger) -> None:
        """End what workers of this machine have left that were killed."""
        while True:
            await self._clean_up(ledger)
            await asyncio.sleep(_LOOK_AROUND_S)

    async def _clean_up(self, ledger: Ledger) -> None:
        for left in ledger.left():
            await self._backend.reap(left.sandbox_id, left.handle)
