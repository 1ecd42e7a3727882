"""The error tree of CodeSyncX.

Core code raises these; only the edge (`handlers.py`) turns one into an HTTP status or a
WebSocket close code, both of which stand here and nowhere else.
"""

from __future__ import annotations

from typing import ClassVar


class CodeSyncXError(Exception):
    """Something went wrong that a person or a client can be told about."""

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500
    close_code: ClassVar[int] = 4500


class InvalidRequestError(CodeSyncXError):
    """A request or frame that doesn't follow the protocol."""

    code = "invalid_request"
    http_status = 400
    close_code = 4400


class RefusedError(CodeSyncXError):
    """The person may not do this."""

    code = "refused"
    http_status = 403
    close_code = 4403


class OutgrownError(RefusedError):
    """A part of a file is no more for somebody who may read the whole file by now."""

    code = "outgrown"


class ShutOutError(RefusedError):
    """There is nothing in the project for this person, or no more: their link or grants ended."""

    code = "shut_out"


class NotFoundError(CodeSyncXError):
    """What was asked for doesn't exist."""

    code = "not_found"
    http_status = 404
    close_code = 4404


class ExistsError(CodeSyncXError):
    """There is something of that name already."""

    code = "exists"
    http_status = 409
    close_code = 4400


class ConflictError(CodeSyncXError):
    """What is to be replaced isn't any more what the person has seen."""

    code = "conflict"
    http_status = 409
    close_code = 4409


class LineageChangedError(CodeSyncXError):
    """The client's copy grew from another beginning of the document and can't be merged."""

    code = "lineage_changed"
    http_status = 409
    close_code = 4409


class TooLargeError(CodeSyncXError):
    """A frame, state or file over its limit."""

    code = "too_large"
    http_status = 413
    close_code = 4413


class TooManyError(CodeSyncXError):
    """Too many requests or connections at once."""

    code = "too_many"
    http_status = 429
    close_code = 4429


class StorageError(CodeSyncXError):
    """The log or the file couldn't be written or read; nothing unacknowledged was shown."""

    code = "storage_failed"
    http_status = 507
    close_code = 4507


class ArtifactStoreError(CodeSyncXError):
    """The place where artifacts are stored refuses, has failed or can't be reached."""

    code = "artifact_store"
    http_status = 503
    close_code = 4503


class CallsUnavailableError(CodeSyncXError):
    """The media process doesn't run and can't be started."""

    code = "calls_unavailable"
    http_status = 503
    close_code = 4503


class AccessUnavailableError(CodeSyncXError):
    """Who may do what can't be found out now; so nobody may, but the server's owner."""

    code = "access_unavailable"
    http_status = 503
    close_code = 4503
