"""Joins the chat's pieces to one Jupyter server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..storage import project_data_dir
from .handlers import routes
from .judge import ChatJudge
from .service import ChatService
from .store import ChatStore
from .watch import ChatWatch

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp
    from pycrdt import Doc

    from ..events.bus import EventBus


class Chat:
    """What the project chat needs while one server runs."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._watch: ChatWatch | None = None
        self._store: ChatStore | None = None
        self._service: ChatService | None = None

    def settings(self) -> dict[str, Any]:
        """Give what other features find in the server's settings."""
        return {"codesyncx_chat": self}

    def handlers(self, server: ServerApp | None) -> list[tuple[Any, ...]]:
        """Open the chat's own data and give the routes, for `ExtensionApp.handlers`."""
        if server is None:
            return []
        self._store = ChatStore(project_data_dir(server.root_dir))
        root = Path(server.root_dir).expanduser()
        settings = server.web_app.settings

        def find_room(room_id: str) -> Any:
            return settings["codesyncx_rooms"].get(room_id)

        self._watch = ChatWatch(self._bus, find_room)
        self._service = ChatService(
            root, server.contents_manager, self._store, self._bus, self._watch.unsaved
        )
        return [*routes(self._service)]

    def judge(self, live: Doc[Any]) -> ChatJudge:
        """Make the judge of one open chat document."""
        return ChatJudge(live, people=self._store.person if self._store else None)

    def remember(self, identity: dict[str, Any]) -> None:
        """Keep the verified identity of a person who opens a room (a `User` as a dict)."""
        if self._service is not None:
            self._service.remember(identity)

    async def stop(self) -> None:
        """End everything that runs."""
        if self._watch is not None:
            self._watch.stop()
        if self._store is not None:
            self._store.close()
