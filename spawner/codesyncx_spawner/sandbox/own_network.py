"""The network of one sandbox, which only this server gets into: ways in, and the one way out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from .egress_proxy import EgressProxy
from .layout import PROXY_PORT
from .socket_source import SocketSource

if TYPE_CHECKING:
    import socket

    from .backend import SandboxSpec


class OwnNetwork:
    """The network namespace of a process of this machine, entered when somebody wants to."""

    def __init__(self) -> None:
        """Enter none yet."""
        self._sockets: SocketSource | None = None
        self._way_out: EgressProxy | None = None
        self._entering = asyncio.Lock()

    async def connect(self, pid: int, port: int) -> socket.socket:
        """Connect to a port that something in process `pid`'s network listens on; OSError."""
        return await (await self._of(pid)).connect(port)

    async def open_way_out(self, pid: int, spec: SandboxSpec) -> None:
        """Let the sandbox reach the hosts that it may; before its command runs."""
        proxy = EgressProxy(spec.run_id, spec.network)
        await proxy.start(await (await self._of(pid)).listen(PROXY_PORT))
        self._way_out = proxy

    async def close(self) -> None:
        """Close the way out, and enter the network no more; connections inwards stay."""
        if self._way_out is not None:
            await self._way_out.close()
        if self._sockets is not None:
            await self._sockets.close()

    async def _of(self, pid: int) -> SocketSource:
        async with self._entering:
            if self._sockets is not None and self._sockets.is_broken:
                await self._sockets.close()
                self._sockets = None
            if self._sockets is None:
                self._sockets = await SocketSource.start(pid)
            return self._sockets
