"""Joins access to one Jupyter server: its database, and what it hears and tells."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ..access.model import EVERYONE, PROJECT, ROLES, Grant
from ..access.service import AccessService
from ..access.store import AccessStore
from ..events.bus import Event
from ..storage import project_data_dir
from .handlers import routes
from .renames import answer_when_followed
from .unused_ranges import forget_unused, unused_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_server.serverapp import ServerApp

    from ..events.bus import EventBus

logger = logging.getLogger(__name__)

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
        self._unsubscribe: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        if server is None:
            return
        self._settings = server.web_app.settings
        self._contents = server.contents_manager
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
        self._unsubscribe = [
            self._bus.subscribe("file.renamed", self._on_renamed),
            self._bus.subscribe(CHANGED, self._on_changed),
        ]
        await self.service.start()
        answer_when_followed(self._contents, self._settings["event_logger"], self.service)

    async def stop(self) -> None:
        """End everything that runs."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        for task in self._tasks:
            task.cancel()
        if self.service is not None:
            await self.service.stop()

    def _on_changed(self, _event: Event) -> None:
        """Forget the ranges on which nothing is granted any more, as when it has ended."""
        if self.service is not None:
            for resource in unused_in(self.service):
                work = forget_unused(self.service, self._settings, resource)
                task = asyncio.get_running_loop().create_task(work)
                self._tasks.add(task)
                task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("A range that nobody has any more couldn't be forgotten: %s", error)

    def _on_renamed(self, event: Event) -> None:
        old, new = event.data.get("old_path"), event.data.get("path")
        if self.service is not None and isinstance(old, str) and isinstance(new, str):
            self.service.follow_rename(old.strip("/"), new.strip("/"))
