"""The recorder as its parent sees it: a pipe to write to, and a word when the film is done."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .feed import Media, encode
from .task import Ending, finish_arguments, record_arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from .feed import Message
    from .task import Task

_log = logging.getLogger(__name__)

MOST_PICTURES_WAITING = 16 * 1024 * 1024
"""How many bytes a recorder may be behind before it gets no more pictures."""
MOST_WAITING = 24 * 1024 * 1024
"""And before it gets nothing but what it can't do without."""

_TASKS: set[asyncio.Task[None]] = set()
"""Recorders outlive the calls that they record, until their films are done."""


class RecorderProcess:
    """One recorder. `ending` is told why it ends, `done` the name of its film, empty for none."""

    def __init__(
        self, task: Task, ending: Callable[[Ending], None], done: Callable[[Ending, str], None]
    ) -> None:
        self.dropped = 0
        self._task = task
        self._ending = ending
        self._done = done
        self._early: list[bytes] = []
        self._stdin: asyncio.WriteTransport | None = None
        self._is_closed = False
        running = asyncio.get_running_loop().create_task(self._run())
        _TASKS.add(running)
        running.add_done_callback(_TASKS.discard)

    def write(self, message: Message) -> bool:
        """Tell the recorder something; whether there was room for it."""
        if self._is_closed:
            return False
        waiting = self._waiting()
        if isinstance(message, Media):
            most = MOST_WAITING if message.frame.codec == "opus" else MOST_PICTURES_WAITING
            if waiting > most:
                self.dropped += 1
                return False
        data = encode(message)
        if self._stdin is None:
            self._early.append(data)
        else:
            self._stdin.write(data)
        return True

    def close(self) -> None:
        """Say no more; the recorder ends its film."""
        self._is_closed = True
        if self._stdin is not None:
            self._stdin.close()

    def _waiting(self) -> int:
        if self._stdin is None:
            return sum(len(data) for data in self._early)
        return self._stdin.get_write_buffer_size()

    async def _run(self) -> None:
        ending, file = Ending.FAILED, ""
        try:
            ending, file = await self._record()
        except (OSError, ValueError, KeyError) as error:
            _log.error("A call couldn't be recorded: %s", error)
        self._is_closed = True
        self._done(ending, file)

    async def _record(self) -> tuple[Ending, str]:
        """Run the recorder to its end; OSError, ValueError, KeyError."""
        # asyncio would kill its child at the end of the loop; this one has a film to finish then,
        # and hears no Ctrl-C that is for the server.
        process = subprocess.Popen(  # noqa: ASYNC220, S603 (as quick as asyncio's own; our module)
            [sys.executable, *record_arguments(self._task)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        stdout = await self._connect(process)
        ending: Ending | None = None
        async for line in stdout:
            told = json.loads(line)
            ending = Ending(told["reason"])
            if "file" in told:
                await asyncio.to_thread(process.wait)
                return ending, told["file"]
            self._is_closed = True
            self._ending(ending)
        status = await asyncio.to_thread(process.wait)
        _log.error("A recorder died (%d); what it has filmed is kept.", status)
        self._is_closed = True
        if ending is None:
            self._ending(Ending.FAILED)
        return ending or Ending.FAILED, await self._finish()

    async def _connect(self, process: subprocess.Popen[bytes]) -> asyncio.StreamReader:
        """Write what waits to a recorder that has begun; gives what it says."""
        loop = asyncio.get_running_loop()
        stdout = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdout), process.stdout)
        self._stdin, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, process.stdin)
        for data in self._early:
            self._stdin.write(data)
        self._early.clear()
        if self._is_closed:
            self._stdin.close()
        return stdout

    async def _finish(self) -> str:
        """Bring what a dead recorder left over to where it belongs; gives its name there."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *finish_arguments(self._task.scratch),
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await process.communicate()
        names = [Path(json.loads(line)["file"]).name for line in told.splitlines()]
        return next((name for name in names if name.startswith(self._task.name)), "")
