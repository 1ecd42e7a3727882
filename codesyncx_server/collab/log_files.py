"""Files that are written whole or not at all, and say what went wrong."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from ..errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def damaged_path(path: Path) -> Path:
    """Give a name beside `path` that is free, for what can't be read."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    candidate = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    return candidate


def write_file(path: Path, parts: Iterable[bytes]) -> None:
    """Write a new file whole or not at all, and flush it."""
    temporary = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        try:
            write_all(descriptor, b"".join(parts))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it, however many calls that takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def read_range(descriptor: int, start: int, end: int) -> bytes:
    """Read from `start` up to `end`, or the end of the file."""
    parts = []
    while start < end:
        part = os.pread(descriptor, end - start, start)
        if not part:
            break
        parts.append(part)
        start += len(part)
    return b"".join(parts)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def storage_error(action: str, error: OSError) -> StorageError:
    """Say in a person's words what the disk refused."""
    return StorageError(f"Couldn't {action} this document's log: {error.strerror or error}.")
