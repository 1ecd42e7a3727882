"""The activity journal over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from codesyncx_server.errors import CodeSyncXError, InvalidRequestError, TooLargeError
from codesyncx_server.gate.sight import sight_of

from .visibility import visible_entry

if TYPE_CHECKING:
    from .journal import Journal, View

LARGEST_PAGE = 200
USUAL_PAGE = 50
LARGEST_BODY_BYTES = 1024
LARGEST_NUMBER = 2**53


class JournalHandler(APIHandler):
    """What the journal's routes share: who may ask, and how a failure is told."""

    auth_resource: ClassVar[str] = "contents"

    def initialize(self, journal: Journal) -> None:
        """Take the journal."""
        self.journal = journal

    def view(self) -> View | None:
        """Give what shows each entry as the person may read it; None for those who may all."""
        sight = sight_of(self)
        if sight.is_trusted:
            return None
        return lambda entry: visible_entry(entry, sight.may_see)

    def number(self, name: str, usual: int | None) -> int | None:
        """Give a query argument that must be a whole number."""
        text = self.get_query_argument(name, None)
        if text is None:
            return usual
        if not (text.isascii() and text.isdigit() and int(text) <= LARGEST_NUMBER):
            raise InvalidRequestError(f"`{name}` must be a whole number.")
        return int(text)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Tell a failure of ours by its code and message."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if not isinstance(error, CodeSyncXError):
            super().write_error(status_code, **kwargs)
            return
        self.set_status(error.http_status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"code": error.code, "message": str(error)}))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is not just an answer to the client."""
        if not isinstance(value, CodeSyncXError):
            super().log_exception(typ, value, tb)


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
        seen = self._body().get("seen")
        if not isinstance(seen, int) or isinstance(seen, bool) or not 0 <= seen <= LARGEST_NUMBER:
            raise InvalidRequestError("`seen` must be the number of an entry.")
        progress = await self.journal.mark_seen(self.current_user.username, seen, self.view())
        self.finish(json.dumps(progress))

    def _body(self) -> dict[str, Any]:
        if len(self.request.body) > LARGEST_BODY_BYTES:
            raise TooLargeError("The request is too large.")
        try:
            body = json.loads(self.request.body)
        except ValueError as error:
            raise InvalidRequestError("The request is no JSON.") from error
        if not isinstance(body, dict):
            raise InvalidRequestError("The request must be a JSON object.")
        return body
