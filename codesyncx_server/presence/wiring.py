"""Joins presence to one Jupyter server."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .handlers import MeHandler, SummonHandler
from .summon import Patience

if TYPE_CHECKING:
    from codesyncx_server.events.bus import EventBus

SUMMON_INTERVAL_S = 3.0


def handlers(bus: EventBus) -> list[tuple[Any, ...]]:
    """Give the routes, for `ExtensionApp.handlers`."""
    shared = {"bus": bus, "patience": Patience(SUMMON_INTERVAL_S, time.monotonic)}
    return [
        (r"/codesyncx/api/presence/me", MeHandler, shared),
        (r"/codesyncx/api/presence/summon", SummonHandler, shared),
    ]
