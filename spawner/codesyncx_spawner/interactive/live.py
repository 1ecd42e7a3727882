"""A sandbox that lives until somebody ends it, or it ends by itself."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from ..states import name_ending
from .pace import Pace

if TYPE_CHECKING:
    import signal
    import socket
    from collections.abc import Awaitable, Callable

    from ..limits import Limits
    from ..sandbox.backend import Sandbox
    from ..states import Ending

#: What is printed to a terminal, and by kernels beside their channels.
_BYTES_PER_S = 1_000_000
_BURST_BYTES = 1_000_000
_LAST_WORDS_S = 1.0


class LiveSandbox:
    """A started sandbox; releases it when it has ended."""

    def __init__(
        self,
        sandbox: Sandbox,
        limits: Limits,
        printed: Callable[[bytes], None],
        released: Callable[[], Awaitable[None]],
    ) -> None:
        """Watch over a sandbox that has been started; `printed` gets what its command prints."""
        self._sandbox = sandbox
        self._limits = limits
        self._printed = printed
        self._released = released
        self._over = asyncio.Event()
        self.ending: Ending | None = None
        self.why = ""
        """Why it was ended, as a sentence, if it was by somebody."""
        self._life = asyncio.create_task(self._live())

    @property
    def is_over(self) -> bool:
        """Whether nothing runs in it any more."""
        return self._over.is_set()

    @property
    def exit_code(self) -> int:
        """How its command ended."""
        return 1 if self.ending is None else self.ending.exit_code

    @property
    def sentence(self) -> str:
        """Say why it is over."""
        if self.why or self.ending is None:
            return self.why
        return name_ending(self.ending, self._limits)[1]

    async def over(self) -> None:
        """Wait until it is."""
        await self._over.wait()

    async def end(self, why: str = "", grace_s: float = 0.0) -> None:
        """End it, and see it gone."""
        self.why = self.why or why
        if not self.is_over:
            await self._sandbox.kill(grace_s)
        await self._over.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send its command a signal."""
        self._sandbox.signal(number)

    async def connect(self, port: int) -> socket.socket:
        """Connect to a port in it; OSError when nothing listens there."""
        if self.is_over:
            raise ConnectionRefusedError("nothing runs")
        return await self._sandbox.connect(port)

    async def write(self, typed: bytes) -> None:
        """Type into its terminal."""
        if not self.is_over:
            await self._sandbox.write(typed)

    def resize(self, columns: int, rows: int) -> None:
        """Tell its terminal how large it is."""
        if not self.is_over:
            self._sandbox.resize(columns, rows)

    async def _live(self) -> None:
        pump = asyncio.create_task(self._pump())
        try:
            self.ending = await self._sandbox.wait()
            await asyncio.wait({pump}, timeout=_LAST_WORDS_S)
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
            try:
                await self._sandbox.release()
            finally:
                await self._released()
                self._over.set()

    async def _pump(self) -> None:
        clock = asyncio.get_running_loop().time
        pace = Pace(_BYTES_PER_S, _BURST_BYTES, clock())
        with contextlib.suppress(OSError):
            async for chunk in self._sandbox.logs():
                self._printed(chunk)
                await asyncio.sleep(pace.wait_s(len(chunk), clock()))
