"""How a failure is told over HTTP: a status, a stable code and a sentence."""

from __future__ import annotations

from tornado import web

from .errors import CodeSyncXError


def answer_of(error: BaseException | None, status: int, reason: str) -> tuple[int, dict[str, str]]:
    """Give the status of a failure and what is told of it; nothing of what is a defect of ours.

    `status` and `reason` are what Tornado would answer.
    """
    if isinstance(error, CodeSyncXError):
        return error.http_status, {"code": error.code, "message": str(error)}
    if isinstance(error, web.HTTPError):
        message = error.log_message or reason
        return status, {"code": f"http_{status}", "message": message}
    message = "Something went wrong on the server."
    return status, {"code": CodeSyncXError.code, "message": message}
