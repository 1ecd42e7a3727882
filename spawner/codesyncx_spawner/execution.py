"""One run in one sandbox, from its start to its end: output, wall time, and being stopped."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import IO, TYPE_CHECKING

from .errors import SandboxError
from .masking import Masking
from .output import Output, Piece, Told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from .limits import Limits
    from .sandbox.backend import Sandbox
    from .states import Ending

#: How long a command has between being asked to end and being ended.
GRACE_S = 2.0
_FLUSH_EVERY_S = 0.1
_CATCH_UP_S = 5.0
_KILLED = 137
#: Between two looks at output that nobody keeps: whoever prints without end has to wait.
_PACE_S = 0.01


class Execution:
    """Runs a command and tells what it prints."""

    def __init__(
        self,
        sandbox: Sandbox,
        limits: Limits,
        tell: Callable[[list[Piece]], None],
        first_number: int = 0,
        told: Told | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        """Begin nothing yet; `tell` gets each bit of output as it comes, but for what is `told`.

        Secrets are masked in it.
        """
        self._sandbox = sandbox
        self._limits = limits
        self._tell = tell
        self._stop = asyncio.Event()
        self._output = Output(limits.output_bytes, first_number, told)
        self._masking = Masking(secrets)
        self._printed = 0
        self._is_ending = False

    def stop(self) -> None:
        """Have the run end soon, at whatever point it is."""
        self._stop.set()

    async def run(
        self, snapshot: IO[bytes], started: Callable[[], Awaitable[None]]
    ) -> Ending | None:
        """Run to the end; None if it was stopped before it had started.

        SandboxError if the sandbox fails. It is still to be released.
        """
        starting = asyncio.create_task(self._sandbox.start(snapshot))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                return None
            starting.result()
        finally:
            for task in (starting, stopping):
                task.cancel()
            await asyncio.wait({starting, stopping})
        await started()
        return await self._go_on(self._limits.time_s)

    async def take_up(self, elapsed_s: float) -> Ending:
        """Run to the end what another process has started so long ago."""
        left_s = self._limits.time_s - elapsed_s
        # What has ended meanwhile needs a moment to say so.
        ending = await self._go_on(max(_CATCH_UP_S, left_s))
        if left_s < 0 and ending.exit_code == _KILLED and not ending.was_stopped:
            return replace(ending, was_timed_out=True)  # by what looks at the time without us
        return ending

    async def _go_on(self, left_s: float) -> Ending:
        try:
            return await self._to_the_end(left_s)
        except BaseExceptionGroup as group:
            # A sandbox that fails does so in one of the tasks.
            failed, others = group.split(SandboxError)
            if failed is None or others is not None:
                raise
            first: BaseException = failed
            while isinstance(first, BaseExceptionGroup):
                first = first.exceptions[0]
            raise first from group

    async def _to_the_end(self, left_s: float) -> Ending:
        async with asyncio.TaskGroup() as tasks:
            pump = tasks.create_task(self._pump())
            flush = tasks.create_task(self._flush())
            waiting = tasks.create_task(self._sandbox.wait())
            stopping = tasks.create_task(self._stop.wait())
            done, _ = await asyncio.wait(
                {waiting, stopping},
                timeout=left_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            ended_itself = waiting in done
            self._is_ending = True
            if not ended_itself:
                await self._sandbox.kill(GRACE_S)
            ending = await waiting
            await pump
            flush.cancel()
            stopping.cancel()
        self._tell(self._output.add(self._masking.end()) + self._output.end())
        return replace(
            ending,
            was_stopped=not ended_itself and self._stop.is_set(),
            was_timed_out=not ended_itself and not self._stop.is_set(),
        )

    def say(self, text: str) -> None:
        """Put a sentence of the server's own into the output."""
        self._tell(self._output.notice(text))

    async def _pump(self) -> None:
        async for chunk in self._sandbox.logs():
            self._printed += len(chunk)
            if self._output.is_cut and not self._is_ending:
                await asyncio.sleep(_PACE_S)
            elif pieces := self._output.add(self._masking.add(chunk)):
                self._tell(pieces)
            # What has been read ahead comes without waiting: give everybody else their turn.
            await asyncio.sleep(0)

    async def _flush(self) -> None:
        """Show a line that has stayed open: a prompt, or a progress bar."""
        before = 0
        while True:
            await asyncio.sleep(_FLUSH_EVERY_S)
            if self._printed == before and (pieces := self._output.flush()):
                self._tell(pieces)
            before = self._printed
