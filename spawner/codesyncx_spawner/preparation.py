"""A sandbox that is made while the files for it are still being gathered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .sandbox.backend import Sandbox, SandboxBackend, SandboxSpec


class Preparation:
    """One run's sandbox, from when it is wanted until somebody takes it."""

    def __init__(self, backend: SandboxBackend, spec: SandboxSpec) -> None:
        """Begin at once, unless an image has to be fetched first."""
        self._backend = backend
        self._spec = spec
        self._has_image = asyncio.Event()
        self._is_taken = False
        self._looking = asyncio.create_task(backend.lacks_image(spec))
        self._making = asyncio.create_task(self._make())

    @property
    def handle(self) -> str:
        """The sandbox's handle; empty while it is being made."""
        is_made = self._making.done() and not self._making.cancelled()
        if not is_made or self._making.exception() is not None:
            return ""
        return self._making.result().handle

    async def lacks_image(self) -> bool:
        """Whether `pull` has to come first; OverLimitError if the image may not be had."""
        return await self._looking

    async def pull(self) -> None:
        """Fetch what it stands on; SandboxError if it can't be."""
        await self._backend.pull(self._spec)
        self._has_image.set()

    async def made(self) -> None:
        """Wait until it stands; SandboxError if it can't be made."""
        await self._making

    def take(self) -> Sandbox:
        """Give it, for the caller to release; after `made`."""
        self._is_taken = True
        return self._making.result()

    async def close(self) -> None:
        """Leave nothing behind of what nobody has taken, at whatever point it is."""
        tasks = {self._looking, self._making}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        failed = [task for task in tasks if task.cancelled() or task.exception() is not None]
        if self._making not in failed and not self._is_taken:
            await self._making.result().release()

    async def _make(self) -> Sandbox:
        if await self._looking:
            await self._has_image.wait()
        return await self._backend.prepare(self._spec)
