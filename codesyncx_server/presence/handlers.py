"""`codesyncx/api/presence`: whether I am an owner, and calling everyone to a place."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from tornado import web

from codesyncx_server.errors import (
    NotFoundError,
    RefusedError,
)
from codesyncx_server.events.bus import Event
from codesyncx_server.gate.ownership import is_owner
from codesyncx_server.json_api import JsonHandler

from .summon import Patience, Place, read_place

if TYPE_CHECKING:
    from codesyncx_server.events.bus import EventBus

SUMMON_TOPIC = "presence.summon"


class PresenceHandler(JsonHandler):
    """What the routes of presence share."""

    largest_body_bytes = 8_192

    def initialize(self, bus: EventBus, patience: Patience) -> None:
        self._bus = bus
        self._patience = patience


class MeHandler(PresenceHandler):
    """`GET presence/me`."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Tell whether the person is an owner."""
        self.finish(json.dumps({"is_owner": is_owner(self)}))


class SummonHandler(PresenceHandler):
    """`POST presence/summon`: ask everyone to come to a place."""

    @web.authenticated
    @authorized(action="read")
    async def post(self) -> None:
        """Publish the summons of an owner, with their verified name."""
        place = read_place(self.body())
        if not is_owner(self):
            raise RefusedError("Only an owner of the project may bring everyone.")
        await self._check_exists(place)
        self._patience.spend(self.current_user.username)
        self._bus.publish(Event(SUMMON_TOPIC, self._summons(place)))
        self.set_status(204)
        self.finish()

    async def _check_exists(self, place: Place) -> None:
        if not await ensure_async(self.contents_manager.file_exists(place.path)):
            raise NotFoundError(f"There is no file {place.path}.")

    def _summons(self, place: Place) -> dict[str, Any]:
        user = self.current_user
        return {
            "username": user.username,
            "name": user.display_name or user.name or user.username,
            "time": time.time(),
            **place.to_json(),
        }
