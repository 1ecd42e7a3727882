"""What a container has printed while nobody was there to listen, as Docker has kept it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiodocker import Docker

_NO_LIMIT = aiohttp.ClientTimeout(total=None, sock_read=None)
# Each piece has the stream that it is of, three zeros and its length before it.
_HEAD = 8
_LENGTH_AT = 4


async def kept_output(
    docker: Docker, container_id: str, *, reads_all: bool
) -> AsyncGenerator[bytes]:
    """Give what a container has printed if that is wanted, then what it prints, to its end.

    A line comes when it has ended, or is long.
    """
    params = {"stdout": "1", "stderr": "1", "follow": "1", "tail": "all" if reads_all else "0"}
    async with (
        docker._query(
            f"containers/{container_id}/logs", params=params, timeout=_NO_LIMIT
        ) as response,
        response,
    ):
        try:
            while True:
                head = await response.content.readexactly(_HEAD)
                length = int.from_bytes(head[_LENGTH_AT:], "big")
                yield await response.content.readexactly(length)
        except asyncio.IncompleteReadError:
            return
