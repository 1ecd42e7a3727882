"""Tells the event bus of new messages, whichever way they were written."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from ..events.bus import Event
from .catalog import channel_name, excerpt

if TYPE_CHECKING:
    from jupyterlab_chat.chat_manager import ChatManager

    from ..events.bus import EventBus

_log = logging.getLogger(__name__)

# More than that in one change is a conversation that was loaded or pasted, not said.
_MOST_AT_ONCE = 20


class ChatWatch:
    """Follows the chats that jupyterlab-chat has open."""

    def __init__(self, chat_manager: ChatManager, bus: EventBus) -> None:
        self._chats = chat_manager
        self._bus = bus
        self._observed: dict[str, tuple[Any, Any]] = {}
        chat_manager.observe_chats(self._on_chat)

    async def _on_chat(
        self,
        logger: Any,  # noqa: ARG002  Jupyter Events passes all three by name
        schema_id: str,  # noqa: ARG002
        data: dict[str, Any],
    ) -> None:
        chat_id, action = data.get("chat_id", ""), data.get("action")
        if action == "opened":
            self._leave(chat_id)
            chat: Any = self._chats.get(chat_id)
            if chat is not None:
                # Not observe_messages(): it keeps silent until the first save of the room.
                handle = chat.ymessages.observe(partial(self._on_change, chat))
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
            chat.ymessages.unobserve(handle)

    def _on_change(self, chat: Any, event: Any) -> None:
        # With a deletion it is a message that moves, or the file that was read anew.
        if any("delete" in step for step in event.delta):
            return
        new = [message for step in event.delta for message in step.get("insert", ())]
        if len(new) <= _MOST_AT_ONCE:
            for message in new:
                self._tell(chat, message.to_py())

    def _tell(self, chat: Any, message: dict[str, Any]) -> None:
        try:
            path = chat.get_path()
        except ValueError:
            _log.warning("A chat without a path has a new message")
            return
        sender = message.get("sender", "")
        user = chat.get_user(sender)
        data = {
            "path": path,
            "channel": channel_name(path),
            "message_id": message.get("id", ""),
            "sender": sender,
            "sender_name": user.display_name if user else sender,
            "excerpt": excerpt(message.get("body") or ""),
            "mentions": list(message.get("mentions") or []),
        }
        self._bus.publish(Event("chat.message", data))
