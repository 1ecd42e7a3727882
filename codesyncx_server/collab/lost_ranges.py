"""Tells and keeps that a range is lost: the owners hear of it, and it isn't looked for again."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from ..access.audit import What
from ..errors import AccessUnavailableError
from ..events.bus import Event
from .document_ranges import LOST

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..access.service import AccessService
    from ..access.snapshot import RangeRecord
    from ..events.bus import EventBus

logger = logging.getLogger(__name__)


class LostRanges:
    """Hears of each lost range of the document whose file is at `path()`."""

    def __init__(
        self, access: AccessService | None, bus: EventBus, path: Callable[[], str]
    ) -> None:
        self._access = access
        self._bus = bus
        self._path = path
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, record: RangeRecord) -> None:
        """Tell of a range at once, and keep it soon."""
        path = self._path()
        self._bus.publish(Event("access.range_lost", {"range_id": record.id, "path": path}))
        task = asyncio.ensure_future(self._keep(record, path))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, record: RangeRecord, path: str) -> None:
        access = self._access
        if access is None:
            return
        try:
            await access.ranges.put(replace(record, state=LOST))
            await access.note("", What.RANGE_LOST, path, {"range_id": record.id})
        except AccessUnavailableError as error:
            logger.warning("That a part of %s was lost can't be kept: %s", path, error)
        self._bus.publish(Event("access.changed"))
