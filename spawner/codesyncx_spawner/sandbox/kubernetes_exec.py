"""A command that runs in a pod beside what runs there: its input and output over a WebSocket."""

from __future__ import annotations

import json
from typing import NamedTuple

import aiohttp

from ..errors import SandboxError

STDIN, STDOUT, STDERR, _STATUS = range(4)
_CHUNK = 32 * 1024


class Message(NamedTuple):
    """What the command has printed: on which of its outputs, and what."""

    stream: int
    data: bytes


class Exec:
    """Kubernetes' protocol v4: the first byte of each frame says what it is of."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Take a connection that has just been made."""
        self._socket = socket
        self.exit_code: int | None = None
        """How the command ended; None while it runs, and when nobody could say."""

    async def write_in(self, data: bytes) -> None:
        """Send input; ConnectionError if nobody reads it any more."""
        for start in range(0, len(data), _CHUNK):
            try:
                await self._socket.send_bytes(bytes([STDIN]) + data[start : start + _CHUNK])
            except aiohttp.ClientError as error:
                raise ConnectionResetError(str(error)) from error

    async def read_out(self) -> Message | None:
        """Wait for output; None at its end."""
        async for frame in self._socket:
            if frame.type is not aiohttp.WSMsgType.BINARY or not frame.data:
                continue
            channel, data = frame.data[0], frame.data[1:]
            if channel == _STATUS:
                self.exit_code = _read_status(data)
            elif channel in {STDOUT, STDERR} and data:
                return Message(channel, data)
        return None

    async def finish(self, most_bytes: int = 4096) -> bytes:
        """Wait for the end; give the beginning of what was printed."""
        told = b""
        try:
            while message := await self.read_out():
                told = (told + message.data)[:most_bytes]
        finally:
            await self.close()
        return told

    async def close(self) -> None:
        """Give the connection up; the command may go on."""
        await self._socket.close()


def _read_status(data: bytes) -> int:
    """Read how a command ended; SandboxError if it was never started."""
    told = json.loads(data)
    if told.get("status") == "Success":
        return 0
    for cause in (told.get("details") or {}).get("causes") or ():
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    raise SandboxError(f"A command can't be run in the sandbox: {told.get('message', '')}")
