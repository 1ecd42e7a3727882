"""The audit log over HTTP: to read, never to change."""

from __future__ import annotations

import json

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..access.audit import AuditQuery, What
from ..errors import InvalidRequestError
from .base import AccessHandler

LARGEST_PAGE = 500
USUAL_PAGE = 100
_EXPORTED_AT_ONCE = 1000


class AuditHandler(AccessHandler):
    """`audit`: what happened, the newest first; for owners."""

    @web.authenticated
    @authorized(action="read")
    async def get(self) -> None:
        self.require_owner()
        limit = self.number("limit", USUAL_PAGE) or 1
        query = AuditQuery(
            limit=min(limit, LARGEST_PAGE),
            before=self.number("before", None),
            what=self.what(),
            who=self.get_query_argument("who", None),
            path=self.path() or None,
        )
        entries = await self.service.audit(query)
        await self.answer({"entries": [entry.to_json() for entry in entries]})

    def what(self) -> str | None:
        """Give the kind of entry that is asked for."""
        text = self.get_query_argument("what", None)
        if text is None:
            return None
        try:
            return What(text).value
        except ValueError as error:
            kinds = ", ".join(What)
            raise InvalidRequestError(f"`what` is one of {kinds}.") from error


class AuditExportHandler(AccessHandler):
    """`audit/export`: the whole log, the oldest first, a JSON object a line; for owners."""

    @web.authenticated
    @authorized(action="read")
    async def get(self) -> None:
        self.require_owner()
        self.set_header("Content-Type", "application/x-ndjson")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Disposition", 'attachment; filename="access-audit.jsonl"')
        after = 0
        while True:
            entries = await self.service.audit(AuditQuery(_EXPORTED_AT_ONCE, after=after))
            for entry in entries:
                self.write(json.dumps(entry.to_json(), ensure_ascii=False) + "\n")
            await self.flush()
            if len(entries) < _EXPORTED_AT_ONCE:
                break
            after = entries[-1].id
        await self.finish()
