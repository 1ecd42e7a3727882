"""Slices as files: what a person who holds some lines or cells of a file sees in its place."""

from __future__ import annotations

import mimetypes
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..access.model import Permission, Resource
from ..errors import InvalidRequestError, NotFoundError, RefusedError
from .document_ranges import CELLS
from .session import Member
from .slice_names import SliceNames, name_of_part

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..access.model import Person
    from ..access.service import AccessService
    from ..access.snapshot import RangeRecord
    from .slice_rooms import SliceRooms

_PLAIN = "text/plain"


class SliceFiles:
    """Stands in the server's settings as `codesyncx_slices`."""

    def __init__(
        self, rooms: SliceRooms, access: AccessService, is_file: Callable[[str], bool]
    ) -> None:
        self._rooms = rooms
        self._is_file = is_file
        self._access = access
        self._names = SliceNames(access)
        # When a whole file changes is no business of those who see some lines of it.
        self._since = datetime.fromtimestamp(time.time(), UTC)
        self.range_at = self._names.range_at
        self.path_for = self._names.path_for

    def range_of(self, file_id: str) -> Resource | None:
        """Give the range that a room's file id stands for; None if it isn't a slice's, or gone."""
        if not self._access.is_available:
            return None
        record = self._rooms.record_of(file_id)
        return None if record is None else Resource(record.path, record.id)

    def entries(self, person: Person, folder: str) -> list[dict[str, Any]]:
        """Give the contents models, without content, of the slices in a folder."""
        if not self._access.is_available:
            return []
        held = {
            record.path
            for record in self._access.snapshot.ranges.values()
            if record.path.rpartition("/")[0] == folder
        }
        return [
            self._model(person, Resource(path, range_id), name_of_part(path, number))
            for path in sorted(held)
            for number, range_id in enumerate(self._names.parts(person, path), 1)
            if self._is_file(path)
        ]

    def renamed(self, person: Person, old: str, new: str) -> list[tuple[str, str]]:
        """Give the old and the new paths of a person's slices of a file that was just renamed."""
        count = len(self._names.parts(person, new))
        return [(name_of_part(old, n), name_of_part(new, n)) for n in range(1, count + 1)]

    async def get(self, person: Person, path: str, *, content: bool) -> dict[str, Any]:
        """Give a slice's contents model; NotFoundError where `range_at` gives None."""
        resource, record = self._find(person, path)
        model = self._model(person, resource, path.strip("/"))
        if not content:
            return model
        room = await self._rooms.open(str(self._rooms.id_of(record)))
        try:
            found = room.part.get()
        finally:
            self._rooms.release(room)
        size = len(found.encode()) if isinstance(found, str) else None
        form = "json" if record.kind == CELLS else "text"
        return {**model, "content": found, "format": form, "size": size}

    async def save(self, person: Person, path: str, model: dict[str, Any]) -> dict[str, Any]:
        """Edit the range so that it holds what `model` does, in the name of `person`."""
        resource, record = self._find(person, path)
        self._access.require(person, Permission.EDIT, resource)
        content = model.get("content")
        if record.kind == CELLS:
            raise RefusedError("Open these cells to change them.")
        if not isinstance(content, str):
            raise InvalidRequestError("Lines are saved as text.")
        name = self._access.snapshot.people.get(person.username, person.username)
        room = await self._rooms.open(str(self._rooms.id_of(record)))
        try:
            self._access.require(person, Permission.EDIT, resource)
            room.engine.replace_text(Member(person.username, name), content)
            room.engine.flush()
            await room.saver.save()
        finally:
            self._rooms.release(room)
        return self._model(person, resource, path.strip("/"))

    def _find(self, person: Person, path: str) -> tuple[Resource, RangeRecord]:
        resource = self.range_at(person, path)
        record = None
        if resource is not None and resource.range_id is not None:
            record = self._access.ranges.get(resource.range_id)
        if resource is None or record is None:
            raise NotFoundError(f"There is no file {path}.")
        return resource, record

    def _model(self, person: Person, resource: Resource, path: str) -> dict[str, Any]:
        is_notebook = resource.path.endswith(".ipynb")
        mimetype = mimetypes.guess_type(path)[0] or _PLAIN
        return {
            "name": path.rpartition("/")[2],
            "path": path,
            "type": "notebook" if is_notebook else "file",
            "format": None,
            "mimetype": None if is_notebook else mimetype,
            "content": None,
            "created": self._since,
            "last_modified": self._since,
            "size": None,
            "writable": self._access.allows(person, Permission.EDIT, resource),
            "hash": None,
            "hash_algorithm": None,
        }
