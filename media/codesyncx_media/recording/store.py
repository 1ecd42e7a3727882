"""Where recordings are while they are made, and how they come into the project's folder.

Each has a folder of its own in a private place: the film as far as it is, its playlist, and where
it belongs. Whoever writes it holds its lock. What nobody holds was left over when a process died,
and is finished by whoever comes next.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av

from .film import copy_for_seeking
from .fragments import Box, whole_fragments_end
from .task import FILM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO, Self

_log = logging.getLogger(__name__)

ABOUT, LOCK = "about.json", "lock"
_COPY = "copy.mp4"
_MOST_NAMESAKES = 1000
_HEAD_BYTES = 8
_LONG_HEAD_BYTES = 16


@dataclass(frozen=True, slots=True)
class About:
    """Where a recording belongs: the folder, and its name there without an ending."""

    folder: str
    name: str


class Lock:
    """One recording's lock, held until `release` or the process ends."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    @classmethod
    def take(cls, recording: Path) -> Self | None:
        """Take a recording's lock; None while somebody else has it."""
        file = (recording / LOCK).open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return cls(file)

    def release(self) -> None:
        """Let others have it."""
        self._file.close()


def begin(scratch: Path, about: About) -> tuple[Path, Lock]:
    """Make a folder for a new recording; OSError."""
    recording = scratch / secrets.token_hex(8)
    recording.mkdir(mode=0o700)
    lock = Lock.take(recording)
    if lock is None:
        raise FileExistsError(f"Somebody else has {recording}.")
    (recording / ABOUT).write_text(json.dumps({"folder": about.folder, "name": about.name}))
    return recording, lock


def finish(recording: Path) -> Path | None:
    """Bring a recording to where it belongs, by somebody who holds its lock.

    Gives the file there, None when there is nothing to play. OSError when it can't be brought
    there now: it stays where it is then.
    """
    about = _read_about(recording)
    film = recording / FILM
    if about is None or not _cut(film):
        shutil.rmtree(recording)
        return None
    copy = recording / _COPY
    try:
        copy_for_seeking(film, copy)
    except (OSError, av.FFmpegError) as error:
        # It plays as it is, too; only jumping in it is slow.
        _log.warning("A recording is kept as it was written: %s", error)
        copy.unlink(missing_ok=True)
        copy = film
    target = _place(copy, Path(about.folder), about.name)
    shutil.rmtree(recording, ignore_errors=True)  # what stays is empty to whoever finds it
    return target


def finish_leftovers(scratch: Path) -> list[Path]:
    """Finish what processes that died have left; what can't be finished now stays."""
    finished = []
    for recording in sorted(scratch.iterdir()) if scratch.is_dir() else []:
        try:
            lock = Lock.take(recording) if recording.is_dir() else None
            if lock is None:
                continue
            try:
                target = finish(recording)
            finally:
                lock.release()
        except OSError as error:
            _log.warning("The recording in %s can't be finished yet: %s", recording, error)
            continue
        if target is not None:
            finished.append(target)
    return finished


def _read_about(recording: Path) -> About | None:
    try:
        about = json.loads((recording / ABOUT).read_text())
        return About(about["folder"], about["name"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.warning("The recording in %s doesn't say where it belongs: %s", recording, error)
        return None


def _cut(film: Path) -> bool:
    """Cut off what was written in part; whether anything is left."""
    if not film.exists():
        return False
    size = film.stat().st_size
    with film.open("r+b") as file:
        end = whole_fragments_end(_boxes(file, size), size)
        if end:
            file.truncate(end)
    return end > 0


def _boxes(file: BinaryIO, size: int) -> Iterator[Box]:
    at = 0
    while at + _HEAD_BYTES <= size:
        file.seek(at)
        head = file.read(_LONG_HEAD_BYTES)
        length = int.from_bytes(head[:4], "big")
        if length == 1:  # the length follows in 64 bits
            length = int.from_bytes(head[8:16], "big")
        if length < _HEAD_BYTES:
            return
        yield Box(head[4:8], at, length)
        at += length


def _place(film: Path, folder: Path, name: str) -> Path:
    """Move a film into a folder under a name that nothing there has; OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.stat().st_dev != film.stat().st_dev:
        draft = folder / f".{name}.{secrets.token_hex(4)}.part"
        try:
            shutil.copyfile(film, draft)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        film = draft
    for number in range(1, _MOST_NAMESAKES):
        target = folder / (f"{name}.mp4" if number == 1 else f"{name} ({number}).mp4")
        try:
            os.link(film, target)  # never in place of another file, as a move would be
        except FileExistsError:
            continue
        film.unlink()
        return target
    raise FileExistsError(f"There are too many recordings called {name!r} in {folder}.")
