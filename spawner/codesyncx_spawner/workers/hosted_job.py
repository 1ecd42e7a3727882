"""One job on a worker: a sandbox of the worker's own kind, told of and steered by Redis."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import tarfile
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from codesyncx_server.errors import CodeSyncXError

from ..errors import SandboxError
from ..execution import GRACE_S
from ..path_pattern import matches
from ..sandbox.backend import Usage
from ..selection import Mark
from .protocol import TICK_S, Place, ending_to_json, name_of, names_of
from .publisher import Publisher, SupersededError

if TYPE_CHECKING:
    from ..sandbox.backend import Sandbox, SandboxBackend, SandboxSpec
    from .line import Line

#: So much longer than its time a command may take whose server doesn't look at the time.
_SPARE_S = 30.0
#: So long a server that is started anew may take to fetch what a run has made.
_FETCHED_WITHIN_S = 600.0
_ALIVE_MS = 5000
#: Between two looks at output that is more than is shown: whoever prints without end has to wait.
_PACE_S = 0.01
_SPARE_BYTES = 64 * 1024
_MOST_EDIT_BYTES = 2_000_000_000


class HostedJob:
    """Carries a job out, unless its server releases it before."""

    def __init__(
        self,
        line: Line,
        backend: SandboxBackend,
        worker: str,
        name: str,
        spec: SandboxSpec,
        room: Path,
    ) -> None:
        """Begin nothing yet; `room` is a folder that goes with the worker, also if it is killed."""
        self._line = line
        self._backend = backend
        self._worker = worker
        self._name = name
        self._spec = spec
        self._room = room
        self._publisher = Publisher(line, name)
        self._sandbox: Sandbox | None = None
        self._released = asyncio.Event()
        self._orders: set[asyncio.Task[None]] = set()

    async def carry_out(self) -> None:
        """Go all the way; nothing of the sandbox is left then, however it ends."""
        around = [
            asyncio.create_task(each)
            for each in (self._publisher.send(), self._stay_alive(), self._hear_orders())
        ]
        working = asyncio.create_task(self._work())
        released = asyncio.create_task(self._released.wait())
        try:
            await asyncio.wait({working, released, *around}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # The worker ends: another one has the run at once.
            self._publisher.say("left")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._publisher.all_sent(), TICK_S)
            raise
        finally:
            all_of_it = [working, released, *around, *self._orders]
            for task in all_of_it:
                task.cancel()
            results = await asyncio.gather(*all_of_it, return_exceptions=True)
            is_ours = not any(isinstance(one, SupersededError) for one in results)
            if is_ours and self._released.is_set():
                await self._line.try_once(lambda redis: redis.delete(*names_of(self._name)))
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, SupersededError):
                raise result

    async def _work(self) -> None:
        try:
            await self._run()
        except CodeSyncXError as error:
            self._publisher.say("failed", sentence=str(error))
        finally:
            if self._sandbox is not None:
                await self._sandbox.kill(0)
                await self._sandbox.release()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._released.wait(), _FETCHED_WITHIN_S)

    async def _run(self) -> None:
        spec = self._spec
        with tempfile.TemporaryFile() as archive:
            most = spec.limits.disk_bytes * 2 + spec.limits.files * 4096
            await self._line.receive_file(name_of(Place.IN, self._name), archive, most)
            archive.seek(0)
            if await self._backend.lacks_image(spec):
                await self._backend.pull(spec)
            sandbox = self._sandbox = await self._backend.prepare(spec)
            await sandbox.start(archive)
        self._publisher.say("started")
        pumping = asyncio.create_task(self._pump(sandbox))
        waiting = asyncio.create_task(sandbox.wait())
        try:
            await asyncio.wait({waiting}, timeout=spec.limits.time_s + _SPARE_S)
            if not waiting.done():
                await sandbox.kill(GRACE_S)
            ending = await waiting
            await pumping
        finally:
            pumping.cancel()
            waiting.cancel()
            await asyncio.gather(pumping, waiting, return_exceptions=True)
        self._publisher.say("ended", **ending_to_json(ending, sandbox.usage()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._released.wait(), _FETCHED_WITHIN_S)

    async def _pump(self, sandbox: Sandbox) -> None:
        left = self._spec.limits.output_bytes + _SPARE_BYTES
        async for chunk in sandbox.logs():
            if left > 0:
                left -= len(chunk)
                self._publisher.say("output", chunk)
                await asyncio.sleep(0)
            else:
                await asyncio.sleep(_PACE_S)

    async def _stay_alive(self) -> None:
        """Have it known that this job has a worker, and return if it has another one."""
        name = name_of(Place.ALIVE, self._name)
        while True:
            usage = Usage() if self._sandbox is None else self._sandbox.usage()
            mine = json.dumps({"worker": self._worker, "usage": asdict(usage)})
            there = await self._line.ask(lambda redis: redis.get(name))
            if there is not None and json.loads(there)["worker"] != self._worker:
                return
            await self._line.ask(lambda redis, mine=mine: redis.set(name, mine, px=_ALIVE_MS))  # type: ignore[misc]
            await self._publisher.make_sure()
            await asyncio.sleep(TICK_S)

    async def _hear_orders(self) -> None:
        name, after = name_of(Place.ASKED, self._name), "0-0"
        while True:
            told = await self._line.ask(
                lambda redis, after=after: redis.xread({name: after}, count=10, block=1000)  # type: ignore[misc]
            )
            for entry, asked in told[0][1] if told else ():
                after = entry.decode()
                order = asyncio.create_task(self._obey(json.loads(asked[b"told"])))
                self._orders.add(order)
                order.add_done_callback(self._orders.discard)

    async def _obey(self, told: dict[str, Any]) -> None:
        kind, sandbox = told["type"], self._sandbox
        if kind == "release":
            self._released.set()
        elif sandbox is None:
            return
        elif kind == "kill":
            await sandbox.kill(told["grace_s"])
        elif kind == "signal":
            sandbox.signal(signal.Signals(told["signal"]))
        elif kind == "update":
            await self._update(sandbox, told)
        elif kind == "collect":
            await self._collect(sandbox, told)

    async def _update(self, sandbox: Sandbox, told: dict[str, Any]) -> None:
        problem: list[Any] = []
        with tempfile.TemporaryFile() as changed:
            name = name_of(Place.EDIT, self._name, told["number"])
            try:
                await self._line.receive_file(name, changed, _MOST_EDIT_BYTES)
                changed.seek(0)
                await sandbox.update(changed, told["removed"])
            except OSError as error:
                problem = [error.errno, error.strerror, error.filename]
            except SandboxError as error:
                problem = [0, str(error), ""]
        self._publisher.say("reply", number=told["number"], problem=problem)

    async def _collect(self, sandbox: Sandbox, told: dict[str, Any]) -> None:
        patterns = self._spec.artifacts
        before = {path: Mark(*mark) for path, mark in told["before"].items()}
        with tempfile.TemporaryDirectory(dir=self._room) as name:
            folder = Path(name) / "work"
            try:
                kept = await sandbox.collect(
                    folder,
                    before,
                    told["most_bytes"],
                    lambda path: not patterns or any(matches(path, one) for one in patterns),
                )
            except CodeSyncXError as error:
                self._publisher.say("reply", number=told["number"], problem=str(error))
                return
            with tempfile.TemporaryFile() as archive:
                await asyncio.to_thread(_pack, folder, kept.paths, archive)
                left_out = [[path, why] for path, why in kept.left_out]
                number = told["number"]
                self._publisher.say("reply", number=number, problem="", left_out=left_out)
                with contextlib.suppress(SandboxError):  # then another server asks again
                    await self._line.send_file(name_of(Place.OUT, self._name, number), archive)


def _pack(folder: Path, paths: list[str], archive: IO[bytes]) -> None:
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in paths:
            tar.add(folder / path, f"{folder.name}/{path}", recursive=False)
    archive.seek(0)
