"""Leads the channels of a kernel out of its sandbox: sockets in a folder of the server's own.

A kernel listens in a network that nobody else is in. For each of its ports there is a Unix socket
here, and what comes to that goes on to the port.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from .commands import PORTS
from .pace import Pace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from .live import LiveSandbox

_CHUNK = 64 * 1024
_RETRY_S = 0.1
#: A notebook with pictures is a few megabytes; more has to come slowly.
_BYTES_PER_S = 4_000_000
_BURST_BYTES = 32_000_000


class Relay:
    """The sockets of one kernel's sandbox."""

    def __init__(self, sandbox: LiveSandbox, sockets: Path) -> None:
        """Begin nothing yet; the sockets are `<sockets>-<port>`, as jupyter_client calls them."""
        self._sandbox = sandbox
        self._sockets = sockets
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._pace = Pace(_BYTES_PER_S, _BURST_BYTES, asyncio.get_running_loop().time())

    async def open(self) -> None:
        """Listen from now on."""
        for port in PORTS.values():
            path = self._sockets.with_name(f"{self._sockets.name}-{port}")
            path.unlink(missing_ok=True)
            self._servers.append(await asyncio.start_unix_server(self._taker(port), path))

    async def close(self) -> None:
        """End all connections; whoever has one connects again to the next relay of that name."""
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _taker(self, port: int) -> Callable[..., Awaitable[None]]:
        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            with contextlib.suppress(OSError):
                try:
                    await self._join(port, reader, writer)
                finally:
                    writer.close()

        return take

    async def _join(
        self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Lead a connection to a port of the kernel's, once that listens there."""
        while True:
            try:
                connected = await self._sandbox.connect(port)
                break
            except ConnectionRefusedError:
                if self._sandbox.is_over:
                    return
                await asyncio.sleep(_RETRY_S)
        inside_reader, inside_writer = await asyncio.open_connection(sock=connected)
        try:
            ways = {
                asyncio.create_task(self._pass_on(reader, inside_writer, None)),
                asyncio.create_task(self._pass_on(inside_reader, writer, self._pace)),
            }
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            inside_writer.close()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pace: Pace | None
    ) -> None:
        clock = asyncio.get_running_loop().time
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0 if pace is None else pace.wait_s(len(chunk), clock()))
