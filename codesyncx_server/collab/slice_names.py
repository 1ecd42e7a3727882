"""What the parts of files are called that somebody sees as files; pure.

The first range of a file that a person may read, in the order in which they were made, has the
file's own path; the second of `solver.py` is `solver (part 2).py` beside it. So everybody finds
their part where they expect it, and nothing in a name says what the others have.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..access.model import Permission, Resource, clean_path
from ..errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..access.model import Person
    from ..access.service import AccessService

OPEN = "open"
_PART = re.compile(r"(?P<stem>.+) \(part (?P<number>[1-9]\d{0,3})\)(?P<suffix>(?:\.[^./]*)?)")


def name_of_part(path: str, number: int) -> str:
    """Give the path of a file's part, counted from 1."""
    if number == 1:
        return path
    folder, slash, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    return f"{folder}{slash}{stem} (part {number}){dot}{suffix}"


def read_name(path: str) -> tuple[str, int] | None:
    """Give the file and the number that a further part's path says; None for another path."""
    found = _PART.fullmatch(path)
    if found is None:
        return None
    number = int(found["number"])
    return (found["stem"] + found["suffix"], number) if number > 1 else None


class SliceNames:
    """Whose parts are called what, as of now."""

    def __init__(self, access: AccessService) -> None:
        self._access = access

    def parts(self, person: Person, path: str) -> Sequence[str]:
        """Give the ids of the ranges that `person` sees of a file in the place of the file."""
        access = self._access
        if person.is_owner or not access.is_available:
            return ()
        if access.allows(person, Permission.READ, Resource(path)):
            return ()
        return self.held(person, path)

    def held(self, person: Person, path: str) -> Sequence[str]:
        """Give the ids of the ranges of a file that `person` was given, and may read."""
        access = self._access
        held = access.policy.ranges(person, path, access.now())
        records = [
            record
            for record in access.ranges.of_path(path)
            if record.state == OPEN and Permission.READ in held.get(record.id, ())
        ]
        return [each.id for each in sorted(records, key=lambda each: (each.created_at, each.id))]

    def range_at(self, person: Person, path: str) -> Resource | None:
        """Give the range that `path` stands for to `person`; None where it stands for a file."""
        if person.is_owner:
            return None
        try:
            path = clean_path(path)
        except InvalidRequestError:
            return None
        found = self.parts(person, path)
        if found:
            return Resource(path, found[0])
        named = read_name(path)
        if named is None:
            return None
        file, number = named
        found = self.parts(person, file)
        return Resource(file, found[number - 1]) if number <= len(found) else None

    def path_for(self, person: Person, range_id: str) -> str | None:
        """Give the path by which `person` opens a range; None for one that isn't theirs to open."""
        if not self._access.is_available:
            return None
        record = self._access.ranges.get(range_id)
        if record is None:
            return None
        found = list(self.parts(person, record.path))
        return name_of_part(record.path, found.index(range_id) + 1) if range_id in found else None
