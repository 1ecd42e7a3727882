"""The history over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from jupyter_server.utils import ensure_async
from tornado import web

from ..errors import InvalidRequestError, NotFoundError
from ..json_api import JsonHandler
from . import rooms

if TYPE_CHECKING:
    from .recorder import HistoryRecorder
    from .versions import Version

_LONGEST_LABEL = 100


class HistoryHandler(JsonHandler):
    """What every history route shares: which document is asked about."""

    def initialize(self, recorder: HistoryRecorder) -> None:
        """Take the recorder, which knows the way to the store."""
        self.recorder = recorder

    async def check_path(self, path: str) -> str:
        """Give the plain form of `path`; refuses one that the contents manager hides."""
        plain = path.strip("/")
        manager = self.contents_manager
        is_hidden = await ensure_async(manager.is_hidden(plain)) and not manager.allow_hidden
        if is_hidden or not await ensure_async(manager.file_exists(plain)):
            raise NotFoundError("There is no such file.")
        return plain

    async def version_of(self, version_id: str, path: str) -> tuple[Version, bytes]:
        """Give a version, if it is one of the document that is now at `path`."""
        ref = self.recorder.ref_of(await self.check_path(path))
        number = int(version_id)
        own = await self.recorder.call(lambda store: store.versions(ref))
        if all(version.version_id != number for version in own):
            raise NotFoundError("This version is no longer in the history.")
        _, version, content = await self.recorder.call(lambda store: store.read(number))
        return version, content


class VersionsHandler(HistoryHandler):
    """The versions of a document, newest first."""

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        """List them."""
        ref = self.recorder.ref_of(await self.check_path(path))
        versions = await self.recorder.call(lambda store: store.versions(ref))
        self.finish(json.dumps({"versions": [version.to_json() for version in versions]}))


class VersionHandler(HistoryHandler):
    """One version of the document at a path."""

    @web.authenticated
    @authorized
    async def get(self, version_id: str, path: str) -> None:
        """Give its bytes as they were saved; they are never JSON, so large ones cost nothing."""
        _, content = await self.version_of(version_id, path)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(content, set_content_type="text/plain; charset=utf-8")

    @web.authenticated
    @authorized
    async def patch(self, version_id: str, path: str) -> None:
        """Name it."""
        label = self._label()
        version, _ = await self.version_of(version_id, path)
        await self.recorder.call(lambda store: store.set_label(version.version_id, label))
        self.finish(json.dumps({**version.to_json(), "label": label}))

    def _label(self) -> str:
        label = self.body().get("label")
        if not isinstance(label, str) or len(label.strip()) > _LONGEST_LABEL:
            raise InvalidRequestError(
                f"A version's name is a text of at most {_LONGEST_LABEL} characters."
            )
        return label.strip()


class AuthorsHandler(HistoryHandler):
    """Who is behind each client id of an open document, and when they wrote."""

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        """Give people by client id, and marks: by `time` a client had written up to `clock`."""
        plain = await self.check_path(path)
        authors = rooms.authors_of(self.settings, plain)
        ref = self.recorder.ref_of(plain)
        marks = await self.recorder.call(lambda store: store.clock_marks(ref))
        self.finish(
            json.dumps(
                {
                    "authors": {str(key): person.to_json() for key, person in authors.items()},
                    "marks": [[mark.client_id, mark.clock, mark.time] for mark in marks],
                }
            )
        )
