"""A room on its way: whoever comes meanwhile may be told what the log says of its document.

Building a document of many edits takes longer than all else, and nobody else is served meanwhile.
So it begins when the first to come has been answered, or when nobody has come at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .room import Room

_UNTIL_SOMEBODY_COMES_S = 0.1


class Opening:
    """A room that has been read and is being loaded."""

    def __init__(self, room: Room, load: Callable[[Room], Awaitable[None]]) -> None:
        self.room = room
        self.first_answer = room.first_answer
        self._is_awaited = asyncio.Event()
        self.task = asyncio.ensure_future(self._load(load))

    def withdraw(self) -> None:
        """Answer nobody early: what the log says is no longer for everybody who may come."""
        self.first_answer = None

    async def opened(self) -> Room:
        """Wait for the room; raises why it can't be opened."""
        self._is_awaited.set()
        await asyncio.shield(self.task)
        return self.room

    async def _load(self, load: Callable[[Room], Awaitable[None]]) -> None:
        if self.first_answer is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_awaited.wait(), _UNTIL_SOMEBODY_COMES_S)
        await load(self.room)
