"""What a recorder is asked for, and how its film can end."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

FILM, PLAYLIST = "film.mp4", "playlist.m3u8"
"""What is in the folder of a recording that is being made."""
MODULE = "codesyncx_media.recording"


class Ending(StrEnum):
    """Why a recording ended."""

    STOPPED = "stopped"
    """Somebody stopped it, or everybody left."""
    TOO_LONG = "too_long"
    DISK_FULL = "disk_full"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """Where films are made (`scratch`) and where they belong (`folder`), and how large they get.

    `shown_folder` is the name of the folder in the project.
    """

    scratch: str
    folder: str
    shown_folder: str
    height: int = 720
    max_s: float = 4 * 3600.0
    min_free_bytes: int = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Task:
    """One film to make; `name` is its name in `folder`, without an ending.

    The film says who recorded it.
    """

    scratch: str
    folder: str
    name: str
    height: int
    max_s: float
    min_free_bytes: int
    recorded_by: str = ""

    @classmethod
    def by(cls, settings: RecordingSettings, name: str, recorded_by: str = "") -> Task:
        """Give the task of making a film as the settings say."""
        return cls(
            settings.scratch,
            settings.folder,
            name,
            settings.height,
            settings.max_s,
            settings.min_free_bytes,
            recorded_by,
        )


def record_arguments(task: Task) -> list[str]:
    """Give the arguments to start a recorder with."""
    return ["-m", MODULE, "record", json.dumps(asdict(task))]


def finish_arguments(scratch: str) -> list[str]:
    """Give the arguments to finish what recorders have left over."""
    return ["-m", MODULE, "finish", scratch]
