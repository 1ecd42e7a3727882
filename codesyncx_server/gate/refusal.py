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

_MOST_REASON_BYTES = 123


def refuse(handler: JupyterHandler, error: CodeSyncXError, title: str = "") -> NoReturn:
    """End a request with this answer, whatever handler it was for."""
    # Some handlers finish in ways of their own, JupyterLab's licenses so that an error hangs.
    handler.finish = partial(web.RequestHandler.finish, handler)  # type: ignore[method-assign]
    handler.write_error = partial(_write, handler, error, title)  # type: ignore[method-assign]
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
    handler: JupyterHandler, error: CodeSyncXError, title: str, status_code: int, **_: Any
) -> None:
    handler.set_status(status_code)
    if is_for_programs(handler):
        handler.set_header("Content-Type", "application/json")
        handler.finish(json.dumps({"code": error.code, "message": str(error)}))
        return
    message = str(error).removeprefix(f"{title}. ")
    page = pages.Page(handler)
    handler.finish(page.render("refused.html", title=title or "Not yours", message=message))
