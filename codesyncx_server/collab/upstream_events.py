"""Tells on Jupyter's event bus what jupyter_server_ydoc's rooms tell; chats and AIs listen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server_ydoc.utils import (
    JUPYTER_COLLABORATION_AWARENESS_EVENTS_URI,
    JUPYTER_COLLABORATION_EVENTS_URI,
)

if TYPE_CHECKING:
    from jupyter_events import EventLogger


class UpstreamEvents:
    """Room by room and person by person, never per edit."""

    def __init__(self, event_logger: EventLogger) -> None:
        self._logger = event_logger

    def opened(self, room_id: str, path: str) -> None:
        """Tell that a document was loaded."""
        self._tell_room(room_id, path, "initialize")

    def saved(self, room_id: str, path: str) -> None:
        """Tell that a file was written."""
        self._tell_room(room_id, path, "save")

    def closed(self, room_id: str, path: str) -> None:
        """Tell that a document isn't in memory any more."""
        self._tell_room(room_id, path, "clean")

    def joined(self, room_id: str, username: str) -> None:
        """Tell that somebody opened a document."""
        self._tell_person(room_id, username, "join")

    def left(self, room_id: str, username: str) -> None:
        """Tell that somebody closed it."""
        self._tell_person(room_id, username, "leave")

    def _tell_room(self, room_id: str, path: str, action: str) -> None:
        data = {"level": "INFO", "room": room_id, "path": path, "action": action}
        self._logger.emit(schema_id=JUPYTER_COLLABORATION_EVENTS_URI, data=data)

    def _tell_person(self, room_id: str, username: str, action: str) -> None:
        data = {"roomid": room_id, "username": username, "action": action}
        self._logger.emit(schema_id=JUPYTER_COLLABORATION_AWARENESS_EVENTS_URI, data=data)
