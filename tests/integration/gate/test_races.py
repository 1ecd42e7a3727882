"""Access that is taken back while somebody is on their way in."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from support.gatehouse import WAIT_S, closed, server_config

if TYPE_CHECKING:
    from pathlib import Path

    from support.gatehouse import House


class LateConnection(ZMQChannelsWebsocketConnection):
    """One that takes as long as a kernel that is busy starting."""

    is_coming: ClassVar[asyncio.Event]
    may_come: ClassVar[asyncio.Event]

    async def prepare(self) -> None:
        type(self).is_coming.set()
        await type(self).may_come.wait()
        await super().prepare()


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    config = server_config(tmp_path)
    config["ServerApp"]["kernel_websocket_connection_class"] = LateConnection
    return config


async def test_trust_that_is_lost_while_a_kernel_is_being_connected_opens_nothing(
    house: House,
) -> None:
    LateConnection.is_coming, LateConnection.may_come = asyncio.Event(), asyncio.Event()
    kernel = json.loads((await house.fetch("ada", "POST", "/api/kernels", {})).body)["id"]
    coming = asyncio.ensure_future(house.connect("trusted", f"/api/kernels/{kernel}/channels"))
    async with asyncio.timeout(WAIT_S):
        await LateConnection.is_coming.wait()
    await house.grant("trusted", "none", "hidden")
    LateConnection.may_come.set()
    assert await closed(await coming) == (4403, "refused")
    assert (await house.fetch("ada", "DELETE", f"/api/kernels/{kernel}")).code == 204
