"""A connection to Redis that comes back by itself, and files sent through it piece by piece."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import IO, TYPE_CHECKING, Any, TypeVar

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ..errors import NoSandboxError, SandboxError
from .protocol import GROUP, JOBS, TICK_S

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: What has another go when Redis is there again: it was away, starts, or is full.
_AWAY = (RedisConnectionError, RedisTimeoutError, OSError)
_AGAIN_S = 0.3
_CONNECT_S = 2.0
_ANSWER_S = 5.0
_CHUNK = 256 * 1024
#: So many pieces of a file wait for whoever fetches them.
_MOST_WAITING = 16
_POLL_S = 0.02
#: Whoever doesn't send or fetch a piece for so long isn't there any more.
_STALLED_S = 60.0
#: Should nobody clean up: all of a job goes after a day.
KEPT_S = 24 * 3600
_MORE, _END = b"+", b"."


class Line:
    """One process' connections to Redis."""

    def __init__(self, url: str) -> None:
        """Connect to nothing yet; ValueError if that isn't the address of a Redis."""
        self._redis: Any = Redis.from_url(
            url, socket_connect_timeout=_CONNECT_S, socket_timeout=_ANSWER_S
        )
        self.there_since = time.monotonic()
        """Since when Redis has been there without a gap, as far as was noticed."""
        self.later: list[tuple[str, bytes]] = []
        """Jobs that are to be released when it is there again, and their entries."""

    async def check(self) -> None:
        """Raise NoSandboxError, with what Redis or the system says, unless it is there."""
        try:
            await self._redis.ping()
        except (RedisError, OSError) as error:
            raise NoSandboxError(
                f"Runs are carried out by workers, and Redis, by which they are reached, can't be: "
                f"{error} Try again in a moment; whoever looks after this server starts Redis, or "
                "sets WorkersBackend.redis_url."
            ) from error

    async def ask(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Ask Redis something, as often as it takes until it is there; not while one is ending."""
        is_away = False
        while True:
            _end_if_cancelled()
            try:
                answer = await work(self._redis)
            except _AWAY as error:
                if not is_away:
                    logger.warning("Redis is away: %s", error)
                is_away = True
            except ResponseError as error:
                if not str(error).startswith(("LOADING", "OOM", "MISCONF", "READONLY")):
                    raise
                is_away = True
            else:
                _end_if_cancelled()
                if is_away:
                    self.there_since = time.monotonic()
                return answer
            self.there_since = time.monotonic()
            await asyncio.sleep(_AGAIN_S)

    async def try_once(self, work: Callable[[Any], Awaitable[object]]) -> bool:
        """Ask Redis something if it is there; whether it was."""
        try:
            await work(self._redis)
        except (RedisError, OSError) as error:
            logger.info("Redis is away: %s", error)
            return False
        return True

    async def make_group(self) -> None:
        """Have there be a stream of jobs."""

        async def make(redis: Any) -> None:
            try:
                await redis.xgroup_create(JOBS, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

        await self.ask(make)

    async def send_file(self, name: str, file: IO[bytes]) -> None:
        """Send a file by a list; SandboxError if nobody fetches it."""
        await self.ask(lambda redis: redis.delete(name))
        is_over = False
        while not is_over:
            chunk = await asyncio.to_thread(file.read, _CHUNK)
            is_over = not chunk
            piece = _MORE + chunk if chunk else _END
            until = time.monotonic() + _STALLED_S
            while await self.ask(lambda redis: redis.llen(name)) >= _MOST_WAITING:
                if time.monotonic() > max(until, self.there_since + _STALLED_S):
                    raise SandboxError("Nobody fetches the files.")
                await asyncio.sleep(_POLL_S)
            await self.ask(lambda redis, piece=piece: _push(redis, name, piece))  # type: ignore[misc]

    async def receive_file(self, name: str, file: IO[bytes], most_bytes: int) -> None:
        """Write a file that comes by a list; SandboxError if it is too large or doesn't come."""
        until = time.monotonic() + _STALLED_S
        left = most_bytes
        while True:
            piece = await self.ask(lambda redis: redis.blpop([name], timeout=TICK_S))
            if piece is None:
                if time.monotonic() > max(until, self.there_since + _STALLED_S):
                    raise SandboxError("The files don't come.")
                continue
            data = piece[1]
            if data == _END:
                return
            left -= len(data)
            if left < 0:
                raise SandboxError("The files are larger than there is room for.")
            await asyncio.to_thread(file.write, data[1:])
            until = time.monotonic() + _STALLED_S

    async def close(self) -> None:
        """Let go of Redis."""
        await self._redis.aclose()


def _end_if_cancelled() -> None:
    """Raise what Redis' client swallows at times."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _push(redis: Any, name: str, piece: bytes) -> None:
    async with redis.pipeline(transaction=True) as pipe:
        pipe.rpush(name, piece)
        pipe.expire(name, KEPT_S)
        await pipe.execute()
