"""A process that is held by a descriptor, so that no other can be taken for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from . import processes


class WatchedProcess:
    """A process that is held by a descriptor, so that no other can be taken for it."""

    def __init__(self) -> None:
        """Hold none yet."""
        self.pid = 0
        self.started: str | None = None
        self._descriptor: int | None = None

    def find(self, pid: int) -> None:
        """Hold a process; one that has ended already counts as gone."""
        self.pid = pid
        with contextlib.suppress(ProcessLookupError):
            self._descriptor = os.pidfd_open(pid)
            self.started = processes.started_at(pid)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        if self._descriptor is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    async def gone(self) -> None:
        """Wait until it, and for process 1 of a namespace all in that, has ended."""
        if self._descriptor is None:
            return
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        watched = os.dup(self._descriptor)
        loop.add_reader(watched, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(watched)
            os.close(watched)

    def close(self) -> None:
        """Hold it no more."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
