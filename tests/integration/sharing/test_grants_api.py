"""Grants over HTTP: given, changed, inherited, taken back, and who may."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.identity import PERSON
from tornado.httpclient import HTTPClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesyncx_server.access.service import AccessService

from support.sharing_api import INVALID, Ask, lines, to_user

NONSENSE: list[tuple[object, tuple[int, str]]] = [
    (to_user("ada", "missing.py", "viewer"), (404, "not_found")),
    (to_user("ada", "../secret", "viewer"), INVALID),
    (to_user("ada", "labs\\a.py", "viewer"), INVALID),
    (to_user("ada", "labs", "king"), INVALID),
    (to_user("", "labs", "viewer"), INVALID),
    (to_user("a\u202eda", "labs", "viewer"), INVALID),
    (to_user("x" * 256, "labs", "viewer"), INVALID),
    (to_user("guest-0", "labs", "viewer"), (404, "not_found")),
    (to_user("ada", "labs", "viewer", permissions=["read"]), INVALID),
    (to_user("ada", "labs", "viewer", expires_at=1), INVALID),
    (to_user("ada", "labs", "viewer", expires_at="soon"), INVALID),
    (to_user("ada", "labs", "viewer", expires_at=True), INVALID),
    (to_user("ada", "labs", "owner"), INVALID),
    (to_user("ada", "solver.py", "viewer", range={"id": "x"}), (404, "not_found")),
    (to_user("ada", "solver.py", "viewer", range={"kind": "words"}), INVALID),
    (
        to_user("ada", "solver.py", "viewer", range={"kind": "cells", "cell_ids": []}),
        INVALID,
    ),
    (
        to_user("ada", "solver.py", "none", range={"kind": "cells", "cell_ids": ["a"]}),
        INVALID,
    ),
    (
        to_user("ada", "solver.py", "viewer", range=lines(2, 1)),
        INVALID,
    ),
    ({"subject": {"kind": "robot", "name": "r2"}, "path": "labs"}, INVALID),
    (
        {"subject": {"kind": "link", "name": "x"}, "path": "labs", "role": "viewer"},
        (404, "not_found"),
    ),
    ({"subject": {"kind": "everyone", "name": "x"}, "path": "labs", "role": "viewer"}, INVALID),
    ({"subject": "ada", "path": "labs", "role": "viewer"}, INVALID),
    ({"subject": {"kind": "user", "name": "ada"}, "path": "labs"}, INVALID),
    ("[]", INVALID),
    ("{", INVALID),
    ("[" * 100_000, INVALID),
    (
        '{"subject":{"kind":"user","name":"a"},"path":"","role":"viewer","expires_at":1e999}',
        INVALID,
    ),
    ('{"subject":{"kind":"user","name":"a"},"path":"","role":"viewer","expires_at":NaN}', INVALID),
    ("x" * 300_000, (413, "too_large")),
]


async def test_a_grant_that_makes_no_sense_is_answered_exactly(ask: Ask) -> None:
    answers = [(data, (await ask("grace", "POST", "grants", data)).problem) for data, _ in NONSENSE]
    assert answers == NONSENSE
    assert (await ask("grace", "GET", "grants")).data == {"grants": []}


async def test_the_owner_gives_somebody_a_folder_changes_it_and_takes_it_back(ask: Ask) -> None:
    assert (await ask("ada", "GET", "permissions", path="labs")).problem == (403, "shut_out")
    await ask("grace", "POST", "grants", to_user("ada", "solutions", "viewer"))
    assert (await ask("ada", "GET", "permissions", path="labs")).problem == (404, "not_found")

    made = await ask("grace", "POST", "grants", to_user("ada", "labs", "editor"))
    assert made.status == 201
    assert made.data["subject"] == {"kind": "user", "name": "ada", "display_name": "ada"}
    assert (made.data["path"], made.data["role"]) == ("labs", "editor")
    assert (made.data["granted_by"], made.data["inherited"]) == ("grace", False)
    assert made.data["range"] is None
    number = made.data["id"]

    seen = await ask("ada", "GET", "permissions", path="labs/a.py")
    assert seen.data["permissions"] == [
        "comment", "create", "delete", "edit", "execute", "read", "share_screen", "speak",
    ]  # fmt: skip
    assert seen.data["why"] == "You have the role editor on labs."
    assert (await ask("ada", "GET", "permissions", path="solver.py")).status == 404
    top = await ask("ada", "GET", "permissions", path="")
    assert (top.status, top.data["permissions"]) == (200, [])

    changed = await ask("grace", "PATCH", f"grants/{number}", {"role": "viewer"})
    assert (changed.status, changed.data["permissions"]) == (200, ["read"])
    assert (await ask("ada", "GET", "permissions", path="labs")).data["permissions"] == ["read"]

    assert (await ask("grace", "DELETE", f"grants/{number}")).status == 204
    assert (await ask("ada", "GET", "permissions", path="labs")).status == 404
    assert (await ask("grace", "DELETE", f"grants/{number}")).problem == (404, "not_found")


async def test_several_places_are_asked_about_at_once(ask: Ask) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "labs", "viewer"))
    paths = ["labs/a.py", "solver.py", "not/there.py", ""]
    seen = await ask("ada", "POST", "permissions", {"paths": paths})
    readable, hidden, missing, top = seen.data["permissions"]
    assert (readable["path"], readable["permissions"]) == ("labs/a.py", ["read"])
    assert (hidden, missing) == (None, None)
    assert (top["path"], top["permissions"]) == ("", [])
    for paths in ("labs", [1], ["labs"] * 501, None):
        assert (await ask("ada", "POST", "permissions", {"paths": paths})).problem == INVALID
    assert (await ask("eve", "POST", "permissions", {"paths": [""]})).problem == (403, "shut_out")


@pytest.mark.parametrize("role", ["editor"])
async def test_the_default_role_shows_as_a_grant_until_everyone_is_given_something_else(
    ask: Ask, role: str
) -> None:
    assert "edit" in (await ask("ada", "GET", "me")).data["permissions"]
    (default,) = (await ask("grace", "GET", "grants")).data["grants"]
    assert (default["id"], default["subject"]["kind"], default["role"]) == (0, "everyone", role)
    assert (await ask("grace", "DELETE", "grants/0")).problem == INVALID
    everyone = {"subject": {"kind": "everyone"}, "path": "", "role": "viewer"}
    await ask("grace", "POST", "grants", everyone)
    assert (await ask("ada", "GET", "me")).data["permissions"] == ["read"]
    (grant,) = (await ask("grace", "GET", "grants")).data["grants"]
    assert grant["id"] > 0


async def test_me_tells_who_one_is_here(ask: Ask) -> None:
    grace = (await ask("grace", "GET", "me")).data
    assert (grace["username"], grace["name"], grace["is_owner"]) == ("grace", "Grace", True)
    assert grace["is_trusted"]
    assert "admin" in grace["permissions"]
    await ask("grace", "POST", "grants", to_user("ada", "", "viewer"))
    ada = (await ask("ada", "GET", "me")).data
    assert ada == {
        "username": "ada",
        "name": "Ada",
        "is_owner": False,
        "is_guest": False,
        "is_trusted": False,
        "has_kernels": False,
        "permissions": ["read"],
    }


async def test_a_list_of_grants_shows_what_is_inherited_to_those_who_may_share(ask: Ask) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "", "viewer"))
    await ask("grace", "POST", "grants", to_user("bob", "labs", "maintainer"))
    await ask("grace", "POST", "grants", to_user("cat", "solutions", "viewer"))
    found = await ask("bob", "GET", "grants", path="labs")
    assert [(one["subject"]["name"], one["inherited"]) for one in found.data["grants"]] == [
        ("bob", False),
        ("ada", True),
    ]
    refused = await ask("ada", "GET", "grants", path="labs")
    assert refused.problem == (403, "refused")
    assert refused.data["message"] == (
        "You may not share labs: you have the role viewer on the project, and that doesn't"
        " include it."
    )


async def test_nobody_gives_more_than_they_have_or_without_share(ask: Ask) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "labs", "maintainer"))
    await ask("grace", "POST", "grants", to_user("bob", "labs", "editor"))
    for who, data in (
        ("bob", to_user("cat", "labs", "viewer")),
        ("bob", to_user("bob", "labs", "maintainer")),
        ("ada", to_user("ada", "", "viewer")),
        ("ada", to_user("ada", "missing.py", "viewer")),
    ):
        assert (await ask(who, "POST", "grants", data)).problem == (403, "refused")
    own = to_user("eve", "labs", "viewer")
    assert (await ask("eve", "POST", "grants", own)).problem == (403, "shut_out")
    answer = await ask("ada", "POST", "grants", to_user("ada", "", "owner"))
    assert answer.problem == (403, "refused")
    number = (await ask("ada", "POST", "grants", to_user("cat", "labs", "editor"))).data["id"]
    assert (await ask("bob", "PATCH", f"grants/{number}", {"role": "viewer"})).status == 403
    assert (await ask("bob", "DELETE", f"grants/{number}")).status == 403


async def test_without_the_database_only_the_servers_owner_gets_an_answer(
    ask: Ask, service: AccessService, jp_fetch: Callable[..., Any]
) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "", "editor"))
    await ask("grace", "POST", "grants", to_user("eve", "", "owner"))
    file = Path(str(service._store._file))
    aside = file.with_name("aside")

    async def becomes_available(wanted: bool) -> None:  # noqa: FBT001 - what is waited for
        async with asyncio.timeout(10):
            while service.is_available is not wanted:  # noqa: ASYNC110 - it waits for the disk
                await asyncio.sleep(0.05)

    await asyncio.to_thread(file.rename, aside)
    await becomes_available(wanted=False)
    for person in ("ada", "eve"):
        assert (await ask(person, "GET", "me")).problem == (503, "access_unavailable")
        with pytest.raises(HTTPClientError, match="503"):
            await jp_fetch("api", "contents", "solver.py", headers={PERSON: person})
    assert (await ask("grace", "GET", "me")).data["is_owner"]
    read = await jp_fetch("api", "contents", "solver.py", headers={PERSON: "grace"})
    assert read.code == 200
    refused = await ask("grace", "POST", "grants", to_user("bob", "", "editor"))
    assert refused.problem == (503, "access_unavailable")

    await asyncio.to_thread(aside.rename, file)
    await becomes_available(wanted=True)
    assert "edit" in (await ask("ada", "GET", "me")).data["permissions"]


async def test_access_ends_by_itself_and_everybody_is_told(
    ask: Ask, jp_ws_fetch: Callable[..., Any]
) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "solutions", "viewer"))
    socket = await jp_ws_fetch("codesyncx", "api", "events", headers={PERSON: "grace"})
    assert json.loads(await socket.read_message())["type"] == "hello"
    await ask(
        "grace", "POST", "grants", to_user("ada", "labs", "viewer", expires_at=time.time() + 1)
    )
    assert (await ask("ada", "GET", "permissions", path="labs")).status == 200
    for _ in range(2):
        heard = json.loads(await asyncio.wait_for(socket.read_message(), 10))
        assert heard["type"] == "access.changed"
    assert (await ask("ada", "GET", "permissions", path="labs")).status == 404
    entries = (await ask("grace", "GET", "audit", what="expired")).data["entries"]
    assert [(one["who"], one["path"]) for one in entries] == [("grace", "labs")]
    socket.close()


async def test_grants_follow_a_file_that_is_renamed(ask: Ask, jp_fetch: Callable[..., Any]) -> None:
    await ask("grace", "POST", "grants", to_user("ada", "labs", "viewer"))
    await jp_fetch(
        "api", "contents", "labs", method="PATCH", headers={PERSON: "grace"},
        body=json.dumps({"path": "exercises"}),
    )  # fmt: skip

    async def follows() -> bool:
        return (await ask("ada", "GET", "permissions", path="exercises/a.py")).status == 200

    async with asyncio.timeout(10):
        while not await follows():  # noqa: ASYNC110 - it waits for an answer
            await asyncio.sleep(0.05)
    assert (await ask("ada", "GET", "permissions", path="labs/a.py")).status == 404
