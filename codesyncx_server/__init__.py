"""CodeSyncX: working together in one project, on JupyterLab.

Imports nothing heavy: the media and Hub processes import `codesyncx_server.access`.
"""

from __future__ import annotations


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    from .app import CodeSyncXApp  # noqa: PLC0415 (only a Jupyter server needs tornado loaded)

    return [{"module": "codesyncx_server", "app": CodeSyncXApp}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "codesyncx"}]
