from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.identity import PERSON, NamedInHeader
from tornado.httpclient import HTTPClientError

from codesyncx_server.events.bus import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from jupyter_server.serverapp import ServerApp

PATH = ("codesyncx", "api", "events")


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "CodeSyncXApp": {"default_role": "editor"},
        "ServerApp": {
            "jpserver_extensions": {"codesyncx_server": True},
            "identity_provider_class": NamedInHeader,
        },
    }


async def heard(socket: Any) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await asyncio.wait_for(socket.read_message(), 5))
    return message


async def test_events_reach_a_browser_that_comes_back_too(
    jp_serverapp: ServerApp, jp_ws_fetch: Callable[..., Any]
) -> None:
    bus = jp_serverapp.web_app.settings["codesyncx_bus"]
    socket = await jp_ws_fetch(*PATH)
    hello = await heard(socket)
    bus.publish(Event("presence.summoned", {"path": "a.py"}))
    assert await heard(socket) == {"type": "presence.summoned", "path": "a.py", "seq": 1}
    socket.close()
    bus.publish(Event("presence.summoned", {"path": "b.py"}))

    query = {"since": "1", "stream": hello["stream"]}
    again = await jp_ws_fetch(*PATH, params=query)
    assert (await heard(again))["type"] == "hello"
    assert (await heard(again))["path"] == "b.py"
    other = await jp_ws_fetch(*PATH, params={"since": "1", "stream": "gone"})
    assert (await heard(other))["type"] == "reset"
    again.close()
    other.close()


async def test_a_client_that_never_reads_is_let_go(
    jp_serverapp: ServerApp, jp_ws_fetch: Callable[..., Any]
) -> None:
    settings = jp_serverapp.web_app.settings
    socket = await jp_ws_fetch(*PATH)
    await heard(socket)
    for _ in range(1001):
        settings["codesyncx_bus"].publish(Event("file.created", {"path": "x" * 1000}))
    while await asyncio.wait_for(socket.read_message(), 5) is not None:
        pass

    assert socket.close_code == 4408
    assert json.loads(socket.close_reason)["code"] == "slow_consumer"
    assert settings["codesyncx_stream"].count("ada") == 0


@pytest.mark.parametrize("since", ["-1", "x", "1.5", "²"])
async def test_a_number_that_is_none_is_refused(
    jp_ws_fetch: Callable[..., Any], since: str
) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch(*PATH, params={"since": since})
    assert refused.value.code == 400


@pytest.mark.parametrize(
    "headers", [{PERSON: ""}, {PERSON: "ada", "Origin": "https://evil.example"}]
)
async def test_strangers_and_foreign_pages_hear_nothing(
    jp_ws_fetch: Callable[..., Any], headers: dict[str, str]
) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch(*PATH, headers=headers)
    assert refused.value.code == 403
