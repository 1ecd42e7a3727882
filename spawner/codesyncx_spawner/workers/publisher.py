"""What a worker has to say about a job, so that nothing of it is missing when Redis was away."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from .line import KEPT_S
from .protocol import Place, name_of

if TYPE_CHECKING:
    from .line import Line

_AT_ONCE = 100


class SupersededError(Exception):
    """Another worker speaks for the job."""


class Publisher:
    """One job's stream of what the worker says; it holds all of it until the job is released."""

    def __init__(self, line: Line, job: str) -> None:
        """Say nothing yet."""
        self._line = line
        self._name = name_of(Place.SAID, job)
        self._said: list[dict[str, bytes]] = []
        self._sent = 0
        self._more = asyncio.Event()
        self._all_sent = asyncio.Event()

    def say(self, kind: str, data: bytes = b"", **told: Any) -> None:
        """Say something, as soon as Redis is there."""
        message = json.dumps({"type": kind, **told}).encode()
        self._said.append({"told": message, "data": data} if data else {"told": message})
        self._more.set()
        self._all_sent.clear()

    async def send(self) -> None:
        """Go on until cancelled; SupersededError if somebody else has said something."""
        while True:
            await self._more.wait()
            self._more.clear()
            while self._sent < len(self._said):
                until = min(self._sent + _AT_ONCE, len(self._said))
                await self._line.ask(lambda redis, until=until: self._add(redis, until))  # type: ignore[misc]
                self._sent = until
            self._all_sent.set()

    async def all_sent(self) -> None:
        """Wait until all that was said is there."""
        await self._all_sent.wait()

    async def make_sure(self) -> None:
        """Say all of it again if Redis has come back without it."""
        there = await self._line.ask(lambda redis: redis.xlen(self._name))
        if there < self._sent:
            self._sent = 0
            await self._line.ask(lambda redis: redis.delete(self._name))
            self._more.set()

    async def _add(self, redis: Any, until: int) -> None:
        # What was sent just before the connection broke is there, or it isn't.
        there = await redis.xlen(self._name)
        if there < self._sent:
            await redis.delete(self._name)
            there = 0
        if there > until:
            raise SupersededError
        try:
            async with redis.pipeline(transaction=True) as pipe:
                for number in range(there, until):
                    pipe.xadd(self._name, self._said[number], id=f"{number + 1}-0")
                pipe.expire(self._name, KEPT_S)
                await pipe.execute()
        except ResponseError as error:
            if "equal or smaller" in str(error):
                raise SupersededError from error
            raise
