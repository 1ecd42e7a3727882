"""`.codesyncx/run.toml` on the disk, as JupyterLab opens no hidden files.

Blocks: for a thread of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from codesyncx_spawner.run_file import RUN_FILE

from ..errors import ConflictError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FOLDER, _NAME = PurePosixPath(RUN_FILE).parts
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_BYTES = 100_000
_FOLDER_MODE = 0o755
_FILE_MODE = 0o644


class RunFileText(NamedTuple):
    """What is in the file, and a name for just this content; the text is empty without a file."""

    text: str
    version: str


def read_text(root: Path) -> RunFileText:
    """Read the file; StorageError if it is there and can't be read."""
    try:
        with (
            _folder_of(root) as folder,
            os.fdopen(os.open(_NAME, _OPEN_FILE, dir_fd=folder), "rb") as file,
        ):
            content = file.read(_MOST_BYTES)
    except FileNotFoundError:
        content = b""
    except OSError as error:
        raise StorageError(f"{RUN_FILE} can't be read: {error.strerror}.") from error
    return RunFileText(content.decode(errors="replace"), hashlib.sha256(content).hexdigest())


def write_text(root: Path, text: str, version: str) -> RunFileText:
    """Replace the content that `version` names; ConflictError if it has changed meanwhile.

    StorageError if it can't be written; what was there stays then.
    """
    try:
        return _replace(root, text.encode(), version)
    except OSError as error:
        raise StorageError(f"{RUN_FILE} can't be written: {error.strerror}.") from error


def _replace(root: Path, content: bytes, version: str) -> RunFileText:
    if read_text(root).version != version:
        raise ConflictError(
            "Somebody has changed the project's runs meanwhile: copy what you want to keep, and "
            "open them again."
        )
    with contextlib.suppress(FileExistsError):
        (root / _FOLDER).mkdir(mode=_FOLDER_MODE)
    with _folder_of(root) as folder:
        half = f".~{secrets.token_hex(8)}"
        try:
            with os.fdopen(os.open(half, _NEW_FILE, _FILE_MODE, dir_fd=folder), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.rename(half, _NAME, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(half, dir_fd=folder)
            raise
    return read_text(root)


@contextlib.contextmanager
def _folder_of(root: Path) -> Iterator[int]:
    """Open the folder, unless it is a link that leads somewhere else."""
    folder = os.open(root / _FOLDER, _OPEN_FOLDER)
    try:
        yield folder
    finally:
        os.close(folder)
