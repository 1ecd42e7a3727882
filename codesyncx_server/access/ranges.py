"""The ranges of files that something is granted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from .snapshot import RangeRecord

    Get = Callable[[], Mapping[str, RangeRecord]]
    Put = Callable[[list[RangeRecord]], Awaitable[None]]
    Delete = Callable[[str], Awaitable[None]]


class Ranges:
    """Keeps ranges; what their anchors mean is `collab`'s business."""

    def __init__(self, get: Get, put: Put, delete: Delete) -> None:
        """Take how all of them are read, how some are written, and how one is forgotten."""
        self._get = get
        self._put = put
        self._delete = delete

    def get(self, range_id: str) -> RangeRecord | None:
        """Give a range; None when there is no such one."""
        return self._get().get(range_id)

    def of_path(self, path: str) -> list[RangeRecord]:
        """Give every range of a file."""
        return [record for record in self._get().values() if record.path == path]

    async def put(self, record: RangeRecord) -> None:
        """Keep a range, in place of the one with its id."""
        await self._put([record])

    async def put_all(self, records: Iterable[RangeRecord]) -> None:
        """Keep several, in one go."""
        if kept := list(records):
            await self._put(kept)

    async def delete(self, range_id: str) -> None:
        """Forget a range."""
        await self._delete(range_id)
