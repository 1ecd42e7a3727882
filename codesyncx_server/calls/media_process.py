"""The media process beside the server: begun with the first call, and anew when it has ended.

It has none of the server's environment but what a program needs to start: tokens and passwords of
the server's are no business of its. Secrets go over its standard input, and it ends with that pipe.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codesyncx_media.tokens import TokenKey
from codesyncx_server.errors import CallsUnavailableError

from .metrics import LoadMeter

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

START_S = 60.0
"""For a machine that is very busy: one that can't start ends at once, and isn't waited for."""
STOP_S = 5.0
_NOTICE_S = 3.0
_SECRET_BYTES = 32
_KEPT = (
    "PATH",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "SYSTEMROOT",
)


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """Where media is sent and received: `host` is bound, browsers are told `addresses`."""

    host: str = "127.0.0.1"
    udp_port: int = 0
    addresses: tuple[str, ...] = ("127.0.0.1",)
    recordings: Mapping[str, Any] | None = None
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(_SECRET_BYTES), repr=False)


class MediaProcess:
    """One media process; `key` signs the tokens that it believes."""

    def __init__(self, settings: MediaSettings) -> None:
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0
        self._recorded: frozenset[str] = frozenset()
        self._starting = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self.key = TokenKey(settings.secret)

    @property
    def pid(self) -> int | None:
        """The process, when it runs."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    async def signalling_port(self) -> int:
        """Tell where on the loopback it signals, starting it if need be; CallsUnavailableError."""
        async with self._starting:
            if self.pid is None:
                await self._start()
            return self._port

    async def end_noticed(self) -> None:
        """Wait for the end of a process that doesn't answer; one that lives is waited for a moment.

        Its sockets are closed before its parent hears that it died.
        """
        process = self._process
        if process is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _NOTICE_S)

    def is_recorded(self, project: str) -> bool:
        """Whether a call of a project is recorded now."""
        return self.pid is not None and project in self._recorded

    def order(self, **order: Any) -> None:
        """Have it do something, if it runs at all."""
        process = self._process
        if self.pid is not None and process is not None and process.stdin is not None:
            process.stdin.write(json.dumps(order).encode() + b"\n")

    async def stop(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if self._watching is not None:
            self._watching.cancel()
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _start(self) -> None:
        settings = self._settings
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "codesyncx_media",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
        )
        self._process = process
        first = {
            "secret": settings.secret.hex(),
            "host": settings.host,
            "udp_port": settings.udp_port,
            "addresses": list(settings.addresses),
            "recordings": settings.recordings,
        }
        self.order(**first)
        try:
            line = await asyncio.wait_for(_first_line(process), START_S)
            started = json.loads(line)
            self._port, path = int(started["signalling_port"]), str(started["path"])
        except (TimeoutError, ValueError, KeyError) as error:
            logger.exception("The media process doesn't start; its own words are above.")
            await self.stop()
            raise CallsUnavailableError(
                "Calls can't be started on this server; its log says why."
            ) from error
        logger.info(
            "Calls run in the media process %d; packets take its %s path", process.pid, path
        )
        self._watching = asyncio.create_task(self._watch(process))

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        meter = LoadMeter()
        try:
            while process.stdout is not None and (line := await process.stdout.readline()):
                news = json.loads(line)
                self._recorded = frozenset(call["project"] for call in news["recorded"])
                meter.take(news["load"])
        finally:
            meter.end()
        status = await process.wait()
        self._recorded = frozenset()
        if self._process is process:
            logger.warning("The media process ended by itself (%d); calls begin anew.", status)


async def _first_line(process: asyncio.subprocess.Process) -> bytes:
    return b"" if process.stdout is None else await process.stdout.readline()
