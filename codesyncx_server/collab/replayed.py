"""Says how ranges see what is replayed from a log: by whom it was, as far as the log tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..access.model import Person
from ..errors import AccessUnavailableError
from ..updates import read_update
from .rights import rights_of
from .spans import Hand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..access.service import AccessService
    from .replay import Author
    from .rights import Rights


class ReplayedHand:
    """Whoever wrote the update that was read last, with the rights that they have now."""

    def __init__(
        self, access: AccessService | None, path: str, authors: Mapping[int, Author]
    ) -> None:
        self._access = access
        self._path = path
        self._authors = authors
        self._known: dict[str, Rights | None] = {}
        self._rights: Rights | None = None

    def read(self, update: bytes) -> None:
        """Take an update, before it is applied."""
        authors = {self._authors.get(client) for client in read_update(update).structs}
        author = authors.pop() if len(authors) == 1 else None
        if author is None:  # several people's at once, or the disk's
            self._rights = None
            return
        if author.username not in self._known:
            self._known[author.username] = self._rights_of(author.username)
        self._rights = self._known[author.username]

    def hand_of(self, range_id: str) -> Hand:
        """Say how a range sees them; those of whom nothing is known may have edited everything."""
        rights = self._rights
        if rights is not None and range_id in rights.open and not rights.may_edit:
            return Hand.HOLDER
        if rights is not None and range_id in rights.locked:
            return Hand.STRANGER
        return Hand.EDITOR

    def _rights_of(self, username: str) -> Rights | None:
        if self._access is None:
            return None
        try:
            snapshot = self._access.snapshot
        except AccessUnavailableError:
            return None
        guest = snapshot.guests.get(username)
        person = Person(username, link=None if guest is None else guest.link_id)
        return rights_of(snapshot.policy, person, self._path, self._access.now())
