"""The life of a run: its states, which may follow which, and how an ending is named. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from .quantities import bytes_in_words, seconds_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .limits import Limits


class State(StrEnum):
    """Where a run is."""

    QUEUED = "queued"
    PREPARING = "preparing"
    """Its files are being gathered."""
    PULLING = "pulling"
    """Its base image is being fetched."""
    STARTING = "starting"
    RUNNING = "running"
    COLLECTING = "collecting"
    """Its command is over; what it wrote is being fetched."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    """Somebody ended it."""
    TIMED_OUT = "timed_out"
    LOST = "lost"
    """The server or the sandbox went away beneath it, too often to try again."""

    @property
    def is_over(self) -> bool:
        """Whether nothing follows."""
        return self in ENDINGS


ENDINGS = frozenset({State.SUCCEEDED, State.FAILED, State.STOPPED, State.TIMED_OUT, State.LOST})

# Back to the queue goes what a server was at when it was killed.
_ANY_TIME = frozenset({State.QUEUED, State.FAILED, State.STOPPED, State.LOST})
_NEXT: Mapping[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.PREPARING, State.STOPPED, State.LOST}),
    State.PREPARING: _ANY_TIME | {State.PULLING, State.STARTING},
    State.PULLING: _ANY_TIME | {State.STARTING},
    State.STARTING: _ANY_TIME | {State.RUNNING},
    State.RUNNING: _ANY_TIME | {State.COLLECTING},
    State.COLLECTING: _ANY_TIME | ENDINGS,
}


def may_follow(state: State, following: State) -> bool:
    """Whether a run can go from one state to the other."""
    return following in _NEXT.get(state, frozenset())


@dataclass(frozen=True, slots=True)
class Ending:
    """How a sandbox ended, as far as a backend can tell. -9 as exit code is signal 9."""

    exit_code: int
    was_stopped: bool = False
    was_timed_out: bool = False
    ran_out_of_memory: bool = False
    ran_out_of_files: bool = False


_SHELLS_SIGNAL_BASE = 128
_SIGNALS: Mapping[int, str] = {
    4: "an illegal instruction",
    6: "abort()",
    8: "a wrong calculation",
    9: "SIGKILL",
    11: "a wrong memory access",
    15: "SIGTERM",
    24: "using too much processor time",
    25: "a file that grew too large",
    31: "a system call that is forbidden here",
}


def name_ending(ending: Ending, limits: Limits) -> tuple[State, str]:  # noqa: PLR0911 - a list
    """Give a run's last state, and a sentence for people that says why."""
    if ending.was_stopped:
        return State.STOPPED, "It was stopped."
    if ending.was_timed_out:
        allowed = seconds_in_words(limits.time_s)
        return State.TIMED_OUT, f"It was stopped because it took longer than {allowed}."
    if ending.ran_out_of_files:
        return State.FAILED, f"It was stopped because it made more than {limits.files} files."
    if ending.ran_out_of_memory and ending.exit_code:
        allowed = bytes_in_words(limits.memory_bytes)
        return State.FAILED, f"It was ended because it needed more memory than {allowed}."
    if ending.exit_code == 0:
        return State.SUCCEEDED, "It is done."
    signal = -ending.exit_code if ending.exit_code < 0 else ending.exit_code - _SHELLS_SIGNAL_BASE
    if signal in _SIGNALS:
        return State.FAILED, f"It was ended by {_SIGNALS[signal]}."
    return State.FAILED, f"It ended with exit code {ending.exit_code}."
