"""What the chat routes do, in terms of the project's files, its people and the event bus."""

from __future__ import annotations

import asyncio
import base64
import json
import mimetypes
import time
import uuid
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from ..errors import ExistsError, InvalidRequestError, NotFoundError
from ..events.bus import Event
from . import catalog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..events.bus import EventBus
    from .store import ChatStore

    #: Whether the person who asks may read the file at a path.
    Reads = Callable[[str], bool]
    #: What was said in the chat at a path after the messages with these ids.
    Unsaved = Callable[[str, frozenset[str]], list[dict[str, Any]]]

_SAME_NAME_TRIES = 100


class ChatService:
    """Channels, search, read markers and attachments of one project."""

    def __init__(
        self, root: Path, contents: Any, store: ChatStore, bus: EventBus, unsaved: Unsaved
    ) -> None:
        self._catalog = catalog.Catalog(root)
        self._contents = contents
        self._store = store
        self._bus = bus
        self._unsaved = unsaved
        self._reading = asyncio.Lock()
        self._writing = asyncio.Lock()

    async def channels(self, username: str, reads: Reads) -> list[dict[str, Any]]:
        """Every channel that they read, with what `username` hasn't read.

        The default one is there even before it exists.
        """
        chats = await self._chats(reads)
        read_until = self._store.read_until(username)
        listed = [_describe(chat, username, read_until) for chat in chats]
        default = catalog.channel_path(catalog.DEFAULT_CHANNEL)
        if all(channel["path"] != default for channel in listed) and reads(default):
            empty = catalog.ChatFile(default, default)
            listed.insert(0, {**_describe(empty, username, {}), "exists": False})
        return listed

    async def create(self, name: str, *, may_exist: bool = False) -> dict[str, Any]:
        """Create the channel `name`; ExistsError when there is one, unless it `may_exist`."""
        path = catalog.channel_path(name)
        async with self._writing:
            if not await self._exists(path):
                await self._create(path)
            elif not may_exist:
                raise ExistsError(f"There is a channel {catalog.channel_name(path)!r} already.")
        return {"path": path, "name": catalog.channel_name(path)}

    async def search(self, query: str, reads: Reads) -> list[dict[str, Any]]:
        """Messages that hold every word, of all channels that they read."""
        chats = await self._chats(reads)
        return await asyncio.to_thread(catalog.search, chats, query)

    async def unread(self, username: str, reads: Reads) -> dict[str, dict[str, Any]]:
        """By channel path: what `username` hasn't read, and until when they have."""
        keys = ("channel_id", "unread", "mentions", "read_until")
        return {
            channel["path"]: {key: channel[key] for key in keys}
            for channel in await self.channels(username, reads)
        }

    async def mark(
        self, username: str, path: str, read_until: float, *, back: bool = False
    ) -> dict[str, Any]:
        """Note that `username` has read `path` up to a time, at most now; tells their browsers."""
        chat = await asyncio.to_thread(self._catalog.read, path)
        if chat is None or not path.endswith(catalog.SUFFIX):
            raise NotFoundError("There is no such channel.")
        read_until = min(read_until, time.time())
        move = self._store.mark_unread if back else self._store.mark_read
        if await asyncio.to_thread(move, username, chat.channel_id, read_until):
            data = {"path": path, "read_until": read_until, "recipients": [username]}
            self._bus.publish(Event("chat.read", data))
        return _describe(self._freshen(chat), username, self._store.read_until(username))

    async def attach(self, channel: str, name: str, data: bytes) -> dict[str, Any]:
        """Keep an uploaded file beside the channel; gives its path and type."""
        if not channel.endswith(catalog.SUFFIX) or not await self._exists(channel):
            raise NotFoundError("There is no such channel.")
        parent = channel.rpartition("/")[0]
        folder = f"{parent}/{catalog.ATTACHMENTS}".lstrip("/")
        async with self._writing:
            await self._make_folder(folder)
            path = await self._free_path(folder, catalog.attachment_name(name))
            await self._save(path, "base64", base64.b64encode(data).decode())
        mimetype = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return {"path": path, "mimetype": mimetype, "size": len(data)}

    def people(self) -> list[dict[str, Any]]:
        """Everyone who has been in the project."""
        return self._store.people()

    def remember(self, identity: dict[str, Any]) -> None:
        """Keep who a person is, for mentions and for the judge."""
        if self._store.remember(identity):
            self._bus.publish(Event("chat.people_changed", {}))

    async def _create(self, path: str) -> None:
        await self._make_folder(catalog.FOLDER)
        # The id is there from the start: two browsers that open a chat without one would each
        # write their own.
        empty = {
            "messages": [],
            "users": {},
            "attachments": {},
            "metadata": {"id": str(uuid.uuid4())},
        }
        await self._save(path, "text", json.dumps(empty, indent=2))
        self._catalog.look_again()
        self._bus.publish(Event("chat.channel_created", {"path": path}))

    async def _chats(self, reads: Reads) -> list[catalog.ChatFile]:
        async with self._reading:
            chats = await asyncio.to_thread(self._catalog.chats)
        return [self._freshen(chat) for chat in chats if reads(chat.path)]

    def _freshen(self, chat: catalog.ChatFile) -> catalog.ChatFile:
        """Give the chat with what was said since its file was written: nobody waits for a save."""
        return chat.with_newer(self._unsaved(chat.path, chat.ids))

    async def _free_path(self, folder: str, name: str) -> str:
        stem, dot, suffix = name.rpartition(".")
        for number in range(_SAME_NAME_TRIES):
            numbered = f"{stem}-{number}{dot}{suffix}" if dot else f"{name}-{number}"
            path = f"{folder}/{numbered if number else name}"
            if not await self._exists(path):
                return path
        raise ExistsError("There are too many attachments of that name.")

    async def _exists(self, path: str) -> bool:
        try:
            return bool(await ensure_async(self._contents.file_exists(path)))
        except HTTPError as error:
            raise InvalidRequestError("That path can't be used.") from error

    async def _make_folder(self, path: str) -> None:
        if not await ensure_async(self._contents.dir_exists(path)):
            await ensure_async(self._contents.save({"type": "directory"}, path))

    async def _save(self, path: str, form: str, content: str) -> None:
        model = {"type": "file", "format": form, "content": content}
        await ensure_async(self._contents.save(model, path))


def _describe(
    chat: catalog.ChatFile, username: str, read_until: dict[str, float]
) -> dict[str, Any]:
    until = read_until.get(chat.channel_id, 0.0)
    unread, mentions = catalog.count_unread(chat, username, until)
    return {
        "path": chat.path,
        "name": chat.name,
        "channel_id": chat.channel_id,
        "exists": True,
        "unread": unread,
        "mentions": mentions,
        "read_until": until,
        "messages": len(chat.messages),
    }
