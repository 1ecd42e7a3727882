from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.identity import PERSON, NamedInHeader
from tornado.httpclient import HTTPClientError

from codesyncx_server.chat import catalog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jupyter_server.serverapp import ServerApp

    Fetch = Callable[..., Any]


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "CodeSyncXApp": {"default_role": "editor"},
        "ServerApp": {
            "jpserver_extensions": {"codesyncx_server": True},
            "identity_provider_class": NamedInHeader,
            "disable_check_xsrf": True,
        },
    }


@pytest.fixture
def chat(jp_fetch: Fetch) -> Fetch:
    async def call(route: str, person: str = "ada", **options: Any) -> Any:
        if isinstance(options.get("body"), dict):
            options["body"] = json.dumps(options["body"])
        path = ("codesyncx", "api", "chat", *route.split("/"))
        response = await jp_fetch(*path, headers={PERSON: person}, **options)
        return json.loads(response.body)

    return call


async def refused(call: Any) -> tuple[int, str]:
    with pytest.raises(HTTPClientError) as caught:
        await call
    answer = json.loads(caught.value.response.body)  # type: ignore[union-attr]
    assert set(answer) == {"code", "message"}
    return caught.value.code, answer["code"]


async def test_channels_begin_with_general_and_are_made_by_name(
    chat: Fetch, jp_root_dir: Path
) -> None:
    (general,) = (await chat("channels"))["channels"]
    assert (general["path"], general["exists"]) == ("chats/general.chat", False)

    made = await chat("channels", method="POST", body={"name": "Release plan"})
    assert made == {"path": "chats/Release plan.chat", "name": "Release plan"}
    content = json.loads((jp_root_dir / made["path"]).read_text())
    assert content["messages"] == []
    assert content["metadata"]["id"]

    again = {"method": "POST", "body": {"name": "Release plan"}}
    assert await refused(chat("channels", **again)) == (409, "exists")
    again["body"]["may_exist"] = True  # type: ignore[index]
    assert await chat("channels", **again) == made
    paths = [each["path"] for each in (await chat("channels"))["channels"]]
    assert paths == ["chats/general.chat", "chats/Release plan.chat"]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({"name": "../up"}, (400, "invalid_request")),
        ({"name": 5}, (400, "invalid_request")),
        ({}, (400, "invalid_request")),
        ("[]", (400, "invalid_request")),
        ("{", (400, "invalid_request")),
        ("x" * 20_000, (413, "too_large")),
    ],
)
async def test_a_channel_that_makes_no_sense_is_refused(
    chat: Fetch, body: Any, answer: tuple[int, str]
) -> None:
    assert await refused(chat("channels", method="POST", body=body)) == answer


def talk(root: Path, path: str, *messages: tuple[float, str, str]) -> None:
    file = root / path
    file.parent.mkdir(exist_ok=True)
    entries = [
        {"id": f"m{time}", "time": time, "sender": sender, "body": body, "mentions": ["ada"]}
        for time, sender, body in messages
    ]
    users = {"bob": {"username": "bob", "display_name": "Bob"}}
    file.write_text(
        json.dumps({"messages": entries, "users": users, "metadata": {"id": f"id of {path}"}})
    )


async def test_what_is_unread_follows_the_person_not_the_browser(
    chat: Fetch, jp_root_dir: Path, jp_serverapp: ServerApp
) -> None:
    talk(jp_root_dir, "chats/general.chat", (1, "bob", "one"), (2, "ada", "own"), (3, "bob", "two"))
    events = []
    jp_serverapp.web_app.settings["codesyncx_bus"].subscribe("chat.read", events.append)
    unread = (await chat("unread"))["channels"]["chats/general.chat"]
    assert (unread["unread"], unread["mentions"], unread["read_until"]) == (2, 2, 0)

    mark = {"path": "chats/general.chat", "read_until": 1.5}
    assert (await chat("unread", method="PUT", body=mark))["unread"] == 1
    assert (await chat("unread"))["channels"]["chats/general.chat"]["unread"] == 1
    assert (await chat("unread", person="eve"))["channels"]["chats/general.chat"]["unread"] == 3
    assert [event.data["recipients"] for event in events] == [["ada"]]

    (jp_root_dir / "chats/general.chat").rename(jp_root_dir / "chats/renamed.chat")
    await asyncio.sleep(catalog.FIND_EVERY_S)
    assert (await chat("unread"))["channels"]["chats/renamed.chat"]["unread"] == 1
    back = {"path": "chats/renamed.chat", "read_until": 0, "back": True}
    assert (await chat("unread", method="PUT", body=back))["unread"] == 2

    for wrong in ({"path": "no.chat", "read_until": 1}, {"path": "../x.chat", "read_until": 1}):
        assert await refused(chat("unread", method="PUT", body=wrong)) == (404, "not_found")
    now = {"path": "chats/renamed.chat"}
    assert (await chat("unread", method="PUT", body=now))["unread"] == 0
    for until in ("1", None, True):
        wrong = {"path": "chats/renamed.chat", "read_until": until}
        assert await refused(chat("unread", method="PUT", body=wrong)) == (400, "invalid_request")


async def test_search_looks_into_every_chat_of_the_project(chat: Fetch, jp_root_dir: Path) -> None:
    talk(jp_root_dir, "chats/general.chat", (1, "bob", "the solver is slow"))
    talk(jp_root_dir, "docs/review.chat", (2, "bob", "Solver: reviewed"))
    results = (await chat("search", params={"q": "solver"}))["results"]
    assert [(hit["path"], hit["sender_name"]) for hit in results] == [
        ("docs/review.chat", "Bob"),
        ("chats/general.chat", "Bob"),
    ]
    assert await refused(chat("search")) == (400, "invalid_request")


async def test_files_are_kept_beside_the_channel_under_a_name_of_their_own(
    chat: Fetch, jp_root_dir: Path
) -> None:
    await chat("channels", method="POST", body={"name": "general"})

    def put(body: bytes, **params: str) -> Any:
        params = {"channel": "chats/general.chat", "name": "../plot.png", **params}
        return chat("attachments", method="PUT", body=body, params=params)

    assert await put(b"one") == {
        "path": "chats/attachments/plot.png",
        "mimetype": "image/png",
        "size": 3,
    }
    assert (await put(b"two"))["path"] == "chats/attachments/plot-1.png"
    assert (jp_root_dir / "chats/attachments/plot.png").read_bytes() == b"one"
    assert await refused(put(b"")) == (400, "invalid_request")
    assert await refused(put(b"x", channel="chats/none.chat")) == (404, "not_found")
    assert await refused(put(b"x", channel="setup.py")) == (404, "not_found")
    assert await refused(put(b"x" * 20_000_001)) == (413, "too_large")


async def test_people_are_those_who_have_been_here(chat: Fetch) -> None:
    await chat("channels", person="zoe")
    people = (await chat("people"))["people"]
    assert [person["display_name"] for person in people] == ["Ada", "Zoe"]


async def test_too_many_searches_are_refused(chat: Fetch) -> None:
    for _ in range(30):
        await chat("search", params={"q": "x"})
    assert await refused(chat("search", params={"q": "x"})) == (429, "too_many")


async def test_strangers_are_told_nothing(chat: Fetch) -> None:
    code, _ = await refused(chat("channels", person=""))
    assert code == 403
