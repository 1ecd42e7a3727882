"""Joins access to one Jupyter server: its database, and what it hears and tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ..access.model import EVERYONE, PROJECT, ROLES, Grant
from ..access.service import AccessService
from ..access.store import AccessStore
from ..events.bus import Event
from ..storage import project_data_dir
from .handlers import routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_server.serverapp import ServerApp

    from ..events.bus import EventBus

CHANGED = "access.changed"
_DATABASE = "access.sqlite"
_MARK = "access.begun"


class Sharing:
    """Who may do what in the project that a server serves."""

    service: AccessService | None = None

    def __init__(
        self, bus: EventBus, server: ServerApp | None, *, database_url: str, default_role: str
    ) -> None:
        """Begin to read the database."""
        self._bus = bus
        self._unsubscribe: Callable[[], None] = lambda: None
        if server is None:
            return
        folder = project_data_dir(server.root_dir)
        url = database_url or sa.URL.create("sqlite", database=str(folder / _DATABASE))
        permissions = ROLES[default_role]
        default = Grant(0, EVERYONE, PROJECT, permissions, default_role) if permissions else None
        self.service = AccessService(
            AccessStore(url, folder / _MARK, default), lambda: bus.publish(Event(CHANGED))
        )
        # The server doesn't listen yet, so that nobody is refused for coming too early.
        self.service.wait_until_open()

    def settings(self) -> dict[str, Any]:
        """Give what other features find in the server's settings."""
        return {"codesyncx_access": self.service}

    def handlers(self) -> list[tuple[Any, ...]]:
        """Give the routes, for `ExtensionApp.handlers`."""
        return [] if self.service is None else routes(self.service)

    async def start(self) -> None:
        """Begin to follow the project and the database."""
        if self.service is None:
            return
        self._unsubscribe = self._bus.subscribe("file.renamed", self._on_renamed)
        await self.service.start()

    async def stop(self) -> None:
        """End everything that runs."""
        self._unsubscribe()
        if self.service is not None:
            await self.service.stop()

    def _on_renamed(self, event: Event) -> None:
        old, new = event.data.get("old_path"), event.data.get("path")
        if self.service is not None and isinstance(old, str) and isinstance(new, str):
            self.service.follow_rename(old.strip("/"), new.strip("/"))
