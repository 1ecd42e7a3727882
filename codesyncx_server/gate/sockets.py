"""The open websockets of everybody but the server's owner: judged again when access changes."""

from __future__ import annotations

import logging
import weakref
from typing import TYPE_CHECKING, Any

from ..errors import CodeSyncXError
from . import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado.websocket import WebSocketHandler

logger = logging.getLogger(__name__)


class Sockets:
    """Knows them, and closes those that their person may no longer have."""

    def __init__(self, judge: Callable[[WebSocketHandler], None]) -> None:
        """Take what raises a CodeSyncXError for a socket that must end."""
        self._judge = judge
        self._open: weakref.WeakSet[WebSocketHandler] = weakref.WeakSet()

    def watch(self, socket: WebSocketHandler) -> None:
        """Judge this one too: when it opens, which may be long after it was let in, and then on."""
        self._open.add(socket)
        opened: Callable[..., Any] = socket.open

        def open_if_still_theirs(*args: Any, **kwargs: Any) -> Any:
            return opened(*args, **kwargs) if self._holds(socket) else None

        socket.open = open_if_still_theirs

    def judge_again(self) -> None:
        """Close what must end, with the reason."""
        for socket in list(self._open):
            if not _is_open(socket):
                continue
            self._holds(socket)

    def _holds(self, socket: WebSocketHandler) -> bool:
        """Whether it may stay open; else it is closed."""
        try:
            self._judge(socket)
        except CodeSyncXError as error:
            logger.info("Closed %s: %s", socket.request.path, error)
            self._open.discard(socket)
            refusal.close(socket, error)
            return False
        return True


def _is_open(socket: WebSocketHandler) -> bool:
    """Whether it was opened and not closed; one whose client left meanwhile has no stream."""
    connection = socket.ws_connection
    return socket.close_code is None and getattr(connection, "stream", None) is not None
