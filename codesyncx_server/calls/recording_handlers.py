"""`codesyncx/api/calls/recording`: whether the call is recorded, and its film while it is made.

The film is for those who may read the folder that it comes into. It is told as an HLS playlist of
byte ranges of one file that grows.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from codesyncx_media.recording.task import FILM, PLAYLIST
from codesyncx_server.access.model import Permission
from codesyncx_server.errors import NotFoundError, RefusedError
from codesyncx_server.gate.sight import sight_of
from codesyncx_server.json_api import JsonHandler

from .callers import PROJECT
from .rights import call_rights

if TYPE_CHECKING:
    from pathlib import Path

    from .media_process import MediaProcess
    from .recordings import Recordings

_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{1,15})")
MOST_AT_ONCE = 16 * 1024 * 1024
"""A fragment has two seconds of film; nobody asks for more than one at a time."""


class RecordingHandler(JsonHandler):
    """`GET calls/recording`."""

    def initialize(self, media: MediaProcess, recordings: Recordings | None) -> None:
        self._media = media
        self._recordings = recordings

    @web.authenticated
    @authorized(action="read")
    async def get(self) -> None:
        """Tell, before they come in, whether who does is recorded, and who may watch that."""
        sight = sight_of(self)
        folder = "" if self._recordings is None else self._recordings.folder
        may_watch = self._recordings is not None and sight.may_read(folder)
        if call_rights(sight) is None and not may_watch:
            raise RefusedError("The call is for those who may read the whole project.")
        await self.answer(
            {
                "is_recorded": self._media.is_recorded(PROJECT),
                "may_watch": may_watch,
                "folder": folder if may_watch else "",
            }
        )


class FilmHandler(JsonHandler):
    """`GET calls/recording/playlist.m3u8` and `film.mp4`."""

    def initialize(self, media: MediaProcess, recordings: Recordings | None) -> None:
        self._media = media
        self._recordings = recordings

    @web.authenticated
    @authorized(action="read")
    async def get(self, name: str) -> None:
        """Give the playlist, or the bytes of the film that are asked for."""
        recording = self._recording()
        self.set_header("Cache-Control", "no-store")
        if name == PLAYLIST:
            text = await asyncio.to_thread((recording / PLAYLIST).read_bytes)
            self.set_header("Content-Type", "application/vnd.apple.mpegurl")
            await self.finish(text)
            return
        await self._send_range(recording / FILM)

    def _recording(self) -> Path:
        """Give the folder of what is recorded now; RefusedError, NotFoundError."""
        if self._recordings is None:
            raise NotFoundError("Calls aren't recorded on this server.")
        if not sight_of(self).may_read(self._recordings.folder):
            raise RefusedError("You may not watch the recordings of this project.")
        found = self._recordings.current()
        if found is None or not self._media.is_recorded(PROJECT):
            raise NotFoundError("Nothing is recorded now.")
        return found

    async def _send_range(self, film: Path) -> None:
        asked = _RANGE.fullmatch(self.request.headers.get("Range", ""))
        first, last = (int(asked[1]), int(asked[2])) if asked else (0, -1)
        size = (await asyncio.to_thread(film.stat)).st_size
        if not first <= last < size or last - first >= MOST_AT_ONCE:
            self.set_header("Content-Range", f"bytes */{size}")
            raise web.HTTPError(416)
        content = await asyncio.to_thread(_read, film, first, last - first + 1)
        self.set_status(206)
        self.set_header("Content-Type", "video/mp4")
        self.set_header("Content-Range", f"bytes {first}-{last}/{size}")
        await self.finish(content)


class ShelfHandler(JsonHandler):
    """`GET calls/recordings`: the finished recordings, of those one may read."""

    def initialize(self, recordings: Recordings | None) -> None:
        self._recordings = recordings

    @web.authenticated
    @authorized(action="read")
    async def get(self) -> None:
        """List them, and say whether one may delete them."""
        if self._recordings is None:
            raise NotFoundError("Calls aren't recorded on this server.")
        sight, folder = sight_of(self), self._recordings.folder
        films = [
            {
                "name": film.name,
                "path": f"{folder}/{film.name}",
                "size": film.size,
                "duration_s": film.duration_s,
                "recorded_by": film.recorded_by,
                "is_in_project": film.is_in_project,
                "is_stored": film.is_stored,
                "may_delete": sight.may(Permission.SHARE, f"{folder}/{film.name}"),
            }
            for film in await self._recordings.shelf.list()
            if sight.may_read(f"{folder}/{film.name}")
        ]
        if not films and not sight.may_read(folder):
            raise RefusedError("You may not watch the recordings of this project.")
        await self.answer({"folder": folder, "recordings": films})


class StoredFilmHandler(JsonHandler):
    """`GET` and `DELETE calls/recordings/NAME`: a finished recording, out of the artifact store."""

    def initialize(self, recordings: Recordings | None) -> None:
        self._recordings = recordings

    @web.authenticated
    @authorized(action="read")
    async def get(self, name: str) -> None:
        """Send who may read the file in the project to where it is stored."""
        if self._recordings is None or self._recordings.shelf.copies is None:
            raise NotFoundError("Recordings are in the project only.")
        if not sight_of(self).may_read(f"{self._recordings.folder}/{name}"):
            raise RefusedError("You may not watch the recordings of this project.")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.redirect(await self._recordings.shelf.copies.link(name))

    @web.authenticated
    @authorized(action="write")
    async def delete(self, name: str) -> None:
        """Delete a recording wherever it is, for those who hand out access to it."""
        if self._recordings is None:
            raise NotFoundError("Calls aren't recorded on this server.")
        path = f"{self._recordings.folder}/{name}"
        sight = sight_of(self)
        if not (sight.may_read(path) and sight.may(Permission.SHARE, path)):
            raise RefusedError("Only those who may share the recording may delete it.")
        await self._recordings.shelf.delete(name)
        self.set_status(204)
        await self.finish()


def _read(film: Path, first: int, count: int) -> bytes:
    with film.open("rb") as file:
        file.seek(first)
        return file.read(count)
