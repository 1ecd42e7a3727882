from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from codesyncx_server.errors import RefusedError
from codesyncx_server.gate.sockets import Sockets


class Socket:
    """A websocket as far as it is asked about here."""

    def __init__(self, stream: object) -> None:
        self.close_code: int | None = None
        self.ws_connection = SimpleNamespace(stream=stream)
        self.request = SimpleNamespace(path="/a")

    def open(self) -> None:
        """Begin."""

    def close(self, code: int, reason: str) -> None:
        self.ws_connection.stream.write(reason)  # as tornado does, which fails without a stream
        self.close_code = code


def refuse(_: Any) -> None:
    raise RefusedError("no longer")


def test_one_that_was_given_up_while_it_opened_does_not_keep_the_others_open() -> None:
    sockets = Sockets(refuse)
    stream = SimpleNamespace(write=lambda _: None)
    given_up, opened = [Socket(None) for _ in range(5)], [Socket(stream) for _ in range(5)]
    for one in (*given_up, *opened):
        sockets.watch(one)  # type: ignore[arg-type]
    sockets.judge_again()
    assert {one.close_code for one in opened} == {RefusedError.close_code}
    assert {one.close_code for one in given_up} == {None}
