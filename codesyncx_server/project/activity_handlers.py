"""The activity journal over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from codesyncx_server.errors import InvalidRequestError
from codesyncx_server.gate.sight import sight_of
from codesyncx_server.json_api import JsonHandler

from .visibility import visible_entry

if TYPE_CHECKING:
    from .journal import Journal, View

LARGEST_PAGE = 200
USUAL_PAGE = 50
_LARGEST_NUMBER = 2**53  # what a browser counts up to


class JournalHandler(JsonHandler):
    """What the journal's routes share: what the person who asks may read in it."""

    def initialize(self, journal: Journal) -> None:
        """Take the journal."""
        self.journal = journal

    def view(self) -> View | None:
        """Give what shows each entry as the person may read it; None for those who may all."""
        sight = sight_of(self)
        if sight.is_trusted:
            return None
        names = self.journal.old_names

        def sees(path: str, time: float | None) -> bool:
            return sight.may_see(path) and names.may_tell(path, time, sight.is_closed_by)

        return lambda entry: visible_entry(entry, sees)


class ActivityHandler(JournalHandler):
    """What happened, newest first."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Give a page of it."""
        limit = min(self.number("limit", USUAL_PAGE) or 1, LARGEST_PAGE)
        page = await self.journal.page(
            self.current_user.username, self.number("before", None), limit, self.view()
        )
        self.finish(json.dumps(page))


class SeenHandler(JournalHandler):
    """How far the person has read, on whatever browser."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Give the last entry seen and how many of others came since."""
        page = await self.journal.page(self.current_user.username, None, 0, self.view())
        self.finish(json.dumps({"seen": page["seen"], "unseen": page["unseen"]}))

    @web.authenticated
    # Everyone who may read the project keeps their own mark.
    @authorized(action="read")
    async def put(self) -> None:
        """Mark everything up to an entry as seen."""
        seen = self.body().get("seen")
        if not isinstance(seen, int) or isinstance(seen, bool) or not 0 <= seen <= _LARGEST_NUMBER:
            raise InvalidRequestError("`seen` must be the number of an entry.")
        progress = await self.journal.mark_seen(self.current_user.username, seen, self.view())
        self.finish(json.dumps(progress))
