"""Which other extensions can't serve the same project, and the words for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

_RIVAL = "jupyter_server_documents"


def find_conflict(enabled: Container[str]) -> str | None:
    """Say in one line why the server mustn't start with these extensions; None if it may."""
    if _RIVAL not in enabled:
        return None
    return (
        f"CodeSyncX can't run beside {_RIVAL}: both want to keep the same documents, and text would"
        f" get lost. Disable it with `jupyter server extension disable {_RIVAL}` or uninstall it,"
        " then start again."
    )
