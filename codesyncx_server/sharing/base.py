"""What the routes of access share: who asks, what they say, and how errors are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ..access.model import Permission, Person, Resource, clean_path
from ..errors import RefusedError
from ..gate.person import person_of
from ..gate.sight import sight_of
from ..json_api import JsonHandler

if TYPE_CHECKING:
    from ..access.service import AccessService


class AccessHandler(JsonHandler):
    """A route below `codesyncx/api/access`.

    Everyone who is let in may ask here; what they get, `access` decides.
    """

    largest_body_bytes: ClassVar[int] = 256 * 1024

    def initialize(self, service: AccessService) -> None:
        """Take the service."""
        self.service = service

    @property
    def person(self) -> Person:
        """Who asks."""
        return person_of(self)

    def path(self) -> str:
        """Give the path that is asked about; the project where there is none."""
        return clean_path(self.get_query_argument("path", "", strip=False))

    def require_share(self, path: str) -> None:
        """Raise RefusedError unless the person may share `path`, by all the names it goes by."""
        if self.person.is_guest:
            raise RefusedError("Guests can't hand out access.")
        sight_of(self).require(Permission.SHARE, path)

    def require_owner(self) -> None:
        """Raise RefusedError unless the project is the person's."""
        self.service.require(self.person, Permission.ADMIN, Resource())
