"""What the routes of access share: who asks, what they say, and how errors are told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_server.base.handlers import APIHandler
from tornado import web

from ..access.model import Permission, Person, Resource, clean_path
from ..errors import CodeSyncXError, InvalidRequestError, RefusedError, TooLargeError
from ..gate.person import person_of

if TYPE_CHECKING:
    from ..access.service import AccessService

MOST_BODY_BYTES = 256 * 1024
_LARGEST_NUMBER = 2**53


class AccessHandler(APIHandler):
    """A route below `codesyncx/api/access`.

    Everyone who is let in may ask here; what they get, `access` decides.
    """

    auth_resource: ClassVar[str] = "contents"

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

    def number(self, name: str, usual: int | None) -> int | None:
        """Give a query argument that must be a whole number."""
        text = self.get_query_argument(name, None)
        if text is None:
            return usual
        if not (text.isascii() and text.isdigit() and int(text) <= _LARGEST_NUMBER):
            raise InvalidRequestError(f"`{name}` must be a whole number.")
        return int(text)

    def body(self) -> dict[str, Any]:
        """Give the JSON object of the request."""
        if len(self.request.body) > MOST_BODY_BYTES:
            raise TooLargeError("The request is too large.")
        try:
            data = json.loads(self.request.body)
        except (ValueError, RecursionError) as error:
            raise InvalidRequestError("The request is not JSON.") from error
        if not isinstance(data, dict):
            raise InvalidRequestError("The request must be a JSON object.")
        return data

    def require_share(self, path: str) -> None:
        """Raise RefusedError unless the person may share `path`."""
        person = self.person
        if person.is_guest:
            raise RefusedError("Guests can't hand out access.")
        self.service.require(person, Permission.SHARE, Resource(path))

    def require_owner(self) -> None:
        """Raise RefusedError unless the project is the person's."""
        self.service.require(self.person, Permission.ADMIN, Resource())

    async def answer(self, data: dict[str, Any], status: int = 200) -> None:
        """Answer with JSON that no cache keeps."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        await self.finish(json.dumps(data))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the stable code, the sentence and nothing else."""
        error = kwargs.get("exc_info", (None, None))[1]
        self.set_header("Content-Type", "application/json")
        if isinstance(error, CodeSyncXError):
            self.set_status(error.http_status)
            code, message = error.code, str(error)
        elif isinstance(error, web.HTTPError):
            code, message = f"http_{status_code}", error.log_message or self._reason
        else:
            code, message = CodeSyncXError.code, "Something went wrong on the server."
        self.finish(json.dumps({"code": code, "message": message}))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Keep quiet about what is just an answer to the client."""
        if not isinstance(value, CodeSyncXError):
            super().log_exception(typ, value, tb)
