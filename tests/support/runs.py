"""Runs over HTTP and the websocket, as tests ask for them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .gatehouse import House

RUNS = "/codesyncx/api/runs"


async def start(house: House, visitor: str, **told: Any) -> tuple[int, Any]:
    """Ask for a run."""
    answer = await house.fetch(visitor, "POST", RUNS, told)
    return answer.code, json.loads(answer.body)


async def watch(house: House, visitor: str, run_id: str) -> tuple[dict[str, Any], str]:
    """Follow a run to its end: what it became, and all its output."""
    socket = await house.connect(visitor, f"{RUNS}/{run_id}/log")
    text, run = "", {}
    while (told := await asyncio.wait_for(socket.read_message(), 30)) is not None:
        message = json.loads(told)
        if message["type"] == "run":
            run = message["run"]
        else:
            text += "".join(
                piece["text"] + "\n" * piece["ends_line"] for piece in message["pieces"]
            )
    assert (socket.close_code, socket.close_reason) == (1000, "over")
    return run, text


async def listed(house: House, visitor: str) -> dict[str, Any]:
    """Give what the panel asks for."""
    answer = await house.fetch(visitor, "GET", RUNS)
    assert answer.code == 200, answer.body
    found: dict[str, Any] = json.loads(answer.body)
    return found
