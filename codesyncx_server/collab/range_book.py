"""Makes, describes and forgets the ranges of the project's files, whether they are open or not."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from ..access.snapshot import RangeRecord
from ..errors import AccessUnavailableError, NotFoundError
from ..gate.slices import slices_in
from .document_ranges import LOST, lines_of, room_of
from .room import RoomId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..access.model import Person
    from ..access.service import AccessService
    from .room import Room
    from .rooms import Rooms

_ID_BYTES = 8


class RangeBook:
    """Stands in the server's settings as `codesyncx_ranges`."""

    def __init__(self, rooms: Rooms, settings: Mapping[str, Any]) -> None:
        self._rooms = rooms
        self._settings = settings

    async def create(self, path: str, spec: Mapping[str, Any], person: Person) -> str:
        """Make a range of the file at `path` and give its id.

        `spec` is `{"kind": "lines", "start_line", "end_line"}` (1-based, both included) or
        `{"kind": "cells", "cell_ids"}`. InvalidRequestError for one that fits no place in the file,
        NotFoundError when there is no such file.
        """
        access = self._access()
        file_format, file_type = room_of(spec.get("kind"), path)
        file_id = self._settings["file_id_manager"].index(path)
        if file_id is None:
            raise NotFoundError(f"{path} doesn't exist.")
        room = await self._rooms.open(str(RoomId(file_format, file_type, file_id)))
        try:
            record = RangeRecord(
                id=secrets.token_hex(_ID_BYTES),
                path=path,
                kind=str(spec["kind"]),
                anchor=room.ranges.find(spec),
                created_by=person.username,
                created_at=access.now(),
            )
            room.ranges.add(record)
            await access.ranges.put(record)
        finally:
            self._rooms.release(room)
        return record.id

    def describe(self, range_id: str) -> dict[str, Any]:
        """Say where a range is as of now: `kind`, `state`, and lines with columns, or cells."""
        record = self._access().ranges.get(range_id)
        if record is None:
            raise NotFoundError("There is no such range.")
        facts = {"id": record.id, "path": record.path, "kind": record.kind, "state": record.state}
        if record.state == LOST:
            return facts
        for room in self._rooms:
            found = room.ranges.describe(range_id)
            if found is not None:
                return {**facts, **found}
        return {**facts, **lines_of(record.anchor)}

    async def remove(self, range_id: str) -> None:
        """Forget a range that nothing is granted on any more."""
        await self._access().ranges.delete(range_id)
        for room in self._rooms:
            room.ranges.remove(range_id)

    def room_of(self, range_id: str) -> Room | None:
        """Give the open room in which a range is followed."""
        return next((room for room in self._rooms if room.ranges.has(range_id)), None)

    def slice_path(self, range_id: str, person: Person) -> str | None:
        """Give the path by which `person`, who may not read its file, opens the range."""
        slices = slices_in(self._settings)
        return None if slices is None else slices.path_for(person, range_id)

    def _access(self) -> AccessService:
        access: AccessService | None = self._settings.get("codesyncx_access")
        if access is None:
            raise AccessUnavailableError("This server doesn't know who may do what.")
        return access
