"""A server whose owner is Grace, with a few files to share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from support.identity import PERSON
from tornado.httpclient import HTTPClientError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

    from jupyter_server.serverapp import ServerApp

    from codesyncx_server.access.service import AccessService

from support.sharing_api import Answer, Ask, GraceOwns


@pytest.fixture
def role() -> str:
    return "none"


@pytest.fixture
def jp_server_config(tmp_path: Path, role: str) -> dict[str, Any]:
    extensions = ("codesyncx_server", "jupyter_server_fileid", "jupyter_server_ydoc")
    return {
        "CodeSyncXApp": {"default_role": role},
        "SQLiteYStore": {"db_path": str(tmp_path / "store.db")},
        "ServerApp": {
            "jpserver_extensions": dict.fromkeys(extensions, True),
            "identity_provider_class": GraceOwns,
            "disable_check_xsrf": True,
        },
    }


@pytest.fixture
def root(jp_root_dir: Path) -> Path:
    (jp_root_dir / "labs" / "deep").mkdir(parents=True)
    (jp_root_dir / "solutions").mkdir()
    for name in ("solver.py", "labs/a.py", "labs/deep/b.py", "solutions/1.py"):
        (jp_root_dir / name).write_text("x = 1\n")
    return jp_root_dir


@pytest.fixture
def service(
    jp_serverapp: ServerApp, root: Path, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> AccessService:
    assert root.is_dir()
    (app,) = jp_serverapp.extension_manager.extension_apps["codesyncx_server"]
    if app.project.tracker is None:
        jp_asyncio_loop.run_until_complete(app._start_jupyter_server_extension(jp_serverapp))
    found: AccessService = jp_serverapp.web_app.settings["codesyncx_access"]
    return found


@pytest.fixture
def ask(jp_fetch: Callable[..., Any], service: AccessService) -> Ask:
    assert service.is_available

    async def send(
        person: str, method: str, route: str, data: object = None, **query: str | int
    ) -> Answer:
        body = None if data is None else data if isinstance(data, str) else json.dumps(data)
        if method in {"POST", "PATCH"} and body is None:
            body = "{}"
        try:
            answer = await jp_fetch(
                "codesyncx",
                "api",
                "access",
                *route.split("/"),
                method=method,
                headers={PERSON: person},
                body=body,
                params={key: str(value) for key, value in query.items()},
                allow_nonstandard_methods=True,
            )
        except HTTPClientError as error:
            return Answer(error.code, error.response.body if error.response else b"")
        return Answer(answer.code, answer.body or b"")

    return send
