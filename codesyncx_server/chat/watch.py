"""Tells the event bus of new messages, whichever way they were written."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..events.bus import Event
from .catalog import channel_name, excerpt

if TYPE_CHECKING:
    from jupyterlab_chat.chat_manager import ChatManager

    from ..events.bus import EventBus

logger = logging.getLogger(__name__)


class ChatWatch:
    """Follows the chats that jupyterlab-chat has open."""

    def __init__(self, chat_manager: ChatManager, bus: EventBus) -> None:
        self._chats = chat_manager
        self._bus = bus
        self._observed: dict[str, tuple[Any, Any]] = {}
        chat_manager.observe_chats(self._on_chat)

    async def _on_chat(self, _logger: Any, _schema_id: str, data: dict[str, Any]) -> None:
        chat_id, action = data.get("chat_id", ""), data.get("action")
        if action == "opened":
            self._leave(chat_id)
            chat = self._chats.get(chat_id)
            if chat is not None:
                handle = chat.observe_messages(lambda event: self._tell(chat, event.message))
                self._observed[chat_id] = (chat, handle)
        elif action in {"closed", "deleted"}:
            self._leave(chat_id)

    def stop(self) -> None:
        """Let go of every chat."""
        for chat_id in list(self._observed):
            self._leave(chat_id)

    def _leave(self, chat_id: str) -> None:
        chat, handle = self._observed.pop(chat_id, (None, None))
        if chat is not None:
            chat.unobserve_messages(handle)

    def _tell(self, chat: Any, message: Any) -> None:
        try:
            path = chat.get_path()
        except ValueError:
            logger.warning("A chat without a path has a new message")
            return
        user = chat.get_user(message.sender)
        data = {
            "path": path,
            "channel": channel_name(path),
            "message_id": message.id,
            "sender": message.sender,
            "sender_name": user.display_name if user else message.sender,
            "excerpt": excerpt(message.body),
            "mentions": list(message.mentions or []),
        }
        self._bus.publish(Event("chat.message", data))
