"""How a refusal is told: as JSON to programs, as a page to people."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.websocket import WebSocketHandler

from . import pages

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler

    from ..errors import CodeSyncXError
    from .standing import Standing

_MOST_REASON_BYTES = 123


def refuse(
    handler: JupyterHandler, error: CodeSyncXError, standing: Standing | None = None
) -> NoReturn:
    """End a request with this answer, whatever handler it was for.

    With a `standing` they are out as a whole: their page opens by itself once they are let in.
    """
    # Some handlers finish in ways of their own, JupyterLab's licenses so that an error hangs.
    handler.finish = partial(web.RequestHandler.finish, handler)  # type: ignore[method-assign]
    handler.write_error = partial(_write, handler, error, standing)  # type: ignore[method-assign]
    handler.log_exception = lambda *_: None  # type: ignore[method-assign]
    raise web.HTTPError(error.http_status, str(error).replace("%", "%%"))


def is_for_programs(handler: JupyterHandler) -> bool:
    """Whether a program reads the answer, not a person."""
    if isinstance(handler, (APIHandler, WebSocketHandler)):
        return True
    if handler.request.method not in {"GET", "HEAD"}:
        return True
    return "text/html" not in handler.request.headers.get("Accept", "*/*;text/html")


def close(socket: WebSocketHandler, error: CodeSyncXError) -> None:
    """End an open websocket, with the reason."""
    reason = json.dumps({"code": error.code, "message": str(error)})
    if len(reason.encode()) > _MOST_REASON_BYTES:
        reason = json.dumps({"code": error.code, "message": "You may no longer."})
    socket.close(error.close_code, reason)


def _write(
    handler: JupyterHandler,
    error: CodeSyncXError,
    standing: Standing | None,
    status_code: int,
    **_: Any,
) -> None:
    handler.set_status(status_code)
    if is_for_programs(handler):
        handler.set_header("Content-Type", "application/json")
        handler.finish(json.dumps({"code": error.code, "message": str(error)}))
        return
    page = pages.Page(handler)
    if standing is None:
        told = page.render("refused.html", title="Not yours", message=str(error))
    else:
        told = page.render("shut-out.html", title=standing.title, message=standing.advice)
    handler.finish(told)
