"""A pseudo-terminal of a sandbox's own, whose other end the server holds."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import struct
import termios
from typing import Self

# ioctl_tty(2); Python's termios has no name for it.
_TIOCSPTLCK = 0x40045431
#: How long what is typed waits for a command that doesn't read.
_PATIENCE_S = 2.0
_PAUSE_S = 0.01
_MOST_CELLS = 1000


class Terminal:
    """The first terminal of one sandbox; what runs there has it for a terminal from its start."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._transport: asyncio.ReadTransport | None = None
        self._writing = asyncio.Lock()

    @classmethod
    def make(cls, folder: str, uid: int | None) -> Self:
        """Make it in a sandbox's `/dev/pts`, for its user; before anything of theirs runs."""
        flags = os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC | os.O_NONBLOCK
        descriptor = os.open(f"{folder}/ptmx", flags)
        made = cls(descriptor)
        try:
            fcntl.ioctl(descriptor, _TIOCSPTLCK, struct.pack("i", 0))
            if uid is not None:
                os.chown(f"{folder}/0", uid, uid, follow_symlinks=False)
            made.resize(80, 24)
        except BaseException:
            os.close(descriptor)
            raise
        return made

    async def output(self) -> asyncio.StreamReader:
        """Give what is printed there, from now on."""
        reader = asyncio.StreamReader()
        opened = os.fdopen(os.dup(self._descriptor), "rb", buffering=0)
        self._transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), opened
        )
        return reader

    async def write(self, typed: bytes) -> None:
        """Type; what isn't read for two seconds is lost."""
        async with self._writing:
            until = asyncio.get_running_loop().time() + _PATIENCE_S
            while typed and asyncio.get_running_loop().time() < until:
                try:
                    typed = typed[os.write(self._descriptor, typed) :]
                except BlockingIOError:
                    await asyncio.sleep(_PAUSE_S)
                except OSError:
                    return  # nobody has it open any more

    def resize(self, columns: int, rows: int) -> None:
        """Have it so many columns and rows."""
        wanted = (max(1, min(rows, _MOST_CELLS)), max(1, min(columns, _MOST_CELLS)))
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", *wanted, 0, 0))

    def close(self) -> None:
        """Let it go."""
        if self._transport is not None:
            self._transport.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


async def read_or_end(stream: asyncio.StreamReader, size: int) -> bytes:
    """Read; a terminal that nobody has open any more is at its end."""
    try:
        return await stream.read(size)
    except OSError as error:
        if error.errno == errno.EIO:
            return b""
        raise
