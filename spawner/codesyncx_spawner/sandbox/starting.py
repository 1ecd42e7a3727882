"""How a sandbox of any kind is started: in time, and with one sort of error."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from ..errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


@contextlib.asynccontextmanager
async def starting(
    within_s: float,
    faults: tuple[type[Exception], ...] = (OSError,),
    said_by: Callable[[Exception], str] = str,
) -> AsyncIterator[None]:
    """Have a sandbox started in what follows; SandboxError if it takes too long or has a fault."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except TimeoutError as error:
        raise SandboxError("The sandbox didn't start in time.") from error
    except faults as error:
        raise SandboxError(f"The sandbox couldn't be started: {said_by(error)}") from error
