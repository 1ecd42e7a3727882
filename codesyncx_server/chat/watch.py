"""Follows the open chats: tells the event bus of new messages, and knows those not yet saved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from pycrdt import Array, Map

from ..events.bus import Event
from .catalog import SUFFIX, channel_name, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from pycrdt import Doc

    from ..events.bus import EventBus

# More than that in one change is a conversation that was loaded or pasted, not said.
_MOST_AT_ONCE = 20
# More than that isn't said between two saves: the file has changed on the disk.
_MOST_UNSAVED = 200


class _Room(Protocol):
    """What is looked at of an open chat's room."""

    ydoc: Doc[Any]

    @property
    def path(self) -> str: ...


@dataclass(slots=True)
class _Open:
    """An open chat. An observer ends with the last reference to what it observes."""

    room: _Room
    messages: Array[Any]
    users: Map[Any]
    observer: Any = None


class ChatWatch:
    """Follows each chat from its room's opening, before anybody can say something, to its end."""

    def __init__(self, bus: EventBus, find_room: Callable[[str], _Room | None]) -> None:
        self._bus = bus
        self._find_room = find_room
        self._open: dict[str, _Open] = {}
        self._subscriptions = [
            bus.subscribe("document.opened", self._on_opened),
            bus.subscribe("document.closed", self._on_closed),
        ]

    def unsaved(self, path: str, saved: Container[str]) -> list[dict[str, Any]]:
        """Messages of the chat at `path` that came after those whose ids are `saved`."""
        chat = next((each for each in self._open.values() if each.room.path == path), None)
        newer: list[dict[str, Any]] = []
        if chat is None:
            return newer
        for index in range(len(chat.messages) - 1, -1, -1):
            message = chat.messages[index].to_py()
            if message.get("id") in saved or len(newer) == _MOST_UNSAVED:
                break
            newer.append(message)
        return newer[::-1]

    def stop(self) -> None:
        """Let go of every chat."""
        for unsubscribe in self._subscriptions:
            unsubscribe()
        for room_id in list(self._open):
            self._leave(room_id)

    def _on_opened(self, event: Event) -> None:
        room = self._find_room(event.data["room_id"])
        if room is None or not room.path.endswith(SUFFIX):
            return
        messages = room.ydoc.get("messages", type=Array)
        chat = _Open(room, messages, room.ydoc.get("users", type=Map))
        chat.observer = messages.observe(partial(self._on_change, chat))
        self._open[event.data["room_id"]] = chat

    def _on_closed(self, event: Event) -> None:
        self._leave(event.data["room_id"])

    def _leave(self, room_id: str) -> None:
        chat = self._open.pop(room_id, None)
        if chat is not None:
            chat.messages.unobserve(chat.observer)

    def _on_change(self, chat: _Open, event: Any) -> None:
        # With a deletion it is a message that moves, or the file that was read anew.
        if any("delete" in step for step in event.delta):
            return
        new = [message for step in event.delta for message in step.get("insert", ())]
        if len(new) <= _MOST_AT_ONCE:
            before = len(chat.messages) - len(new)
            for number, message in enumerate(new, before + 1):
                self._tell(chat, message.to_py(), number)

    def _tell(self, chat: _Open, message: dict[str, Any], number: int) -> None:
        path = chat.room.path
        sender = message.get("sender", "")
        user = chat.users.get(sender) or {}
        data = {
            "path": path,
            "channel": channel_name(path),
            "message_id": message.get("id", ""),
            "number": number,
            "sender": sender,
            "sender_name": user.get("display_name") or user.get("name") or sender,
            "excerpt": excerpt(message.get("body") or ""),
            "mentions": list(message.get("mentions") or []),
        }
        self._bus.publish(Event("chat.message", data))
