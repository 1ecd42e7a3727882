"""Flushes the logs to the disk, many appends at a time."""

from __future__ import annotations

import threading
import time
from typing import Protocol

SYNC_INTERVAL_S = 0.1


class Flushed(Protocol):
    """What is to reach the disk within the interval."""

    def sync(self) -> None:
        """Flush now; never raises."""


class Syncer:
    """A thread that flushes logs to the disk, many appends at a time."""

    def __init__(self, interval_s: float = SYNC_INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._dirty: set[Flushed] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, log: Flushed) -> None:
        """Have `log` flushed within the interval."""
        with self._lock:
            self._dirty.add(log)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="codesyncx-log-sync", daemon=True
                )
                self._thread.start()
        self._wake.set()

    def flush(self) -> None:
        """Flush now whatever waits to be flushed."""
        with self._lock:
            dirty, self._dirty = self._dirty, set()
        for log in dirty:
            log.sync()

    def stop(self) -> None:
        """Flush and end the thread; a later `add` starts another one."""
        with self._lock:
            thread, self._thread = self._thread, None
        self._wake.set()
        if thread is not None:
            thread.join()
        self.flush()

    def _run(self) -> None:
        while self._thread is threading.current_thread():
            self._wake.wait()
            self._wake.clear()
            self.flush()
            time.sleep(self._interval_s)


shared_syncer = Syncer()
