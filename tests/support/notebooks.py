"""A person's kernel over HTTP and its websocket, as a notebook uses it."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.gatehouse import House
    from tornado.websocket import WebSocketClientConnection

PATIENCE_S = 60


@dataclass
class Answered:
    """What came back from one cell."""

    text: str = ""
    error: str = ""
    status: str = ""
    states: list[str] = field(default_factory=list)


class Notebook:
    """One browser's connection to one kernel."""

    def __init__(self, kernel_id: str, socket: WebSocketClientConnection) -> None:
        self.kernel_id = kernel_id
        self.socket = socket

    async def send(self, code: str) -> str:
        """Ask for a cell to be run; the id of the request."""
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "session": "s",
            "username": "",
            "version": "5.3",
        }
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "allow_stdin": False,
            # Else a kernel drops what comes within 0.1 s after an error.
            "stop_on_error": False,
            "user_expressions": {},
        }
        told = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        await self.socket.write_message(json.dumps({**told, "channel": "shell", "buffers": []}))
        return header["msg_id"]

    async def message(self) -> dict[str, Any] | None:
        """Give the next message; None when the connection has ended."""
        told = await asyncio.wait_for(self.socket.read_message(), PATIENCE_S)
        found: dict[str, Any] | None = None if told is None else json.loads(told)
        return found

    async def wait_until_ready(self) -> None:
        """Ask a kernel that was started anew until it is heard, too, as the lab does.

        What a kernel tells everybody gets lost until its server has connected to it again.
        """
        async with asyncio.timeout(PATIENCE_S):
            while not await self._hears_itself():
                pass

    async def _hears_itself(self) -> bool:
        request = await self.send("pass")
        try:
            async with asyncio.timeout(2):
                return (await self.end_of(request)).status == "ok"
        except TimeoutError:
            return False

    async def run(self, code: str) -> Answered:
        """Run a cell to its end."""
        return await self.end_of(await self.send(code))

    async def end_of(self, request: str) -> Answered:
        """Read on until a request has its reply and the kernel is idle again, or is gone."""
        answered, is_idle = Answered(), False
        while not (answered.status and is_idle):
            message = await self.message()
            if message is None:
                answered.status = "closed"
                return answered
            content, kind = message["content"], message["msg_type"]
            if kind == "status":
                answered.states.append(content["execution_state"])
                if content["execution_state"] in {"restarting", "dead"}:
                    answered.status = content["execution_state"]
                    return answered
            if message["parent_header"].get("msg_id") != request:
                continue
            if kind == "stream":
                answered.text += content["text"]
            elif kind == "error":
                answered.error = content["ename"]
            elif kind == "execute_reply":
                answered.status = content["status"]
            elif kind == "status" and content["execution_state"] == "idle":
                is_idle = True
        return answered


async def open_notebook(house: House, visitor: str, path: str) -> Notebook:
    """Have somebody open a notebook, whose kernel starts."""
    answer = await house.fetch(
        visitor,
        "POST",
        "/api/sessions",
        {"path": path, "type": "notebook", "name": path, "kernel": {"name": "python3"}},
    )
    assert answer.code == 201, answer.body
    return await connect(house, visitor, json.loads(answer.body)["kernel"]["id"])


async def connect(house: House, visitor: str, kernel_id: str) -> Notebook:
    """Open a kernel's websocket."""
    socket = await house.connect(visitor, f"/api/kernels/{kernel_id}/channels?session_id=s")
    return Notebook(kernel_id, socket)
