"""Joins the project's pieces to one Jupyter server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .handlers import EventsHandler
from .stream import EventStream

if TYPE_CHECKING:
    from codesyncx_server.events.bus import EventBus


class Project:
    """What "the project moves together" needs while one server runs."""

    def __init__(self, bus: EventBus) -> None:
        self.stream = EventStream()
        self._unsubscribe = [bus.subscribe("", self.stream.receive)]

    def settings(self) -> dict[str, Any]:
        """Give what other features find in the server's settings."""
        return {"codesyncx_stream": self.stream}

    def handlers(self) -> list[tuple[Any, ...]]:
        """Give the routes, for `ExtensionApp.handlers`."""
        return [(r"/codesyncx/api/events", EventsHandler, {"stream": self.stream})]

    async def stop(self) -> None:
        """End everything that runs."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
