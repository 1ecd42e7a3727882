"""A document's file that is no file on the disk: what a contents manager keeps elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from ..errors import CodeSyncXError, InvalidRequestError, NotFoundError, RefusedError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

_ERRORS: dict[int, type[CodeSyncXError]] = {
    400: InvalidRequestError,
    403: RefusedError,
    404: NotFoundError,
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file holds, and the hash of its bytes."""

    content: Any
    sha256: str


class ContentsFile:
    """A file of a contents manager that isn't Jupyter's own; it is as atomic as that one is."""

    def __init__(self, manager: Any, path: str, file_format: str, file_type: str) -> None:
        self.path = path
        self.sha256: str | None = None
        self._manager = manager
        self._format = file_format
        self._type = "notebook" if file_type == "notebook" else "file"
        self._modified: Any = None
        self._lock = asyncio.Lock()

    async def load(self) -> Loaded:
        """Ask for the content."""
        async with self._lock:
            model = await self._ask(content=True)
            self._modified = model["last_modified"]
            self.sha256 = _hash(model["content"])
            return Loaded(model["content"], self.sha256)

    async def save(
        self, content: Any, before_replace: Callable[[str], None], *, may_create: bool = True
    ) -> str:
        """Hand the content over; NotFoundError when it is gone and not to be created again."""
        if not may_create:
            await self._ask(content=False)
        async with self._lock:
            sha256 = _hash(content)
            before_replace(sha256)
            model = {"type": self._type, "format": self._format, "content": content}
            try:
                saved = await ensure_async(self._manager.save(model, self.path))
            except HTTPError as error:
                raise _plain(error) from error
            self._modified = saved["last_modified"]
            self.sha256 = sha256
            return sha256

    async def has_changed(self) -> bool:
        """Whether somebody else wrote it since; NotFoundError when it is gone."""
        model = await self._ask(content=False)
        return bool(model["last_modified"] != self._modified)

    async def _ask(self, *, content: bool) -> dict[str, Any]:
        form = self._format if content else None
        try:
            model: dict[str, Any] = await ensure_async(
                self._manager.get(self.path, content=content, type=self._type, format=form)
            )
        except HTTPError as error:
            raise _plain(error) from error
        return model


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plain(error: HTTPError) -> CodeSyncXError:
    kind = _ERRORS.get(error.status_code, StorageError)
    return kind(error.log_message or error.reason or "The file can't be used.")
