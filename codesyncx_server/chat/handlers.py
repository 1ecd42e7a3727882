"""The chat's routes below `codesyncx/api/chat`."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..access.model import Permission
from ..errors import InvalidRequestError, NotFoundError, TooLargeError
from ..gate.sight import sight_of
from ..json_api import JsonHandler
from ..rate_limit import RateLimit
from .catalog import channel_path

if TYPE_CHECKING:
    from ..gate.sight import Sight
    from .service import ChatService

MAX_ATTACHMENT_BYTES = 20_000_000
_MB = 1_000_000


class Limits:
    """How often one person may call the costly routes."""

    def __init__(self) -> None:
        self.create = RateLimit("new channels", 10, 60)
        self.search = RateLimit("searches", 30, 10)
        self.mark = RateLimit("read marks", 60, 10)
        self.attach = RateLimit("attachments", 30, 60)


class ChatHandler(JsonHandler):
    """What the chat's routes share: who asks, and what they may see."""

    def initialize(self, service: ChatService, limits: Limits) -> None:
        self.service = service
        self.limits = limits

    @property
    def username(self) -> str:
        return str(self.current_user.username)

    @property
    def sight(self) -> Sight:
        """What the person who asks may do and see."""
        return sight_of(self)

    def remember(self) -> None:
        """Keep who asks, by the identity provider's word."""
        self.service.remember(dataclasses.asdict(self.current_user))

    def text(self, data: dict[str, Any], key: str) -> str:
        """Give a text of the request."""
        value = data.get(key)
        if not isinstance(value, str) or not value:
            raise InvalidRequestError(f"The request needs a text {key!r}.")
        return value


class ChannelsHandler(ChatHandler):
    """`chat/channels`: list and create."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.remember()
        channels = await self.service.channels(self.username, self.sight.may_read)
        await self.finish(json.dumps({"channels": channels}))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        self.limits.create.spend(self.username)
        data = self.body()
        name, may_exist = self.text(data, "name"), data.get("may_exist") is True
        path = channel_path(name)
        if not (may_exist and self.sight.may_read(path)):
            self.sight.require(Permission.CREATE, path)
        made = await self.service.create(name, may_exist=may_exist)
        self.set_status(201)
        await self.finish(json.dumps(made))


class SearchHandler(ChatHandler):
    """`chat/search?q=`: messages of every channel."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.limits.search.spend(self.username)
        results = await self.service.search(self.get_query_argument("q", ""), self.sight.may_read)
        await self.finish(json.dumps({"results": results}))


class UnreadHandler(ChatHandler):
    """`chat/unread`: one's own read markers, the same in every browser."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        channels = await self.service.unread(self.username, self.sight.may_read)
        await self.finish(json.dumps({"channels": channels}))

    @web.authenticated
    @authorized(action="read")
    async def put(self) -> None:
        self.limits.mark.spend(self.username)
        data = self.body()
        until = data.get("read_until", math.inf)
        if isinstance(until, bool) or not isinstance(until, (int, float)) or math.isnan(until):
            raise InvalidRequestError("'read_until' must be a number, or left out for now.")
        path = self.text(data, "path")
        if not self.sight.may_read(path):
            raise NotFoundError("There is no such channel.")
        channel = await self.service.mark(
            self.username, path, float(until), back=data.get("back") is True
        )
        await self.finish(json.dumps(channel))


class PeopleHandler(ChatHandler):
    """`chat/people`: whom one can mention."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.remember()
        await self.finish(json.dumps({"people": self.service.people()}))


@web.stream_request_body
class AttachmentsHandler(ChatHandler):
    """`chat/attachments?channel=&name=`: the body becomes a file beside the channel."""

    async def prepare(self) -> None:  # type: ignore[override]
        """Refuse what is too large before it is read."""
        self._chunks: list[bytes] = []
        self._size = 0
        await super().prepare()
        announced = self.request.headers.get("Content-Length", "0")
        self._take(int(announced) if announced.isdigit() else 0)
        self._size = 0

    def data_received(self, chunk: bytes) -> None:
        """Collect, within the limit also for bodies of unknown length."""
        self._take(len(chunk))
        self._chunks.append(chunk)

    @web.authenticated
    @authorized
    async def put(self) -> None:
        self.limits.attach.spend(self.username)
        if not self._size:
            raise InvalidRequestError("The file is empty.")
        attached = await self.service.attach(
            self.get_query_argument("channel"),
            self.get_query_argument("name"),
            b"".join(self._chunks),
        )
        self.set_status(201)
        await self.finish(json.dumps(attached))

    def _take(self, size: int) -> None:
        self._size += size
        if self._size > MAX_ATTACHMENT_BYTES:
            self._chunks.clear()
            raise TooLargeError(f"An attachment may have {MAX_ATTACHMENT_BYTES // _MB} MB at most.")


def routes(service: ChatService) -> list[tuple[Any, ...]]:
    """Give the routes, for `ExtensionApp.handlers`."""
    arguments = {"service": service, "limits": Limits()}
    return [
        (r"/codesyncx/api/chat/channels", ChannelsHandler, arguments),
        (r"/codesyncx/api/chat/search", SearchHandler, arguments),
        (r"/codesyncx/api/chat/unread", UnreadHandler, arguments),
        (r"/codesyncx/api/chat/people", PeopleHandler, arguments),
        (r"/codesyncx/api/chat/attachments", AttachmentsHandler, arguments),
    ]
