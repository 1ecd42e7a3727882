"""Takes what a run has made out of an archive while the archive still comes in."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from ..artifact_archive import keep_archived

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from ..selection import Mark, Selection

#: Files that are larger than what they hold can make an archive larger than the disk is.
_MOST_READ = 4


async def keep_fetched(
    fetch: Callable[[asyncio.StreamWriter], Awaitable[None]],
    target: Path,
    before: Mapping[str, Mark],
    is_wanted: Callable[[str], bool],
    *,
    most_bytes: int,
    disk_bytes: int,
) -> Selection:
    """Copy what is new or changed in a work folder, which `fetch` writes as a tar archive.

    No more is read than a folder of `disk_bytes` can come to. OSError if it ends too early.
    """
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_connection(sock=ours)

    def keep() -> Selection:
        with theirs, theirs.makefile("rb") as stream:
            return keep_archived(
                stream,
                target,
                before,
                most_bytes=most_bytes,
                most_read=disk_bytes * _MOST_READ,
                is_wanted=is_wanted,
            )

    theirs.setblocking(True)  # noqa: FBT003 - the library's signature
    fetching = asyncio.ensure_future(fetch(writer))
    try:
        return await asyncio.to_thread(keep)
    finally:
        fetching.cancel()
        await asyncio.wait({fetching})
        writer.close()
