"""The open websockets of everybody but the server's owner: judged again when access changes."""

from __future__ import annotations

import logging
import weakref
from typing import TYPE_CHECKING

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
        """Judge this one too from now on."""
        self._open.add(socket)

    def judge_again(self) -> None:
        """Close what must end, with the reason."""
        for socket in list(self._open):
            if not _is_open(socket):
                continue
            try:
                self._judge(socket)
            except CodeSyncXError as error:
                logger.info("Closed %s: %s", socket.request.path, error)
                self._open.discard(socket)
                refusal.close(socket, error)


def _is_open(socket: WebSocketHandler) -> bool:
    """Whether it was opened and not closed; one whose client left meanwhile has no stream."""
    connection = socket.ws_connection
    return socket.close_code is None and getattr(connection, "stream", None) is not None
