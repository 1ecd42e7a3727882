"""Keeps file ids with their files when these move without Jupyter's doing, or in a folder.

Open documents are found by file id. jupyter_server_fileid's usual manager hears only of moves
through the server, and forgets the files in a moved folder that has no id itself.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING

from jupyter_server_fileid.manager import ArbitraryFileIdManager

if TYPE_CHECKING:
    from jupyter_server_fileid.manager import BaseFileIdManager

    from .changes import FileChange

logger = logging.getLogger(__name__)


def follow_move(manager: BaseFileIdManager | None, change: FileChange, *, is_told: bool) -> None:
    """Give the ids of `change.old_path` and what is below to the new path.

    `is_told` says that the manager has already heard of the move itself.
    """
    old = change.old_path
    if not isinstance(manager, ArbitraryFileIdManager) or old is None:
        return
    try:
        if not is_told and manager.get_id(old) is not None:
            _make_way(manager, change.path)
            manager.move(old, change.path)
        if change.is_dir:
            with manager.con:
                # The manager's own step for what is below a folder.
                manager._move_recursive(
                    manager._normalize_path(old), manager._normalize_path(change.path)
                )
    except sqlite3.Error:
        logger.exception("The file ids of a moved file or folder couldn't follow it")


def _make_way(manager: ArbitraryFileIdManager, path: str) -> None:
    """Drop the id of a file that the move replaced."""
    if manager.get_id(path) is not None:
        manager.delete(path)
