"""The ranges of files that something is granted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from .snapshot import RangeRecord

    Get = Callable[[], Mapping[str, RangeRecord]]
    Write = Callable[[str, RangeRecord | None], Awaitable[None]]


class Ranges:
    """Keeps ranges; what their anchors mean is `collab`'s business."""

    def __init__(self, get: Get, write: Write) -> None:
        """Take how all of them are read, and how one is written or (by None) forgotten."""
        self._get = get
        self._write = write

    def get(self, range_id: str) -> RangeRecord | None:
        """Give a range; None when there is no such one."""
        return self._get().get(range_id)

    def of_path(self, path: str) -> list[RangeRecord]:
        """Give every range of a file."""
        return [record for record in self._get().values() if record.path == path]

    async def put(self, record: RangeRecord) -> None:
        """Keep a range, in place of the one with its id."""
        await self._write(record.id, record)

    async def delete(self, range_id: str) -> None:
        """Forget a range."""
        await self._write(range_id, None)
