"""Joins the project's pieces to one Jupyter server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from codesyncx_server.gate.sight import ACCESS
from codesyncx_server.storage import project_data_dir

from .activity_handlers import ActivityHandler, SeenHandler
from .handlers import EventsHandler
from .journal import Journal
from .stream import EventStream
from .tracker import CONTENTS_EVENTS, Tracker

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from codesyncx_server.events.bus import EventBus

    from .watcher import Mode

_DATABASE = "activity.sqlite"
_WHEREABOUTS = "whereabouts.json"
_BASE = "codesyncx/api"
#: Others ask here whether a name of earlier days may be told.
OLD_NAMES = "codesyncx_old_names"


class Project:
    """What "the project moves together" needs while one server runs."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self.stream = EventStream()
        self.journal: Journal | None = None
        self.tracker: Tracker | None = None
        self._unsubscribe = [bus.subscribe("", self.stream.receive)]

    def settings(self) -> dict[str, Any]:
        """Give what other features find in the server's settings."""
        return {"codesyncx_stream": self.stream}

    def handlers(self, server: ServerApp | None) -> list[tuple[Any, ...]]:
        """Give the routes, for `ExtensionApp.handlers`."""
        if server is None:
            return []
        root_dir = server.root_dir
        self.journal = Journal(self._bus, lambda: project_data_dir(root_dir) / _DATABASE)
        server.web_app.settings[OLD_NAMES] = self.journal.old_names
        facts = {"journal": self.journal}
        return [
            (rf"/{_BASE}/events", EventsHandler, {"stream": self.stream, **facts}),
            (rf"/{_BASE}/activity", ActivityHandler, facts),
            (rf"/{_BASE}/activity/seen", SeenHandler, facts),
        ]

    async def start(self, server: ServerApp, watch: str) -> None:
        """Begin to follow the project; call it on the event loop."""
        settings = server.web_app.settings
        if self.journal is not None:
            await self.journal.start()
        self.tracker = Tracker(self._bus, server.contents_manager, settings, cast("Mode", watch))
        access = settings.get(ACCESS)
        if access is not None:
            self.tracker.find_again(access, project_data_dir(server.root_dir) / _WHEREABOUTS)
        self.tracker.start()
        settings["event_logger"].add_listener(
            schema_id=CONTENTS_EVENTS, listener=self.tracker.on_contents_event
        )

    async def stop(self) -> None:
        """End everything that runs."""
        if self.tracker is not None:
            await self.tracker.stop()
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        if self.journal is not None:
            await self.journal.stop()
