"""A run of documents that somebody is typing in."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

if TYPE_CHECKING:
    from pathlib import Path

    from support.peers import Join


async def test_what_has_just_been_typed_is_what_runs(
    join: Join, jp_fetch: Any, jp_root_dir: Path, url: str
) -> None:
    (jp_root_dir / "a.py").write_text("print('as it was saved')\n")
    ada, grace = await join("ada"), await join("grace")
    ada.text.clear()
    ada.text += "print('as it was typed')\n"
    await grace.until(lambda: str(grace.text) == str(ada.text))
    answer = await jp_fetch(
        "codesyncx", "api", "runs", method="POST", body=json.dumps({"file": "a.py"})
    )
    run = json.loads(answer.body)
    socket = await websocket_connect(
        HTTPRequest(f"{url.replace('http', 'ws', 1)}/codesyncx/api/runs/{run['id']}/log")
    )
    printed = ""
    while (told := await asyncio.wait_for(socket.read_message(), 30)) is not None:
        printed += "".join(piece["text"] for piece in json.loads(told).get("pieces", ()))
    assert printed == "as it was typed"
