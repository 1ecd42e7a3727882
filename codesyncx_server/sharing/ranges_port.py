"""What sharing needs from those who know how a range lies in a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..errors import InvalidRequestError

if TYPE_CHECKING:
    from ..access.model import Person

SETTING = "codesyncx_ranges"


class RangesPort(Protocol):
    """Makes and describes ranges; stands in the server's settings as `codesyncx_ranges`."""

    async def create(self, path: str, spec: dict[str, Any], person: Person) -> str:
        """Make a range of the file at `path` and give its id.

        `spec` is `{"kind": "lines", "start_line", "end_line"}` (1-based, both included) or
        `{"kind": "cells", "cell_ids"}`. InvalidRequestError for one that fits no place in the file,
        NotFoundError when there is no such file.
        """

    def describe(self, range_id: str) -> dict[str, Any]:
        """Say where a range is as of now: `kind`, `state`, and lines or cells as in `create`."""

    async def remove(self, range_id: str) -> None:
        """Forget a range that nothing is granted on any more."""

    def slice_path(self, range_id: str, person: Person) -> str | None:
        """Give the path by which `person`, who may not read its file, opens the range.

        None for those who open the file itself, or may not read the range.
        """


def ranges_of(settings: dict[str, Any]) -> RangesPort:
    """Give the port; InvalidRequestError where nobody knows ranges."""
    port: RangesPort | None = settings.get(SETTING)
    if port is None:
        raise InvalidRequestError("Lines and cells can't be shared on this server yet.")
    return port
