"""Starts processes so that whoever gives one up midway is still told which it was."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    Process = asyncio.subprocess.Process


async def start_whole(
    making: Coroutine[Any, Any, Process], keep: Callable[[Process], None]
) -> None:
    """Start a process and `keep` it, also when cancelled meanwhile: the caller is to end it then.

    asyncio itself waits for ever for a process whose start is cancelled before its pipes stand.
    """
    started = asyncio.create_task(making)
    try:
        await asyncio.shield(started)
    finally:
        await asyncio.wait({started})
        if started.exception() is None:
            keep(started.result())
