"""A media process for tests, with tokens for whoever a test lets in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from codesyncx_media.rights import Right, Rights
from codesyncx_media.tokens import RoomName, TokenKey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

SECRET = bytes(range(32))
PROJECT = "orbits"


class MediaWorker:
    """`with MediaWorker() as worker:` runs a media process on free ports of the loopback."""

    def __init__(
        self, room: str = "lecture", *, inside: Sequence[str] = (), **settings: Any
    ) -> None:
        """Take a room's name, settings of the process beside its secret, and what it runs in.

        `inside` is a command that runs another one, in a namespace for instance.
        """
        self.room = room
        self._inside = inside
        self._settings = settings
        self._key = TokenKey(SECRET)
        self.process: subprocess.Popen[bytes] | None = None
        self.ports: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [*self._inside, sys.executable, "-m", "codesyncx_media"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONDEVMODE": ""},
        )
        self.order(secret=SECRET.hex(), **self._settings)
        assert self.process.stdout is not None
        self.ports = json.loads(self.process.stdout.readline())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.stdout.close()

    @property
    def url(self) -> str:
        """Where browsers signal."""
        return f"ws://127.0.0.1:{self.ports['signalling_port']}/call/v1"

    def order(self, **line: Any) -> None:
        """Write a line, as the server that started the process does."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()

    def token(self, name: str, rights: Rights) -> str:
        """Give a token for somebody to come in once, now."""
        return self._key.sign(
            RoomName(PROJECT, self.room),
            person_id=name,
            display_name=name.title(),
            rights=rights,
            now=time.time(),
        )

    def join(self, name: str, rights: Rights = frozenset({Right.SPEAK})) -> dict[str, Any]:
        """Give a `join` message."""
        return {
            "type": "join",
            "version": 1,
            "project": PROJECT,
            "room": self.room,
            "token": self.token(name, rights),
        }
