"""The one way out of a sandbox with a network: a proxy outside that knows where it may lead.

It listens inside the sandbox's network and runs outside, so nothing of ours is in the sandbox, and
nothing in the sandbox has a route: names are resolved and connections made out here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import TYPE_CHECKING

from ..egress import MAX_HEAD_BYTES, Host, Refusal, is_public, judge_request

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

_MAX_CONNECTIONS = 64
_HEAD_S = 10.0
_CONNECT_S = 10.0
_IDLE_S = 300.0
_CHUNK = 64 * 1024


class EgressProxy:
    """Passes on what one run sends to the hosts that it may reach, and tells the log of it."""

    def __init__(self, run_id: str, allowed: Sequence[Host]) -> None:
        self._run_id = run_id
        self._allowed = allowed
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self, listener: socket.socket) -> None:
        """Serve those who connect to a bound socket."""
        self._server = await asyncio.start_server(
            self._accept, sock=listener, limit=MAX_HEAD_BYTES, backlog=_MAX_CONNECTIONS
        )

    async def close(self) -> None:
        """End all connections."""
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= _MAX_CONNECTIONS:
            writer.close()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with (
            contextlib.closing(writer),
            contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError),
        ):
            there = await self._reach(await _read_head(reader))
            if isinstance(there, Refusal):
                writer.write(_answer(there))
                await writer.drain()
                return
            with contextlib.closing(there[1]):
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _join((reader, writer), there)

    async def _reach(
        self, head: bytes
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | Refusal:
        """Connect to where a request leads, and tell the log."""
        judged = judge_request(head, self._allowed)
        if isinstance(judged, Refusal):
            logger.info("Run %s: refused: %s", self._run_id, judged.sentence)
            return judged
        host, name, port = judged
        try:
            async with asyncio.timeout(_CONNECT_S):
                address = await _resolve(host, name, port)
                if address is None:
                    logger.warning("Run %s: refused: %s leads inwards", self._run_id, name)
                    return Refusal("403 Forbidden", f"{name} leads to a private address.")
                # By the address that was judged: the name may lead elsewhere the next time.
                there = await asyncio.open_connection(address, port, limit=_CHUNK)
        except (OSError, TimeoutError) as error:
            logger.info("Run %s: %s:%d can't be reached: %s", self._run_id, name, port, error)
            return Refusal("502 Bad Gateway", f"{name}:{port} can't be reached.")
        logger.info("Run %s: connected to %s:%d", self._run_id, name, port)
        return there


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    """Read a request to the end of its headers; nothing of one that is too long."""
    async with asyncio.timeout(_HEAD_S):
        try:
            return await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return b""


def _answer(refusal: Refusal) -> bytes:
    text = f"{refusal.sentence}\n".encode()
    return (
        f"HTTP/1.1 {refusal.status}\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode()
        + text
    )


async def _resolve(host: Host, name: str, port: int) -> str | None:
    """Give an address of a name; None if it has only such as may not be reached."""
    for address in await _look_up(name, port):
        if host.may_be_private or is_public(address):
            return address
    return None


async def _look_up(name: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


async def _join(
    one: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    other: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Pass on bytes both ways, until both sides have ended or nothing has come for long."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_pass_on(one[0], other[1]))
        tasks.create_task(_pass_on(other[0], one[1]))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            async with asyncio.timeout(_IDLE_S):
                data = await reader.read(_CHUNK)
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except (OSError, TimeoutError):
        # A way that is cut is cut both ways.
        writer.transport.abort()
