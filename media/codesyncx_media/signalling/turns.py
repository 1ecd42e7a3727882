"""One piece of work of the signalling at a time, with a look at the media in between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class Turns:
    """`async with turns:` waits for those who came before; who comes next is let in a moment later.

    A class that joins within a second makes seconds of work, which would otherwise be done in one
    go: the loop does all that is ready before it looks at its sockets again.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        await self._lock.acquire()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Not now: the loop looks at its sockets first.
        asyncio.get_running_loop().call_soon(self._lock.release)
