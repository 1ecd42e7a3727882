"""The bytes of a file as last saved, read off the event loop."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

from jupyter_server.services.contents.fileio import FileManagerMixin
from jupyter_server.utils import ensure_async

from ..errors import NotFoundError, TooLargeError

LARGEST_CONTENT_BYTES = 64 * 1024 * 1024


def os_path_of(contents_manager: Any, path: str) -> Path | None:
    """Give where `path` lies on the disk, None when the contents manager doesn't use the disk."""
    if not isinstance(contents_manager, FileManagerMixin):
        return None
    return Path(contents_manager._get_os_path(path))


def read_bytes(os_path: Path) -> bytes:
    """Read a regular file of bearable size; blocks."""
    try:
        with os_path.open("rb") as file:
            found = os_path.stat()
            if not stat.S_ISREG(found.st_mode):
                raise NotFoundError("Only regular files have a history.")
            content = file.read(LARGEST_CONTENT_BYTES + 1)
    except OSError as error:
        raise NotFoundError("The file can't be read.") from error
    if len(content) > LARGEST_CONTENT_BYTES:
        raise TooLargeError("The file is too large for the history.")
    return content


async def read_model(contents_manager: Any, path: str) -> bytes:
    """Read through a contents manager that keeps its files elsewhere than on the disk."""
    model = await ensure_async(contents_manager.get(path, content=True))
    content = model["content"]
    if model["type"] == "notebook":
        return (json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
    if not isinstance(content, str):
        raise NotFoundError("Only files have a history.")
    return base64.b64decode(content) if model["format"] == "base64" else content.encode()
