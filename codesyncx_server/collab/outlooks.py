"""Gives those who may not read the whole project their outlook on the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..access.model import Permission
from ..errors import CodeSyncXError
from ..gate.sight import sight_for
from .outlook import Outlook, Part
from .slice_names import SliceNames, name_of_part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..access.model import Person
    from ..access.service import AccessService
    from .range_book import RangeBook

_READ = frozenset({Permission.READ})


class OldNames(Protocol):
    """What of the project knows names of earlier days."""

    def may_tell(self, path: str, time: float | None, closes: Callable[[str, str], bool]) -> bool:
        """Whether no place to which `path` led is closed to somebody."""


class Outlooks:
    """Makes them, by what access says at the moment."""

    def __init__(self, access: AccessService, book: RangeBook, settings: Mapping[str, Any]) -> None:
        self._access = access
        self._book = book
        self._settings = settings

    def of(self, person: Person) -> Outlook | None:
        """Give a person's; None for those who may read everything."""
        if self._access.covers(person, _READ, ""):
            return None
        sight = sight_for(self._settings, person)
        names: OldNames | None = self._settings.get("codesyncx_old_names")

        def may_read(path: str) -> bool:
            try:
                # Their browsers tell where they are a moment after the rename of a file.
                return sight.may_read(path) and (
                    names is None or names.may_tell(path, None, sight.is_closed_by)
                )
            except CodeSyncXError:
                return False

        return Outlook(may_read, _Parts(SliceNames(self._access), self._book, person))


class _Parts:
    def __init__(self, names: SliceNames, book: RangeBook, person: Person) -> None:
        self._names = names
        self._book = book
        self._person = person

    def at(self, path: str) -> Part | None:
        resource = self._names.range_at(self._person, path)
        if resource is None or resource.range_id is None:
            return None
        return self._part(resource.path, resource.range_id)

    def within(self, path: str) -> Mapping[str, Part]:
        return {
            name_of_part(path, number): self._part(path, range_id)
            for number, range_id in enumerate(self._names.parts(self._person, path), 1)
        }

    def _part(self, path: str, range_id: str) -> Part:
        try:
            facts = self._book.describe(range_id)
        except CodeSyncXError:
            return Part(path)
        return Part(
            path,
            facts.get("start_line", 0),
            facts.get("end_line", 0),
            frozenset(facts.get("cell_ids", ())),
        )
