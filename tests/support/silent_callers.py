"""Many people in a lab's call who neither show nor say anything."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from demo_people import token_of
from support.sharing import ask
from websockets.sync.client import connect

if TYPE_CHECKING:
    from types import TracebackType

    from support.servers import LabServer
    from websockets.sync.client import ClientConnection

PATIENCE_S = 20


class SilentCallers:
    """`with SilentCallers(lab, ["ben", "cleo"]):` has them in the call meanwhile, in this order."""

    def __init__(self, lab: LabServer, names: list[str]) -> None:
        self._lab = lab
        self._names = names
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for name in self._names:
            self._join(name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _join(self, name: str) -> None:
        calls = "codesyncx/api/calls"
        ticket = ask(self._lab, "POST", f"{calls}/token", {}, by=name)
        url = f"{self._lab.url}/{calls}/signalling".replace("http", "ws", 1)
        token = f"token {token_of(name, self._lab.token)}"
        socket: ClientConnection = self._stack.enter_context(
            connect(url, additional_headers={"Authorization": token})
        )
        fields = ("version", "project", "room", "token")
        socket.send(json.dumps({"type": "join"} | {name: ticket[name] for name in fields}))
        while json.loads(socket.recv(PATIENCE_S))["type"] != "room":
            pass
