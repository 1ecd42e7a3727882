"""What all our routes share: JSON in and out, and failures told by a stable code and a sentence."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from jupyter_server.base.handlers import APIHandler

from .error_answers import answer_of
from .errors import CodeSyncXError, InvalidRequestError, TooLargeError

_LARGEST_NUMBER = 2**53  # what a browser counts up to


class JsonHandler(APIHandler):
    """A route that answers with JSON, failures as `{"code", "message"}`."""

    auth_resource: ClassVar[str] = "contents"
    largest_body_bytes: ClassVar[int] = 16_384

    def body(self) -> dict[str, Any]:
        """Give the JSON object of the request."""
        if len(self.request.body) > self.largest_body_bytes:
            raise TooLargeError("The request is too large.")
        try:
            data = json.loads(self.request.body)
        except (ValueError, RecursionError) as error:
            raise InvalidRequestError("The request is not JSON.") from error
        if not isinstance(data, dict):
            raise InvalidRequestError("The request must be a JSON object.")
        return data

    def number(self, name: str, usual: int | None) -> int | None:
        """Give a query argument that must be a whole number."""
        text = self.get_query_argument(name, None)
        if text is None:
            return usual
        if not (text.isascii() and text.isdigit() and int(text) <= _LARGEST_NUMBER):
            raise InvalidRequestError(f"`{name}` must be a whole number.")
        return int(text)

    async def answer(self, data: dict[str, Any], status: int = 200) -> None:
        """Answer with JSON that no cache keeps."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        await self.finish(json.dumps(data))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the stable code, the sentence and nothing else."""
        error = kwargs.get("exc_info", (None, None))[1]
        status, told = answer_of(error, status_code, self._reason)
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(told))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Keep quiet about what is just an answer to the client."""
        if not isinstance(value, CodeSyncXError):
            super().log_exception(typ, value, tb)
