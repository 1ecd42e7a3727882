"""What the gate needs from those who show a person just some lines or cells of a file.

Somebody who may not read a file but holds a range of it sees the range as a file: at the file's own
path, further ones as `solver (part 2).py` beside it. At such a path the gate lets through reading
and saving the contents and opening a session, and has them answered from here; everything else
stays as it is for a file that one may not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..access.model import Person, Resource

SLICES = "codesyncx_slices"
#: What the file id of a slice's room begins with; the range's id follows.
SLICE_ID = "slice-"


class Slices(Protocol):
    """The slices of a server's files; stands in its settings as `codesyncx_slices`."""

    def range_at(self, person: Person, path: str) -> Resource | None:
        """Give the range that `path` stands for to `person`; None where it is a file like any.

        None too for those who may read the file itself.
        """

    def range_of(self, file_id: str) -> Resource | None:
        """Give the range that a room's file id stands for; None if it isn't a slice's, or gone."""

    def path_for(self, person: Person, range_id: str) -> str | None:
        """Give the path by which `person` opens a range; None for one that isn't theirs to open."""

    def entries(self, person: Person, folder: str) -> list[dict[str, Any]]:
        """Give the contents models, without content, of the slices in a folder.

        They take the place of the entries of their files.
        """

    def renamed(self, person: Person, old: str, new: str) -> list[tuple[str, str]]:
        """Give the old and the new paths of a person's slices of a file that was just renamed."""

    async def get(self, person: Person, path: str, *, content: bool) -> dict[str, Any]:
        """Give a slice's contents model; NotFoundError where `range_at` gives None."""

    async def save(self, person: Person, path: str, model: dict[str, Any]) -> dict[str, Any]:
        """Edit the range so that it holds what `model` does, in the name of `person`.

        Gives the model without content; RefusedError for those who may only read it.
        """


def slices_in(settings: Mapping[str, Any]) -> Slices | None:
    """Give the slices of a server, where there are any."""
    slices: Slices | None = settings.get(SLICES)
    return slices
