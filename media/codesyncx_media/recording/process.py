"""The recorder: a process that makes one film of what its parent feeds it.

It says on its standard output where the film is when it is done. It ends with the pipe from its
parent, and never leaves a film behind unfinished unless it is killed itself.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from . import store
from .canvas import Canvas, Size
from .feed import FeedReader, Stop, Tick
from .film import Film
from .studio import Studio
from .task import Ending, Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from .feed import Message

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
"""How often the room on the disk is looked at."""
_READ_BYTES = 256 * 1024
_NICENESS = 5
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Recorder:
    """Makes one film."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._recording, self._lock = store.begin(
            Path(task.scratch), store.About(task.folder, task.name)
        )
        size = Size(task.height * 16 // 9 // 2 * 2, task.height)
        self._film = Film(self._recording, size, recorded_by=task.recorded_by)
        self._studio = Studio(self._film, Canvas(size))
        self._looked_at = float("-inf")
        self._now = 0.0

    def run(self, messages: Iterator[Message]) -> Ending:
        """Film until the end; gives why it came."""
        try:
            reason = self._take_all(messages)
            self._film.close()
        except OSError as error:
            _log.warning("A recording ended: %s", error)
            return Ending.DISK_FULL if error.errno in _FULL else Ending.FAILED
        return reason

    def finish(self) -> Path | None:
        """Bring the film to where it belongs; None when it has to stay or is empty."""
        try:
            return store.finish(self._recording)
        except OSError as error:
            _log.warning("A recording stays in %s for now: %s", self._recording, error)
            return None
        finally:
            self._lock.release()

    def _take_all(self, messages: Iterator[Message]) -> Ending:
        for message in messages:
            self._studio.take(message)
            if isinstance(message, Stop):
                return Ending.STOPPED
            if isinstance(message, Tick):
                self._now = message.at
                reason = self._reason_to_end()
                if reason is not None:
                    self._studio.take(Stop(self._now))
                    return reason
        # The process that fed it is gone.
        self._studio.take(Stop(self._now))
        return Ending.STOPPED

    def _reason_to_end(self) -> Ending | None:
        if self._now >= self._task.max_s:
            return Ending.TOO_LONG
        if self._now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = self._now
            if shutil.disk_usage(self._recording).free < self._task.min_free_bytes:
                return Ending.DISK_FULL
        return None


def read_messages(file: BinaryIO) -> Iterator[Message]:
    """Read what a parent writes until it closes the pipe."""
    reader = FeedReader()
    while data := os.read(file.fileno(), _READ_BYTES):
        yield from reader.feed(data)


def record(task: Task) -> None:
    """Record what comes over the standard input, and say how it ended."""
    with suppress(OSError):
        os.nice(_NICENESS)  # the call itself comes first
    try:
        recorder = Recorder(task)
    except OSError as error:
        _log.warning("A recording couldn't begin: %s", error)
        _say(reason=Ending.DISK_FULL if error.errno in _FULL else Ending.FAILED, file="")
        return
    reason = recorder.run(read_messages(sys.stdin.buffer))
    _say(reason=reason)
    target = recorder.finish()
    _say(reason=reason, file="" if target is None else target.name)


def _say(**told: str) -> None:
    with suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Record (`record TASK`), or finish what was left over (`finish FOLDER`)."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    _, what, argument = sys.argv
    if what == "record":
        record(Task(**json.loads(argument)))
    else:
        for target in store.finish_leftovers(Path(argument)):
            _say(file=str(target))
