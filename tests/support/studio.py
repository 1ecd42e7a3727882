"""A file of Grace's with hidden lines, on a real server, and the people at it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from support.identity import PERSON, NamedInHeader
from support.peers import Peer
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse

from codesyncx_server.access.changes import Terms
from codesyncx_server.access.model import (
    Permission,
    Person,
    Resource,
    Subject,
    SubjectKind,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jupyter_server.auth.identity import User


SECRET = "§hidden§"
LINES = f"# {SECRET}\nimport os\ndef solve():\n    # é🌍 yours\n    return 1\n# {SECRET} end\n"
SHARED = "def solve():\n    # é🌍 yours\n    return 1"
GRACE = Person("grace", is_owner=True)
READ_ONLY = frozenset({Permission.READ})
READ_AND_EDIT = READ_ONLY | {Permission.EDIT}


class OwnedByGrace(NamedInHeader):
    """Everybody is who they say; Grace owns the server."""

    def is_owner(self, user: User) -> bool:
        return user.username == "grace"


class Watcher(Peer):
    """Keeps all that ever came through the socket."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.heard = bytearray()

    def _hear(self, message: bytes) -> None:
        self.heard += message
        super()._hear(message)


class Studio:
    """The server, and the people at it."""

    def __init__(self, url: str, root: Path, settings: dict[str, Any]) -> None:
        self.url = url
        self.root = root
        self.settings = settings
        self.access = settings["codesyncx_access"]
        self.peers: list[Peer] = []

    async def share(
        self,
        path: str,
        spec: dict[str, Any],
        username: str = "ada",
        permissions: frozenset[Permission] = READ_AND_EDIT,
    ) -> tuple[str, int]:
        """Have Grace give lines or cells to somebody; gives the ids of the range and the grant."""
        range_id = await self.settings["codesyncx_ranges"].create(path, spec, GRACE)
        grant = await self.access.grant(
            GRACE,
            Subject(SubjectKind.USER, username),
            Resource(path, range_id),
            Terms(permissions),
        )
        return range_id, grant.id

    async def join(self, username: str, path: str, form: str = "text", kind: str = "file") -> Any:
        peer = Watcher(self.url, username)
        self.peers.append(peer)
        return await peer.join(path, form, kind)

    async def knock(self, username: str, room: str) -> bytes:
        """Try to open a room that isn't the person's; gives what they were sent before the end."""
        peer = Watcher(self.url, username)
        peer.room = room
        self.peers.append(peer)
        try:
            await peer.connect(sync=False)
        except HTTPClientError as error:
            assert error.code in {403, 404}  # noqa: PT017 (or it is closed, as below)
        else:
            await peer.until(lambda: peer.close_code is not None)
            assert peer.close_code in {4403, 4404}
        return bytes(peer.heard)

    async def fetch(self, username: str, path: str, **facts: Any) -> HTTPResponse:
        request = HTTPRequest(f"{self.url}/{path}", headers={PERSON: username}, **facts)
        return await AsyncHTTPClient().fetch(request, raise_error=False)


async def wait_for(condition: Callable[[], bool], wait_s: float = 10.0) -> None:
    async with asyncio.timeout(wait_s):
        while not condition():  # noqa: ASYNC110 (it waits for the disk)
            await asyncio.sleep(0.02)
