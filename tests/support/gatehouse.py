"""A project with something hidden in it, and people who have little of it."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_server.auth.identity import IdentityProvider, User
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.simple_httpclient import HTTPStreamClosedError, HTTPTimeoutError
from tornado.websocket import WebSocketClientConnection, websocket_connect

from codesyncx_server.access.changes import Invitation, Terms
from codesyncx_server.access.model import (
    EVERYONE,
    PROJECT,
    ROLES,
    Person,
    Resource,
    Subject,
    SubjectKind,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jupyter_server.base.handlers import JupyterHandler
    from jupyter_server.serverapp import ServerApp

    from codesyncx_server.access.service import AccessService

SECRET = "xyzzy-plugh"
PERSON = "X-Test-Person"
# Without notebook_shim: it has no routes, and changes Jupyter for all tests that come after.
EXTENSIONS = (
    "codesyncx_server",
    "jupyter_lsp",
    "jupyter_server_fileid",
    "jupyter_server_proxy",
    "jupyter_server_terminals",
    "jupyter_server_ydoc",
    "jupyterlab",
    "jupyterlab_chat",
)
OWNER = Person("ada", is_owner=True)
WAIT_S = 10
ROOM = "/api/collaboration/room/text:file:"
NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "execution_count": 1,
            "id": "c1",
            "metadata": {},
            "source": "1 + 1",
            "outputs": [{"name": "stdout", "output_type": "stream", "text": SECRET}],
        }
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}
CHAT = {
    "messages": [{"id": "m1", "body": SECRET, "time": 1.0, "sender": "ada", "type": "msg"}],
    "users": {},
    "attachments": {},
    "metadata": {"id": "private-channel"},
}


class Campus(IdentityProvider):
    """People who say in a header who they are; Ada owns the project."""

    def is_owner(self, user: User) -> bool:
        return user.username == OWNER.username

    def get_user(self, handler: JupyterHandler) -> User | None:
        name = handler.request.headers.get(PERSON)
        return User(username=name, name=name.title()) if name else None


def server_config(tmp_path: Path) -> dict[str, Any]:
    """Give the configuration of a server with all the extensions that people usually have."""
    return {
        "CodeSyncXApp": {"call_host": "127.0.0.1", "call_addresses": ["127.0.0.1"]},
        "SQLiteYStore": {"db_path": str(tmp_path / "store.db")},
        "FileContentsManager": {"delete_to_trash": False},
        "LabApp": {
            "extension_manager": "readonly",
            "user_settings_dir": str(tmp_path / "owners-settings"),
            "workspaces_dir": str(tmp_path / "owners-workspaces"),
        },
        "ServerApp": {
            "jpserver_extensions": dict.fromkeys(EXTENSIONS, True),
            "identity_provider_class": Campus,
            "disable_check_xsrf": True,
        },
    }


def plant(root: Path) -> None:
    """Make the project's files."""
    for folder in ("hidden", "open", "desk", "chats"):
        (root / folder).mkdir()
    (root / "hidden/secret.py").write_text(f"answer = '{SECRET}'\n")
    (root / f"hidden/{SECRET}.txt").write_text("its name says it all\n")
    (root / "hidden/notebook.ipynb").write_text(json.dumps(NOTEBOOK))
    (root / "hidden/page.html").write_text(f"<p>{SECRET}</p>")
    (root / "open/hello.py").write_text("print('hello')\n")
    (root / "open/link.py").symlink_to(root / "hidden/secret.py")
    (root / "open/folder").symlink_to(root / "hidden")
    (root / "desk/essay.py").write_text("once = 'upon a time'\n")
    (root / "desk/long.py").write_text(f"first = 1\nmiddle = 2\nlast = '{SECRET}'\n")
    (root / "chats/general.chat").write_text(json.dumps({**CHAT, "messages": []}))
    (root / "chats/private.chat").write_text(json.dumps(CHAT))


