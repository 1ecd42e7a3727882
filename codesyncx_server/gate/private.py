"""JupyterLab's settings and workspaces, each person's own; the owner's are nobody else's."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from jupyterlab_server.workspaces_handler import WorkspacesManager

from ..errors import CodeSyncXError, StorageError, TooLargeError
from ..storage import project_data_dir
from . import refusal

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler

    from .sight import Sight

MAX_BODY_BYTES = 256_000
MAX_PERSON_BYTES = 4_000_000
MAX_FILES = 400
_PEOPLE = "people"
_SETTINGS = "settings"
_WORKSPACES = "workspaces"
_PRIVATE = 0o700
_HEX_DIGITS = 32
# JupyterLab's news are for whoever looks after the server.
_AT_FIRST = {
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    }
}


def use_own_settings(handler: JupyterHandler, sight: Sight) -> None:
    """Have a handler of settings keep them where this person's are."""
    folder = _folder_for(handler, sight)
    handler.settings_dir = str(folder / _SETTINGS)  # type: ignore[attr-defined]


def use_own_workspaces(handler: JupyterHandler, sight: Sight) -> None:
    """Have a handler of workspaces keep them where this person's are."""
    folder = _folder_for(handler, sight)
    handler.manager = WorkspacesManager(str(folder / _WORKSPACES))  # type: ignore[attr-defined]


def _folder_for(handler: JupyterHandler, sight: Sight) -> Path:
    try:
        folder = _folder_of(Path(handler.contents_manager.root_dir), sight.person.username)
        if handler.request.method == "PUT":
            _check_room(folder, len(handler.request.body))
    except CodeSyncXError as error:
        refusal.refuse(handler, error)
    return folder


def _folder_of(root: Path, username: str) -> Path:
    name = hashlib.sha256(username.encode("utf-8", "surrogatepass")).hexdigest()[:_HEX_DIGITS]
    folder = project_data_dir(root) / _PEOPLE / name
    try:
        if not folder.exists():
            folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            for path, settings in _AT_FIRST.items():
                file = folder / _SETTINGS / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps(settings))
    except OSError as error:
        raise StorageError(f"Your settings can't be kept: {error}") from error
    return folder


def _check_room(folder: Path, size: int) -> None:
    if size > MAX_BODY_BYTES:
        raise TooLargeError("That is too large to be kept for you.")
    files = [file for file in folder.rglob("*") if file.is_file()]
    if len(files) >= MAX_FILES or size + sum(f.stat().st_size for f in files) > MAX_PERSON_BYTES:
        raise TooLargeError("There is no more room for your settings and workspaces.")
