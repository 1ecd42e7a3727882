"""Invite links over HTTP, and the guests who come by them."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, Any

from support.identity import PERSON
from tornado.httpclient import HTTPClientError

from codesyncx_server.access.model import Permission, Person, Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from codesyncx_server.access.service import AccessService

from support.sharing_api import INVALID, Answer, Ask, lines, to_user


async def test_a_link_may_be_for_some_lines_only(ask: Ask, service: AccessService) -> None:
    made = await ask("grace", "POST", "links", {"path": "solver.py", "role": "editor",
                                                "range": lines(1, 1)})  # fmt: skip
    link = made.data["link"]
    assert link["range"]["kind"] == "lines"
    secret = made.data["url"].partition("#")[2]
    guest_id = await service.redeem(secret, "Ed")
    guest = Person(guest_id.guest.id, link=guest_id.guest.link_id)
    assert service.allows(guest, Permission.EDIT, Resource("solver.py", link["range"]["id"]))
    assert not service.allows(guest, Permission.READ, Resource("solver.py"))
    await ask("grace", "DELETE", f"links/{link['id']}")
    assert service.snapshot.ranges == {}


async def test_a_link_lets_a_guest_in_as_often_and_as_long_as_it_says(
    ask: Ask, service: AccessService
) -> None:
    made = await ask(
        "grace", "POST", "links",
        {"path": "labs", "role": "editor", "max_uses": 1, "name": "Lab day", "with_chat": True},
    )  # fmt: skip
    assert made.status == 201
    before, _, secret = made.data["url"].partition("#")
    assert before.endswith("/codesyncx/join")
    link = made.data["link"]
    assert (link["name"], link["uses"], link["max_uses"]) == ("Lab day", 0, 1)

    admission = await service.redeem(secret, " Edsger \n")
    assert admission.guest.name == "Edsger"
    guest = Person(admission.guest.id, link=admission.guest.link_id)
    assert service.allows(guest, Permission.EDIT, Resource("labs/a.py"))
    assert service.allows(guest, Permission.COMMENT, Resource("chats/general.chat"))
    assert not service.allows(guest, Permission.READ, Resource("solver.py"))

    listed = (await ask("grace", "GET", "links", path="labs")).data["links"]
    assert [(one["id"], one["uses"]) for one in listed] == [(link["id"], 1)]
    assert secret not in json.dumps(listed)
    assert (await ask("grace", "GET", "links", path="solutions")).data["links"] == []
    assert (await ask("ada", "GET", "links", path="labs")).problem == (403, "shut_out")
    assert (await ask("ada", "DELETE", f"links/{link['id']}")).problem == (403, "shut_out")
    assert (await ask("grace", "DELETE", f"links/{link['id']}")).status == 204
    assert service.guest_of(admission.token) is None
    assert (await ask("grace", "GET", "links", path="labs")).data["links"] == []
    assert (await ask("grace", "DELETE", f"links/{link['id']}")).problem == (404, "not_found")


async def test_a_link_that_makes_no_sense_is_refused(ask: Ask) -> None:
    for more in (
        {"role": "none"},
        {"role": "maintainer"},
        {"role": "owner"},
        {"role": "viewer", "max_uses": 0},
        {"role": "viewer", "max_uses": 1.5},
        {"role": "viewer", "name": "x" * 65},
        {"role": "viewer", "with_chat": "yes"},
    ):
        assert (await ask("grace", "POST", "links", {"path": "labs", **more})).problem == INVALID


async def test_a_guest_hands_out_nothing_and_reads_no_log(
    ask: Ask, jp_fetch: Callable[..., Any]
) -> None:
    made = (await ask("grace", "POST", "links", {"path": "labs", "role": "editor"})).data
    secret = made["url"].partition("#")[2]
    joined = await jp_fetch(
        "codesyncx", "join", method="POST", headers={PERSON: ""},
        body=json.dumps({"secret": secret, "name": "Ed"}),
    )  # fmt: skip
    headers = {PERSON: "", "Cookie": joined.headers["Set-Cookie"].partition(";")[0]}

    async def as_guest(route: str, data: object = None) -> Answer:
        try:
            answer = await jp_fetch(
                "codesyncx", "api", "access", *route.split("/"), headers=headers,
                method="GET" if data is None else "POST",
                body=None if data is None else json.dumps(data),
            )  # fmt: skip
        except HTTPClientError as error:
            return Answer(error.code, error.response.body if error.response else b"")
        return Answer(answer.code, answer.body)

    me = (await as_guest("me")).data
    assert (me["name"], me["is_guest"], me["is_trusted"]) == ("Ed", True, False)
    assert me["username"] == (await ask("grace", "GET", "audit")).data["entries"][0]["who"]
    for route in ("grants", "links", "subjects", "groups", "audit", "audit/export"):
        assert (await as_guest(route)).problem == (403, "refused")
    for data in (to_user("eve", "labs", "viewer"), to_user(me["username"], "", "viewer")):
        assert (await as_guest("grants", data)).problem == (403, "refused")
    assert (await as_guest("links", {"path": "labs", "role": "viewer"})).problem == (403, "refused")


async def test_joining_is_answered_exactly_and_never_logged(
    ask: Ask,
    jp_fetch: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)

    async def join(secret: str, name: str = "Ed") -> Answer:
        try:
            answer = await jp_fetch(
                "codesyncx", "join", method="POST", headers={PERSON: ""},
                body=json.dumps({"secret": secret, "name": name}),
            )  # fmt: skip
        except HTTPClientError as error:
            return Answer(error.code, error.response.body if error.response else b"")
        return Answer(answer.code, answer.body)

    async def link(**more: Any) -> tuple[str, str]:
        wanted = {"path": "labs", "role": "viewer", **more}
        made = (await ask("grace", "POST", "links", wanted)).data
        return made["link"]["id"], made["url"].partition("#")[2]

    _, once = await link(max_uses=1)
    revoked_id, revoked = await link()
    end = time.time() + 0.5
    _, short = await link(expires_at=end)
    await ask("grace", "DELETE", f"links/{revoked_id}")
    assert (await join(once, "\u200b")).problem == INVALID
    assert (await join(once)).status == 200
    assert (await join(once)).problem == (403, "refused")
    assert "used as often" in (await join(once)).data["message"]
    assert "taken back" in (await join(revoked)).data["message"]
    assert "isn't valid" in (await join(once[:-1])).data["message"]
    while time.time() < end:  # noqa: ASYNC110 - it waits for the clock
        await asyncio.sleep(0.05)
    assert "has expired" in (await join(short)).data["message"]
    while (answer := await join("guessed.secret")).status == 403:
        pass
    assert answer.problem == (429, "too_many")
    for secret in (once, revoked, short):
        assert secret.partition(".")[2] not in caplog.text
