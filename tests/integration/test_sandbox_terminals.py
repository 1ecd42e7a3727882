"""Terminals of people who aren't trusted: they are in sandboxes, on what their person may read."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.gatehouse import PERSON, SECRET, server_config

if TYPE_CHECKING:
    from pathlib import Path

    from support.gatehouse import House
    from tornado.websocket import WebSocketClientConnection

PATIENCE_S = 30


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    return {**server_config(tmp_path), "InteractiveSandboxes": {"idle_timeout_s": 600}}


class Shell:
    """A terminal as a browser has it."""

    def __init__(self, name: str, socket: WebSocketClientConnection) -> None:
        self.name = name
        self.socket = socket
        self.shown = ""

    async def type(self, line: str) -> None:
        await self.socket.write_message(json.dumps(["stdin", line]))

    async def shows(self, text: str) -> str:
        """Wait until a text is there; give all that is, and begin anew."""
        async with asyncio.timeout(PATIENCE_S):
            while text not in self.shown:
                message = await self.socket.read_message()
                assert message is not None, self.shown
                kind, *rest = json.loads(message)
                if kind == "stdout":
                    self.shown += rest[0]
                elif kind == "disconnect":
                    self.shown += "DISCONNECTED"
        shown, self.shown = self.shown, ""
        return shown


async def open_shell(house: House, visitor: str, cwd: str | None = None) -> Shell:
    answer = await house.fetch(visitor, "POST", "/api/terminals", {"cwd": cwd} if cwd else {})
    assert answer.code == 200, answer.body
    name = json.loads(answer.body)["name"]
    return Shell(name, await house.connect(visitor, f"/terminals/websocket/{name}"))


async def let_run(house: House, name: str, path: str) -> str:
    await house.grant(name, "runner", path)
    house.know(name, **{PERSON: name})
    return name


async def test_a_terminal_has_what_its_person_may_read_and_is_a_terminal(house: House) -> None:
    runner = await let_run(house, "runner", "open")
    shell = await open_shell(house, runner, "open")
    await shell.socket.write_message(json.dumps(["set_size", 33, 111]))
    await shell.shows("sandbox:/work/open$")
    await shell.type("id -u; ls; stty size; tty; echo do''ne\r")
    shown = await shell.shows("done")
    assert "1000\r\nhello.py\r\n33 111\r\n/dev/pts/0\r\n" in shown
    await shell.type("echo sta''rted; sleep 1000\r")
    await shell.shows("started")
    await shell.type("\x03")
    await shell.shows("sandbox:")
    await shell.type(f"grep -r {SECRET} /work /home 2>/dev/null | wc -l; echo do''ne\r")
    assert "0\r\ndone" in await shell.shows("\ndone")
    # A page that is loaded again goes on with it.
    again = Shell(shell.name, await house.connect(runner, f"/terminals/websocket/{shell.name}"))
    assert "hello.py" in await again.shows("\ndone")
    await again.type("exit\r")
    await again.shows("DISCONNECTED")
    assert json.loads((await house.fetch(runner, "GET", "/api/terminals")).body) == []


async def test_a_terminal_is_its_persons_alone_and_ends_with_the_right(house: House) -> None:
    runner = await let_run(house, "runner", "open")
    other = await let_run(house, "other", "open")
    shell = await open_shell(house, runner, "open")
    await shell.shows("$")
    for visitor in (other, "viewer", "trusted"):
        assert json.loads((await house.fetch(visitor, "GET", "/api/terminals")).body) == []
        answer = await house.fetch(visitor, "DELETE", f"/api/terminals/{shell.name}")
        assert answer.code in {403, 404}
    await house.grant(runner, "none", "open/hello.py")
    async with asyncio.timeout(1):
        while house.app.web_app.settings["codesyncx_sandboxes"].living:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert "You may no longer" in await shell.shows("DISCONNECTED")


async def test_a_terminal_begins_only_where_its_person_may_run_code(house: House) -> None:
    await let_run(house, "runner", "open")
    for cwd in ("hidden", "desk", "/etc", "..", str(house.root / "hidden")):
        answer = await house.fetch("runner", "POST", "/api/terminals", {"cwd": cwd})
        assert answer.code == 403, (cwd, answer.body)
    # Who names no folder has it begin in theirs.
    shell = await open_shell(house, "runner")
    await shell.shows("sandbox:/work/open$")
    answer = await house.fetch("viewer", "POST", "/api/terminals", {})
    assert answer.code == 403
    # What a request asks for beside the folder is not heard.
    body = {"cwd": "open", "shell_command": ["sh", "-c", "echo mi''ne"]}
    answer = await house.fetch("runner", "POST", "/api/terminals", body)
    name = json.loads(answer.body)["name"]
    shell = Shell(name, await house.connect("runner", f"/terminals/websocket/{name}"))
    assert "mine" not in await shell.shows("$")


async def test_a_flood_is_slowed_down_and_the_server_answers(house: House) -> None:
    runner = await let_run(house, "runner", "open")
    shell = await open_shell(house, runner, "open")
    await shell.shows("$")
    await shell.type("yes\r")
    await shell.shows("y\r\ny\r\n" * 1000)
    for _ in range(5):
        assert (await house.fetch("viewer", "GET", "/api/contents/open")).code == 200
    await shell.type("\x03")
    await shell.shows("sandbox:")
    assert (await house.fetch(runner, "DELETE", f"/api/terminals/{shell.name}")).code == 204