def snapshot(root: Path) -> dict[str, bytes | None]:
    """Give everything that is on the disk."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
    }


def restore(root: Path, before: Mapping[str, bytes | None]) -> None:
    """Put back what somebody was free to change."""
    for path in sorted(root.rglob("*"), reverse=True):
        name = path.relative_to(root).as_posix()
        if name not in before:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for name, content in before.items():
        path = root / name
        if content is None:
            path.mkdir(exist_ok=True)
        elif not path.is_symlink():
            path.write_bytes(content)


@dataclass
class Visitor:
    """Somebody at the server's door: what their requests carry."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class House:
    """A running server, its project and the people who come."""

    app: ServerApp
    url: str
    root: Path
    visitors: dict[str, Visitor] = field(default_factory=dict)

    @property
    def access(self) -> AccessService:
        service: AccessService = self.app.web_app.settings["codesyncx_access"]
        return service

    async def fetch(
        self, visitor: str, method: str, path: str, body: Any = None, **headers: str
    ) -> HTTPResponse:
        """Send a request as somebody, and give whatever comes back."""
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        if data is None and method in {"POST", "PUT", "PATCH"}:
            data = ""
        request = HTTPRequest(
            self.url + path,
            method,
            headers={**self.visitors[visitor].headers, **headers},
            body=data,
            follow_redirects=False,
            allow_nonstandard_methods=True,
            request_timeout=20,
        )
        try:
            return await AsyncHTTPClient().fetch(request, raise_error=False)
        except (HTTPStreamClosedError, HTTPTimeoutError) as error:
            raise AssertionError(f"{method} {path} as {visitor} isn't answered") from error

    async def connect(self, visitor: str, path: str) -> WebSocketClientConnection:
        """Open a websocket as somebody."""
        request = HTTPRequest(
            self.url.replace("http", "ws", 1) + path, headers=self.visitors[visitor].headers
        )
        return await websocket_connect(request)

    async def grant(self, username: str, role: str, path: str, range_id: str | None = None) -> int:
        """Give somebody a role on something; the grant's number."""
        subject = Subject(SubjectKind.USER, username) if username else EVERYONE
        grant = await self.access.grant(
            OWNER, subject, Resource(path, range_id), Terms(ROLES[role], role)
        )
        return int(grant.id)

    async def invite(self, role: str, path: str) -> tuple[str, str]:
        """Make a link; its id and secret."""
        invitation = Invitation(Resource(path), Terms(ROLES[role], role))
        link, _, secret = await self.access.create_link(OWNER, invitation)
        return link.id, secret

    async def let_in(self, name: str, secret: str) -> None:
        """Have somebody join by a link, as the page does it."""
        page = await self.fetch("anonymous", "GET", "/codesyncx/join")
        xsrf = page.headers["Set-Cookie"].partition(";")[0]
        headers = {"Cookie": xsrf, "X-XSRFToken": xsrf.partition("=")[2]}
        body = {"secret": secret, "name": name.title()}
        answer = await self.fetch("anonymous", "POST", "/codesyncx/join", body, **headers)
        assert answer.code == 200, answer.body
        self.know(name, Cookie=answer.headers["Set-Cookie"].partition(";")[0])

    def know(self, name: str, **headers: str) -> None:
        """Let a visitor come with these headers."""
        self.visitors[name] = Visitor(name, headers)


async def open_house(app: ServerApp, url: str, root: Path) -> House:
    """Plant the project and give everybody what they have."""
    plant(root)
    house = House(app, url.rstrip("/"), root)
    await app.extension_manager.start_all_extensions()
    for name in ("viewer", "editor", "ranger", "commenter", "stranger", "trusted"):
        house.know(name, **{PERSON: name})
    token = app.identity_provider.token
    house.know("ada", **{PERSON: "ada", "Authorization": f"token {token}"})
    house.know("anonymous")
    await house.grant("viewer", "viewer", "open")
    await house.grant("editor", "editor", "desk/essay.py")
    await house.grant("commenter", "commenter", "open")
    await house.grant("commenter", "commenter", "chats/general.chat")
    await house.grant("trusted", "editor", PROJECT.path)
    granted = await house.fetch(
        "ada",
        "POST",
        "/codesyncx/api/access/grants",
        {
            "subject": {"kind": "user", "name": "ranger"},
            "path": "desk/long.py",
            "range": {"kind": "lines", "start_line": 2, "end_line": 2},
            "permissions": ["read", "edit"],
        },
    )
    assert granted.code == 201, granted.body
    for guest in ("guest", "expired guest"):
        link_id, secret = await house.invite("viewer", "open")
        await house.let_in(guest, secret)
        if guest != "guest":
            await house.access.revoke_link(OWNER, link_id)
    return house


async def told(house: House, person: str, path: str, **options: Any) -> Any:
    """Give the JSON that somebody is sent."""
    answer = await house.fetch(person, "GET", path, **options)
    assert answer.code == 200, (path, answer.code, answer.body)
    return json.loads(answer.body)


def room(house: House, path: str) -> str:
    """Give the address of a text file's room."""
    return ROOM + house.app.web_app.settings["file_id_manager"].index(path)


async def names(house: House, person: str, folder: str = "") -> list[str]:
    """Give the names that somebody is shown in a folder."""
    listing = await told(house, person, f"/api/contents{folder}?content=1")
    return sorted(entry["name"] for entry in listing["content"])


async def closed(socket: WebSocketClientConnection) -> tuple[int | None, str]:
    """Give why a socket is closed, which has to be within a second."""
    async with asyncio.timeout(1):  # a change of access takes effect within a second
        while await socket.read_message() is not None:
            pass
    return socket.close_code, json.loads(socket.close_reason or "{}").get("code", "")


async def fails_to_connect(house: House, person: str, path: str) -> int:
    """Give the status that somebody gets in place of a websocket."""
    with pytest.raises(HTTPClientError) as caught:
        await house.connect(person, path)
    return int(caught.value.code)
