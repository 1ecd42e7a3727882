"""How the app takes in the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..storage import project_data_dir
from .handlers import AuthorsHandler, VersionHandler, VersionsHandler
from .recorder import HistoryRecorder

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from ..events.bus import EventBus

_DATABASE = "history.sqlite"
_BASE = "codesyncx/api/history"

Handlers = list[tuple[str, type[Any], dict[str, Any]]]


class History:
    """The history of the project that a server serves."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self.recorder: HistoryRecorder | None = None

    def handlers(self, server: ServerApp | None) -> Handlers:
        """Begin to listen and give the history's routes."""
        if server is None:
            return []
        database = project_data_dir(server.root_dir) / _DATABASE
        self.recorder = HistoryRecorder(database, server.web_app.settings)
        self.recorder.listen(self._bus)
        facts = {"recorder": self.recorder}
        return [
            (rf"{_BASE}/versions/(.+)", VersionsHandler, facts),
            (rf"{_BASE}/version/([0-9]{{1,15}})/(.+)", VersionHandler, facts),
            (rf"{_BASE}/authors/(.+)", AuthorsHandler, facts),
        ]

    async def stop(self) -> None:
        """Keep what still waits."""
        if self.recorder is not None:
            await self.recorder.close()
