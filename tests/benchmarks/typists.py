"""Most of a crowd, in a process of its own: probes beside it stay light, and tell the truth."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from benchmarks.load import Address, Client, Flight, Socket

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from benchmarks.load import EditId


@dataclass(frozen=True)
class Typed:
    """What the crowd did: when it sent which edit, what it cost, how many were thrown out."""

    sent: dict[EditId, float]
    cpu_s: float
    closed: int


class Typists:
    """`async with Typists(addresses)`: one client for each address, then `type_for`."""

    def __init__(self, addresses: list[Address], *, echoes: bool) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_run, args=(theirs, addresses, echoes), name="typists", daemon=True
        )

    async def __aenter__(self) -> Self:
        self._process.start()
        await self._answer()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._pipe.close()
        await asyncio.to_thread(self._process.join, 10)
        if self._process.is_alive():
            self._process.kill()

    async def type_for(self, seconds: float) -> Typed:
        """Have everybody type."""
        self._pipe.send(seconds)
        typed = await self._answer()
        assert isinstance(typed, Typed)
        return typed

    async def _answer(self) -> Any:
        answer = await asyncio.to_thread(self._pipe.recv)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def _run(pipe: Connection, addresses: list[Address], echoes: bool) -> None:  # noqa: FBT001
    try:
        asyncio.run(_serve(pipe, addresses, echoes=echoes))
    except EOFError:
        pass  # the benchmark is done with us
    except (OSError, TimeoutError) as error:
        pipe.send(error)


async def _serve(pipe: Connection, addresses: list[Address], *, echoes: bool) -> None:
    flight = Flight()
    clients = []
    for address in addresses:
        client = Client(await Socket(address).connect(), flight, echoes=echoes)
        await client.sync()
        clients.append(client)
    pipe.send(len(clients))
    while True:
        seconds = await asyncio.to_thread(pipe.recv)
        cpu = time.process_time()
        await asyncio.gather(*(client.type_for(seconds) for client in clients))
        cpu = time.process_time() - cpu
        pipe.send(Typed(flight.sent, cpu, sum(client.socket.closed for client in clients)))
