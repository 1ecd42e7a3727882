"""A sandbox that a worker has, as the server sees it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import json
import logging
import tempfile
import time
from typing import IO, TYPE_CHECKING, Any

from ..artifact_archive import keep_archived
from ..errors import LostSandboxError, SandboxError
from ..sandbox.backend import Usage
from ..sandbox.layout import WORK
from ..selection import LeftOut, Selection
from .line import KEPT_S
from .protocol import (
    GROUP,
    JOBS,
    TICK_S,
    Place,
    Seen,
    Verdict,
    Watch,
    attempts_of,
    name_of,
    names_of,
    read_ending,
    spec_to_json,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path
    from signal import Signals

    from ..sandbox.backend import SandboxSpec
    from ..selection import Mark
    from ..states import Ending
    from .line import Line

logger = logging.getLogger(__name__)

#: An archive has a little more than the files in it, for each.
_MOST_ARCHIVED = 2


class RemoteSandbox:
    """One job: put into Redis, and followed by what the worker says."""

    def __init__(self, line: Line, job: str, spec: SandboxSpec) -> None:
        """Put nothing in yet."""
        self._line = line
        self._job = job
        self._spec = spec
        self._entry = b""
        self._heard = 0
        self._usage = Usage()
        self._output: asyncio.Queue[bytes] = asyncio.Queue()
        self._started = asyncio.Event()
        self._fate: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._numbers = itertools.count(time.time_ns())
        self._must_put = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def handle(self) -> str:
        return json.dumps({"job": self._job})

    @property
    def outlasts_server(self) -> bool:
        """It does: the worker waits until its server is there again."""
        return True

    async def start(self, snapshot: IO[bytes]) -> None:
        self._must_put.set()
        self._begin(self._put_in(snapshot), self._listen(), self._watch())
        await self._first_of(self._started.wait())

    def take_up(self) -> None:
        """Go on with what another process has put in and seen started."""
        self._started.set()
        self._begin(self._listen(), self._watch())

    def _begin(self, *all_of_it: Any) -> None:
        for work in all_of_it:
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._note_defect)

    def _note_defect(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("Job %s can't be followed", self._job, exc_info=error)
            self._fail(SandboxError("What its worker says can't be followed by a defect."))

    async def _put_in(self, snapshot: IO[bytes]) -> None:
        """Put the job in and send its files, again when nobody is left who has got them."""
        sending: asyncio.Task[None] | None = None
        try:
            while True:
                await self._must_put.wait()
                self._must_put.clear()
                if sending is not None:
                    sending.cancel()
                    await asyncio.wait({sending})
                snapshot.seek(0)
                self._heard = 0
                await self._line.make_group()
                await self._line.ask(self._put)
                file = self._line.send_file(name_of(Place.IN, self._job), snapshot)
                sending = asyncio.create_task(_unless_stalled(file))
        finally:
            if sending is not None:
                sending.cancel()

    async def _put(self, redis: Any) -> None:
        told = spec_to_json(self._spec)
        async with redis.pipeline(transaction=True) as pipe:
            if self._entry:
                pipe.xack(JOBS, GROUP, self._entry)
                pipe.xdel(JOBS, self._entry)
            pipe.delete(*names_of(self._job))
            pipe.set(name_of(Place.SPEC, self._job), told, ex=KEPT_S)
            pipe.sadd(attempts_of(self._spec.run_id), self._job)
            pipe.expire(attempts_of(self._spec.run_id), KEPT_S)
            pipe.xadd(JOBS, {"job": self._job})
            self._entry = (await pipe.execute())[-1]

    async def _listen(self) -> None:
        """Hear what the worker says, in its order and each of it once."""
        name = name_of(Place.SAID, self._job)
        while True:
            after = f"{self._heard}-0"
            told = await self._line.ask(
                lambda redis, after=after: redis.xread({name: after}, count=100, block=1000)  # type: ignore[misc]
            )
            for entry, said in told[0][1] if told else ():
                if int(entry.partition(b"-")[0]) != self._heard + 1:
                    # Redis has come back without some of it, which the worker says again.
                    await asyncio.sleep(0.1)
                    break
                self._heard += 1
                self._hear(json.loads(said[b"told"]), said.get(b"data", b""))

    def _hear(self, told: dict[str, Any], data: bytes) -> None:
        kind = told["type"]
        if kind == "output":
            self._output.put_nowait(data)
        elif kind == "started":
            self._started.set()
        elif kind == "reply" and (asked := self._replies.pop(told["number"], None)):
            if not asked.done():
                asked.set_result(told)
        elif kind == "ended" and not self._fate.done():
            ending, self._usage = read_ending(told)
            self._output.put_nowait(b"")
            self._fate.set_result(ending)
        elif kind == "failed":
            self._fail(SandboxError(told["sentence"]))
        elif kind == "left":
            self._fail(LostSandboxError("The worker that carried it out was ended."))

    def _fail(self, error: SandboxError) -> None:
        for asked in self._replies.values():
            if not asked.done():
                asked.set_exception(error)
        if not self._fate.done():
            self._output.put_nowait(b"")
            self._fate.set_exception(error)
            self._fate.exception()  # it may be that nobody waits

    async def _watch(self) -> None:
        watch = Watch(time.monotonic())
        while True:
            await asyncio.sleep(TICK_S)
            seen = await self._line.ask(self._look)
            verdict = watch.judge(
                seen,
                time.monotonic(),
                has_started=self._started.is_set(),
                there_since=self._line.there_since,
            )
            if verdict is Verdict.PUT_AGAIN:
                self._must_put.set()
            elif verdict is Verdict.LOST:
                self._fail(LostSandboxError("The worker that carried it out is gone."))

    async def _look(self, redis: Any) -> Seen:
        alive = await redis.get(name_of(Place.ALIVE, self._job))
        if alive is not None:
            if not self._fate.done():
                self._usage = Usage(**json.loads(alive)["usage"])
            return Seen(is_alive=True, is_waiting=False)
        if not self._entry or not await redis.xrange(JOBS, self._entry, self._entry):
            return Seen(is_alive=False, is_waiting=False)
        taken = await redis.xpending_range(JOBS, GROUP, self._entry, self._entry, 1)
        return Seen(is_alive=False, is_waiting=not taken)

    async def _first_of(self, work: Any) -> Any:
        """Wait for something; SandboxError if the job fails before."""
        working = asyncio.ensure_future(work)
        try:
            await asyncio.wait({working, self._fate}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                self._fate.result()
            return working.result() if working.done() else None
        finally:
            working.cancel()

    async def _ask(self, kind: str, **told: Any) -> None:
        """Want something of the worker, as soon as Redis is there."""
        message = {"told": json.dumps({"type": kind, **told})}

        async def add(redis: Any) -> None:
            async with redis.pipeline(transaction=True) as pipe:
                pipe.xadd(name_of(Place.ASKED, self._job), message)
                pipe.expire(name_of(Place.ASKED, self._job), KEPT_S)
                await pipe.execute()

        await self._line.ask(add)

    async def _answer(self, kind: str, **told: Any) -> tuple[int, asyncio.Future[dict[str, Any]]]:
        number = next(self._numbers)
        answer = self._replies[number] = asyncio.get_running_loop().create_future()
        await self._ask(kind, number=number, **told)
        return number, answer

    async def update(self, changed: IO[bytes], removed: Sequence[str]) -> None:
        try:
            number, answer = await self._answer("update", removed=list(removed))
            name = name_of(Place.EDIT, self._job, number)
            await self._first_of(self._line.send_file(name, changed))
            told = await self._first_of(answer)
        except SandboxError as error:
            raise OSError(errno.EIO, str(error), WORK) from error
        if told is not None and told["problem"]:
            raise OSError(*told["problem"])

    async def logs(self) -> AsyncIterator[bytes]:
        while chunk := await self._output.get():
            yield chunk

    async def write(self, typed: bytes) -> None:
        """Lose it: workers have no terminals, see `WorkersBackend.prepare`."""

    def resize(self, columns: int, rows: int) -> None:
        """Do nothing, for the same reason."""

    def signal(self, number: Signals) -> None:
        self._begin(self._ask("signal", signal=int(number)))

    async def connect(self, port: int) -> socket.socket:
        """Refuse: a worker's ports aren't reached, see `WorkersBackend.prepare`."""
        raise ConnectionRefusedError(f"port {port} is a worker's")

    async def wait(self) -> Ending:
        return await asyncio.shield(self._fate)

    async def kill(self, grace_s: float) -> None:
        await self._ask("kill", grace_s=grace_s)

    async def collect(
        self,
        target: Path,
        before: Mapping[str, Mark],
        most_bytes: int,
        is_wanted: Callable[[str], bool],
    ) -> Selection:
        """Have the worker choose, and choose again: what it sends isn't believed."""
        _, answer = await self._answer("collect", before=before, most_bytes=most_bytes)
        told = await answer
        if told["problem"]:
            raise SandboxError(f"The files that it made couldn't be fetched: {told['problem']}")
        with tempfile.TemporaryFile() as archive:
            name = name_of(Place.OUT, self._job, told["number"])
            most_read = most_bytes * _MOST_ARCHIVED + self._spec.limits.files * 4096
            await self._line.receive_file(name, archive, most_read)
            archive.seek(0)
            kept = await asyncio.to_thread(
                lambda: keep_archived(
                    archive,
                    target,
                    {},
                    most_bytes=most_bytes,
                    most_read=most_read,
                    is_wanted=is_wanted,
                )
            )
        kept.left_out += [LeftOut(*one) for one in told["left_out"]]
        return kept

    def usage(self) -> Usage:
        return self._usage

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def release(self) -> None:
        await self.leave()
        entry = self._entry
        if not await self._line.try_once(lambda redis: release_job(redis, self._job, entry)):
            self._line.later.append((self._job, entry))


async def release_job(redis: Any, job: str, entry: bytes = b"") -> None:
    """Have whoever has a job leave it, and nobody take it."""
    run_id = job.partition(".")[0]
    async with redis.pipeline(transaction=True) as pipe:
        if entry:
            pipe.xack(JOBS, GROUP, entry)
            pipe.xdel(JOBS, entry)
        pipe.xadd(name_of(Place.ASKED, job), {"told": json.dumps({"type": "release"})})
        pipe.expire(name_of(Place.ASKED, job), KEPT_S)
        pipe.delete(name_of(Place.SPEC, job), name_of(Place.IN, job))
        pipe.srem(attempts_of(run_id), job)
        await pipe.execute(raise_on_error=False)


async def _unless_stalled(sending: Any) -> None:
    """Send; that nobody fetches it, whoever watches the job finds out."""
    with contextlib.suppress(SandboxError):
        await sending
