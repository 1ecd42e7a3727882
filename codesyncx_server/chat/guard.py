"""Holds people to `ChatJudge` in the rooms of chat documents.

A subclass of jupyter-collaboration's handler, on its route, for chat documents only. An update is
judged right before the room would apply it; a refused one ends the connection, since a client that
stays connected after an update was dropped would differ from everybody else for ever.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from jupyter_server_ydoc.handlers import YDocWebSocketHandler
from pycrdt import YMessageType, YSyncMessageType, read_message

from ..errors import CodeSyncXError, InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pycrdt import Doc

    from .judge import ChatJudge

ROUTE = r"/api/collaboration/room/([^/]*:chat:[^/]*)"
_UPDATES = {bytes([kind]) for kind in (YSyncMessageType.SYNC_STEP2, YSyncMessageType.SYNC_UPDATE)}
# A close frame has room for 123 bytes; the rest of them are JSON and the code.
_MAX_REASON_CHARS = 70


class Judges:
    """The judge of each open chat room, kept in step with the room's document."""

    def __init__(
        self,
        make: Callable[[Doc[Any]], ChatJudge],
        remember: Callable[[dict[str, Any]], None],
    ) -> None:
        self._make = make
        self._judges: WeakKeyDictionary[Any, ChatJudge] = WeakKeyDictionary()
        self.remember = remember

    def of(self, room: Any) -> ChatJudge:
        """Give the judge of `room`."""
        judge = self._judges.get(room)
        if judge is None:
            judge = self._make(room.ydoc)
            self._judges[room] = judge
            follow = judge.follow
            room.ydoc.observe(lambda event: follow(event.update))
        return judge


class ChatRoomHandler(YDocWebSocketHandler):
    """The room of one chat document, for one person."""

    def initialize(self, judges: Judges) -> None:  # type: ignore[override]
        self._judges = judges
        upstream = self.settings["jupyter_server_ydoc"]
        # Upstream makes these once, for its own route.
        arguments = next(
            handler[2] for handler in upstream.handlers if handler[1] is YDocWebSocketHandler
        )
        super().initialize(**arguments)

    async def open(self, room_id: str) -> None:
        """Keep who comes in, by the identity provider's word."""
        self._judges.remember(dataclasses.asdict(self.current_user))
        await super().open(room_id)

    async def __anext__(self) -> bytes:
        message: bytes = await super().__anext__()
        try:
            self._judge(message)
        except CodeSyncXError as error:
            self.log.info("Refused an update of %s: %s", self.current_user.username, error)
            reason = {"code": error.code, "message": str(error)[:_MAX_REASON_CHARS]}
            self.close(error.close_code, json.dumps(reason))
            raise StopAsyncIteration from error
        return message

    def _judge(self, message: bytes) -> None:
        if message[0] != YMessageType.SYNC or message[1:2] not in _UPDATES:
            return
        try:
            update = read_message(message[2:])
        except (AssertionError, IndexError, ValueError) as error:  # pycrdt asserts
            raise InvalidRequestError("The message is cut short.") from error
        self._judges.of(self.room).admit(update, self.current_user.username)
