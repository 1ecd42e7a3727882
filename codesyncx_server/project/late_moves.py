"""Has moves that happened while no server ran told once it does, of what has grants."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..errors import AccessUnavailableError
from .whereabouts import Whereabouts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ..access.service import AccessService
    from ..events.bus import Event, EventBus
    from .changes import FileChange, Look

#: After a change of files or of access it is written down so much later.
DELAY_S = 0.5


class LateMoves:
    """Keeps where what is granted lies, and finds it again after a start."""

    def __init__(
        self,
        bus: EventBus,
        access: AccessService,
        file: Path,
        on_disk: Callable[[str], str],
    ) -> None:
        self._access = access
        self._whereabouts = Whereabouts(file, on_disk)
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_ready = False
        self._unsubscribe = [
            bus.subscribe(topic, self._on_news)
            for topic in ("file", "document.saved", "access.changed")
        ]

    def find(self, looks: Iterable[Look]) -> list[FileChange]:
        """Give what moved, from the first look at the project; in a worker thread."""
        return self._whereabouts.moved(looks)

    def begin(self) -> None:
        """Write down where everything is from now on."""
        self._is_ready = True
        self._note_soon()

    async def stop(self) -> None:
        """Write it down a last time."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        if self._timer is not None:
            self._timer.cancel()
        if self._is_ready:
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._note()

    def _on_news(self, _event: Event) -> None:
        if self._is_ready:
            self._note_soon()

    def _note_soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY_S, self._note_later)

    def _note_later(self) -> None:
        self._timer = None
        task = asyncio.get_running_loop().create_task(self._note())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _note(self) -> None:
        try:
            snapshot = self._access.snapshot
        except AccessUnavailableError:
            return
        places = {grant.resource.path for grant in snapshot.policy.grants}
        places |= {record.path for record in snapshot.ranges.values()}
        await asyncio.to_thread(self._whereabouts.note, places - {""})
