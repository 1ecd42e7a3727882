"""The Hub's own errors, of the tree of `codesyncx_server.errors`."""

from __future__ import annotations

from codesyncx_server.errors import CodeSyncXError


class ProjectsUnavailableError(CodeSyncXError):
    """The database of projects can't be read or written."""

    code = "projects_unavailable"
    http_status = 503
    close_code = 4503


class HubUnavailableError(CodeSyncXError):
    """The Hub's API fails or refuses."""

    code = "hub_unavailable"
    http_status = 503
    close_code = 4503
