"""The logs of one project."""

from __future__ import annotations

import fcntl
import hashlib
import os
from typing import TYPE_CHECKING

from ..errors import StorageError
from .log import DocumentLog
from .log_files import storage_error
from .log_syncer import shared_syncer
from .records import HEADER_SIZE, decode_header

if TYPE_CHECKING:
    from pathlib import Path

    from .log_syncer import Syncer


class LogFolder:
    """The logs of one project, for one server process at a time."""

    def __init__(self, folder: Path, syncer: Syncer | None = None) -> None:
        self._folder = folder
        self._syncer = syncer or shared_syncer
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            self._lock_descriptor = os.open(
                folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise storage_error("open", error) from error
        try:
            fcntl.flock(self._lock_descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock_descriptor)
            raise StorageError(
                f"Another server is using the document logs in {folder}; stop it first."
            ) from error

    def open(self, key: str) -> DocumentLog:
        """Open the log of the document `key`, or begin one."""
        return DocumentLog.open(self._path_of(key), key, self._syncer)

    def lineage_of(self, key: str) -> str | None:
        """Read the lineage of a document from its header; None when there is no log."""
        try:
            with self._path_of(key).open("rb") as file:
                header = decode_header(file.read(HEADER_SIZE))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise storage_error("read", error) from error
        return header.lineage if header else None

    def delete(self, key: str) -> None:
        """Forget a document's log; its damaged parts stay. Close it first."""
        try:
            self._path_of(key).unlink(missing_ok=True)
        except OSError as error:
            raise storage_error("delete", error) from error

    def close(self) -> None:
        """Flush everything and let another process have the folder."""
        self._syncer.flush()
        os.close(self._lock_descriptor)

    def _path_of(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.log"
