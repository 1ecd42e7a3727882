"""Messages are written in the chat: who may edit its file can't say what others have said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.gatehouse import House

FORGED = json.dumps(
    {"messages": [{"id": "1", "sender": "ada", "body": "the exam is off", "time": 1.0}]}
)
TEXT = {"type": "file", "format": "text", "content": FORGED}
CHAT = "/api/contents/chats/news.chat"


async def test_an_editor_of_the_chats_forges_nobodys_messages(house: House) -> None:
    await house.grant("editor", "editor", "chats")
    answer = await house.fetch("editor", "PUT", CHAT, json.dumps(TEXT))
    assert answer.code == 403
    assert (
        await house.fetch("editor", "PUT", "/api/contents/chats/news.txt", json.dumps(TEXT))
    ).code == 201
    renamed = json.dumps({"path": "chats/news.chat"})
    answer = await house.fetch("editor", "PATCH", "/api/contents/chats/news.txt", renamed)
    assert answer.code == 403
    assert not (house.root / "chats/news.chat").exists()


async def test_a_chat_is_made_and_named_as_the_lab_does_it(house: House) -> None:
    await house.grant("editor", "editor", "chats")
    new = json.dumps({"type": "file", "ext": ".chat"})
    answer = await house.fetch("editor", "POST", "/api/contents/chats", new)
    assert answer.code == 201
    made = json.loads(answer.body)["path"]
    renamed = json.dumps({"path": "chats/news.chat"})
    assert (await house.fetch("editor", "PATCH", f"/api/contents/{made}", renamed)).code == 200
    assert (house.root / "chats/news.chat").read_text() == ""
