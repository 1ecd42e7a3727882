"""Where CodeSyncX keeps a project's own data: a private folder outside the project."""

from __future__ import annotations

import hashlib
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir

from .errors import StorageError

_FOLDER = "codesyncx"
_PRIVATE = 0o700
_HEX_DIGITS = 16


def project_data_dir(root_dir: str | Path, data_dir: str | Path | None = None) -> Path:
    """Give the private folder of the project at `root_dir`, created when missing.

    The same root always has the same folder, whatever symbolic link or relative path leads to it.
    """
    resolved = str(Path(root_dir).expanduser().resolve())
    digest = hashlib.sha256(resolved.encode("utf-8", "surrogateescape")).hexdigest()
    parent = Path(data_dir or jupyter_data_dir()) / _FOLDER
    folder = parent / digest[:_HEX_DIGITS]
    try:
        parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        folder.mkdir(mode=_PRIVATE, exist_ok=True)
        folder.chmod(_PRIVATE)
    except OSError as error:
        raise StorageError(f"CodeSyncX can't use its data folder {folder}: {error}") from error
    return folder
