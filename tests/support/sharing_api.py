"""The sharing API as people ask it, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from support.identity import NamedInHeader

if TYPE_CHECKING:
    from jupyter_server.auth.identity import User


Ask = Callable[..., Awaitable["Answer"]]


INVALID = (400, "invalid_request")


class GraceOwns(NamedInHeader):
    """Grace owns the server, everybody else is only who they are."""

    def is_owner(self, user: User) -> bool:
        return user.username == "grace"


class Answer:
    """A status with the JSON that came with it."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.text = body.decode()

    @property
    def data(self) -> Any:
        return json.loads(self.text)

    @property
    def problem(self) -> tuple[int, str]:
        assert set(self.data) == {"code", "message"}
        return self.status, self.data["code"]


def to_user(name: str, path: str, role: str, **more: object) -> dict[str, Any]:
    return {"subject": {"kind": "user", "name": name}, "path": path, "role": role, **more}


def lines(start: int, end: int) -> dict[str, Any]:
    return {"kind": "lines", "start_line": start, "end_line": end}
