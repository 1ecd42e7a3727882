"""Joins the gate to one Jupyter server, before anything else of ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import authorizer, page_config
from .gate import Gate
from .join import JoinHandler
from .places import Places
from .routes import RouteTable, read_route
from .sight import PLACES
from .standing import StandingHandler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jupyter_server.serverapp import ServerApp

    from ..events.bus import EventBus

ACCESS_CHANGED = "access.changed"
_REPLACED = ("authorizer", "page_config_hook")


class Gatekeeping:
    """The gate of the server, and what goes with it."""

    def __init__(
        self, server: ServerApp, bus: EventBus, extra_routes: Sequence[Mapping[str, Any]]
    ) -> None:
        """Judge every request from now on, whatever else may fail later."""
        self._settings: dict[str, Any] = server.web_app.settings
        table = RouteTable(tuple(read_route(told) for told in extra_routes))
        self.gate = Gate(self._settings, table)
        self._settings[PLACES] = Places(Path(server.root_dir).expanduser())
        self.gate.install(server.identity_provider)
        self._unsubscribe = bus.subscribe(ACCESS_CHANGED, lambda _: self.gate.sockets.judge_again())

    def settings(self) -> dict[str, Any]:
        """Give what replaces settings of the server's own."""
        replaced = {**self._settings}
        self._install(replaced)
        return {key: replaced[key] for key in _REPLACED}

    def handlers(self) -> list[tuple[Any, ...]]:
        """Give the routes, for `ExtensionApp.handlers`."""
        return [
            (r"/codesyncx/join", JoinHandler),
            (r"/codesyncx/api/standing", StandingHandler),
        ]

    def start(self) -> None:
        """Come before what other extensions have put there meanwhile."""
        self._install(self._settings)

    def stop(self) -> None:
        """End what listens."""
        self._unsubscribe()

    @staticmethod
    def _install(settings: dict[str, Any]) -> None:
        authorizer.wrap(settings)
        page_config.install(settings)
