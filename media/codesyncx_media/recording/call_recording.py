"""The recording of one call: started and stopped by those who may, and everybody is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..errors import RefusedError
from .feeder import Feeder
from .recorder_process import RecorderProcess
from .task import Ending, Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..forwarding import Forwarding
    from ..rooms import CallRoom, Notices
    from .task import RecordingSettings

_NAME = "%Y-%m-%d %H.%M.%S"


class CallRecording:
    """Whether a call is recorded. Without settings it can't be."""

    def __init__(
        self,
        room: CallRoom,
        forwarding: Forwarding,
        settings: RecordingSettings | None,
        tell: Callable[[Notices], None],
        clock: Callable[[], float],
    ) -> None:
        self._room = room
        self._forwarding = forwarding
        self._settings = settings
        self._tell = tell
        self._clock = clock
        self._feeder: Feeder | None = None
        self._process: RecorderProcess | None = None

    def set_recorded(self, by: str, *, is_recorded: bool) -> None:
        """Start or stop, as a member who may; RefusedError."""
        was_recorded = self._room.is_recorded
        notices = self._room.set_recorded(by, is_recorded=is_recorded)
        if is_recorded and self._settings is None:
            self._room.recording_over()
            raise RefusedError("Calls can't be recorded on this server.")
        if is_recorded == was_recorded:
            return
        if self._settings is not None and is_recorded:
            self._start(self._settings, self._room.name_of(by))
        else:
            self._stop()
        self._tell(notices)

    def poll(self, now: float) -> None:
        """Feed the recorder."""
        if self._feeder is not None:
            self._feeder.poll(self._room.people_to_record(), now)

    def end(self) -> None:
        """Stop because the call is over."""
        self._room.recording_over()
        self._stop()

    def _start(self, settings: RecordingSettings, recorded_by: str) -> None:
        task = Task.by(settings, time.strftime(_NAME), recorded_by)

        def ending(_reason: Ending) -> None:
            if self._process is process:
                self._stop()
                self._tell(self._room.recording_over())

        def done(reason: Ending, file: str) -> None:
            ending(reason)
            path = f"{settings.shown_folder}/{file}" if file else ""
            self._tell(self._room.recording_ended(reason, path))

        process = self._process = RecorderProcess(task, ending, done)
        self._feeder = Feeder(self._forwarding, process.write, self._clock)

    def _stop(self) -> None:
        feeder, process = self._feeder, self._process
        self._feeder = self._process = None
        if feeder is not None:
            feeder.stop(self._clock())
        if process is not None:
            process.close()
