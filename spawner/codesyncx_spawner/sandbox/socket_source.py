"""Sockets that are made inside a sandbox's network, for connections to what listens there.

A sandbox has a network of its own with nothing but `lo`. A socket belongs for life to the network
it was made in, so that a small process that has entered the sandbox's makes them and hands them
out; what is sent through them doesn't pass by it. It runs none of the sandbox's code and sees none
of its files. This file is that process too, see `_main`.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import socket
import sys
from typing import Self

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_NS_GET_USERNS = 0xB701  # ioctl_ns(2)
#: Python has to start once, on a machine that may be busy.
_ANSWER_S = 15.0
_CONNECT_S = 5.0
_FAMILIES = {b"4": socket.AF_INET, b"6": socket.AF_INET6}
_LOOPBACK = ((b"4", "127.0.0.1"), (b"6", "::1"))


class SocketSource:
    """Connects to ports of one sandbox."""

    def __init__(self, channel: socket.socket, process: asyncio.subprocess.Process) -> None:
        self._channel = channel
        self._process = process
        self._lock = asyncio.Lock()
        self.is_broken = False
        """Whether an answer is outstanding that could be taken for the next one's."""

    @classmethod
    async def start(cls, pid: int) -> Self:
        """Enter the network of a process; OSError where that can't be."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        network = -1
        try:
            network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            descriptors = (theirs.fileno(), network)
            making = asyncio.create_task(
                asyncio.create_subprocess_exec(
                    sys.executable,
                    *("-I", "-S", __file__, *map(str, descriptors)),
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=descriptors,
                    env={},
                )
            )
            try:
                process = await asyncio.shield(making)
            finally:
                # Cancelled itself, it could last for ever; without our end the process ends.
                await asyncio.wait({making})
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            if network >= 0:
                os.close(network)
        ours.settimeout(_ANSWER_S)
        return cls(ours, process)

    async def connect(self, port: int) -> socket.socket:
        """Connect to a port of the sandbox's own; ConnectionRefusedError if nothing listens."""
        for family, address in _LOOPBACK:
            async with self._lock:
                made = await asyncio.to_thread(self._ask, family)
            made.setblocking(False)  # noqa: FBT003 - the library's signature
            try:
                async with asyncio.timeout(_CONNECT_S):
                    await asyncio.get_running_loop().sock_connect(made, (address, port))
            except ConnectionRefusedError:
                made.close()
            except BaseException:
                made.close()
                raise
            else:
                return made
        raise ConnectionRefusedError(f"nothing listens on port {port}")

    async def listen(self, port: int) -> socket.socket:
        """Listen in the sandbox's network, for what is in the sandbox."""
        async with self._lock:
            made = await asyncio.to_thread(self._ask, b"4")
        try:
            made.bind((_LOOPBACK[0][1], port))
            made.listen()
        except BaseException:
            made.close()
            raise
        return made

    async def close(self) -> None:
        """End the process; connections that were made stay."""
        self._channel.close()
        await self._process.wait()

    def _ask(self, family: bytes) -> socket.socket:
        try:
            self._channel.sendall(family)
            _, descriptors, _, _ = socket.recv_fds(self._channel, 1, 1)
        except OSError:
            self.is_broken = True
            raise
        if not descriptors:
            self.is_broken = True
            raise ConnectionError("the sandbox's network can't be entered")
        return socket.socket(fileno=descriptors[0])


def _enter(network: int) -> None:
    """Join a network namespace: at once as root, else by the user namespace that owns it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(network, _CLONE_NEWNET) == 0:
        return
    owner = fcntl.ioctl(network, _NS_GET_USERNS)
    for namespace, kind in ((owner, _CLONE_NEWUSER), (network, _CLONE_NEWNET)):
        if libc.setns(namespace, kind) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


def _main(channel_number: int, network: int) -> None:
    _enter(network)
    os.close(network)
    with socket.socket(fileno=channel_number) as channel:
        while family := channel.recv(1):
            with socket.socket(_FAMILIES[family], socket.SOCK_STREAM) as made:
                socket.send_fds(channel, [b"."], [made.fileno()])


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]))
