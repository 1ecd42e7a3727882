"""Connects to what listens in a container by Docker alone, where its network can't be entered.

A small Python program in the container passes on the bytes: it is slower to begin than a socket
made in the container's network, and needs python3 in the image, but no rights on Docker's machine.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aiodocker.containers import DockerContainer

_CHUNK = 64 * 1024
_CONNECT_S = 15.0
_STDOUT = 1
_PROGRAM = """
import os, socket, sys, threading
for address in ("127.0.0.1", "::1"):
    try:
        there = socket.create_connection((address, int(sys.argv[1])), 5)
        break
    except OSError:
        pass
else:
    sys.exit(1)
there.settimeout(None)
os.write(1, b".")
def onwards():
    while data := os.read(0, 65536):
        there.sendall(data)
    there.shutdown(socket.SHUT_WR)
threading.Thread(target=onwards, daemon=True).start()
while data := there.recv(65536):
    while data:
        data = data[os.write(1, data):]
os._exit(0)
"""


class Message(Protocol):
    """What a program in a container has printed, and on which of its outputs."""

    @property
    def stream(self) -> int: ...
    @property
    def data(self) -> bytes: ...


class Relayed(Protocol):
    """The input and output of a program in a container."""

    async def read_out(self) -> Message | None: ...
    async def write_in(self, data: bytes) -> None: ...
    async def close(self) -> None: ...


def relay_command(port: int) -> list[str]:
    """Give what prints a byte when it has connected, and then passes on; else it ends."""
    return ["python3", "-I", "-S", "-c", _PROGRAM, str(port)]


async def connect_by_relay(
    container: DockerContainer, port: int, tasks: set[asyncio.Task[None]]
) -> socket.socket:
    """Connect to a port; ConnectionRefusedError if nothing listens. `tasks` gets what goes on."""
    execution = await container.exec(relay_command(port), stdin=True)
    stream = execution.start()
    try:
        async with asyncio.timeout(_CONNECT_S):
            await stream.__aenter__()
            first = await stream.read_out()
    except BaseException:
        await stream.close()
        raise
    if first is None or first.stream != _STDOUT:
        await stream.close()
        raise ConnectionRefusedError(f"nothing listens on port {port}")
    ours, theirs = socket.socketpair()
    ours.setblocking(False)  # noqa: FBT003 - the library's signature
    theirs.setblocking(False)  # noqa: FBT003
    task = asyncio.create_task(pass_on(stream, theirs, first.data[1:]))
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    return ours


async def pass_on(stream: Relayed, here: socket.socket, begun: bytes) -> None:
    """Pass on bytes both ways until one side ends, and close both; `begun` has come already."""
    loop = asyncio.get_running_loop()

    async def outwards() -> None:
        await loop.sock_sendall(here, begun)
        while message := await stream.read_out():
            if message.stream == _STDOUT:
                await loop.sock_sendall(here, message.data)

    async def inwards() -> None:
        while data := await loop.sock_recv(here, _CHUNK):
            await stream.write_in(data)

    both = {asyncio.create_task(outwards()), asyncio.create_task(inwards())}
    try:
        # Whichever side ends, so does the other; why, whoever is connected sees.
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        here.close()
        await stream.close()
