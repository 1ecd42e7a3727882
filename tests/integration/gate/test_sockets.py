"""Websockets at the gate, and what a change of access does to open ones."""

from __future__ import annotations

import asyncio
import json

import pytest
from support.gatehouse import (
    OWNER,
    PERSON,
    ROOM,
    SECRET,
    WAIT_S,
    House,
    closed,
    fails_to_connect,
    room,
)

from codesyncx_server.access.changes import Terms
from codesyncx_server.access.model import ROLES


class TestSockets:
    async def test_a_viewer_opens_the_rooms_they_may_read_and_no_others(self, house: House) -> None:
        socket = await house.connect("viewer", room(house, "open/hello.py"))
        assert await socket.read_message()
        assert await fails_to_connect(house, "viewer", room(house, "hidden/secret.py")) == 403
        assert await fails_to_connect(house, "viewer", ROOM + "no-such-id") == 403
        assert await fails_to_connect(house, "ranger", room(house, "desk/long.py")) == 403
        socket.close()

    @pytest.mark.parametrize(
        "path", ["/terminals/websocket/1", "/lsp/ws/pylsp", "/api/kernels/{id}/channels"]
    )
    async def test_programs_of_the_server_are_for_the_trusted(
        self, house: House, path: str
    ) -> None:
        path = path.replace("{id}", "0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f")
        for person in ("viewer", "guest", "anonymous", "expired guest"):
            assert await fails_to_connect(house, person, path) == 403
        # Who may run code has kernels and terminals in sandboxes, and never heard of this one.
        refused = 403 if path.startswith("/lsp") else 404
        assert await fails_to_connect(house, "editor", path) == refused

    async def test_events_tell_each_person_of_what_they_may_see(self, house: House) -> None:
        silent = await house.connect("viewer", "/api/events/subscribe")
        hearing = await house.connect("viewer", "/codesyncx/api/events")
        hello = json.loads(await hearing.read_message() or "")
        assert hello["type"] == "hello"
        body = {"type": "file", "format": "text", "content": SECRET}
        for path in (f"hidden/{SECRET}-1.txt", "open/new.txt"):
            assert (await house.fetch("ada", "PUT", f"/api/contents/{path}", body)).code == 201
        heard: list[str] = []
        async with asyncio.timeout(WAIT_S):
            while not any("open/new.txt" in message for message in heard):
                heard.append(str(await hearing.read_message()))
        assert SECRET not in "".join(heard)
        silent.close()
        async with asyncio.timeout(WAIT_S):
            assert await silent.read_message() is None  # it has never said a word
        hearing.close()

    async def test_who_loses_a_file_loses_its_room_within_a_second(self, house: House) -> None:
        number = await house.grant("reader", "viewer", "hidden/secret.py")
        await house.grant("reader", "viewer", "open")
        house.know("reader", **{PERSON: "reader"})
        lost = await house.connect("reader", room(house, "hidden/secret.py"))
        kept = await house.connect("reader", room(house, "open/hello.py"))
        assert await lost.read_message()
        assert await kept.read_message()
        await house.access.revoke(OWNER, number)
        assert await closed(lost) == (4403, "refused")
        assert kept.close_code is None
        kept.close()

    async def test_an_end_ends_it_too(self, house: House) -> None:
        house.know("reader", **{PERSON: "reader"})
        number = await house.grant("reader", "viewer", "open")
        socket = await house.connect("reader", room(house, "open/hello.py"))
        soon = house.access.now() + 0.2
        terms = Terms(ROLES["viewer"], "viewer", expires_at=soon)
        await house.access.change_grant(OWNER, number, terms)
        async with asyncio.timeout(WAIT_S):
            while await socket.read_message() is not None:
                pass
        assert socket.close_code == 4403
        assert house.access.now() - soon < 1

    async def test_a_guest_whose_link_is_taken_back_is_out_everywhere(self, house: House) -> None:
        link_id, secret = await house.invite("viewer", "open")
        body = {"secret": secret, "name": "Zoë"}
        answer = await house.fetch("anonymous", "POST", "/codesyncx/join", body)
        house.know("zoë", Cookie=answer.headers["Set-Cookie"].partition(";")[0])
        paths = (
            room(house, "open/hello.py"),
            "/codesyncx/api/events",
            "/api/events/subscribe",
            "/api/collaboration/room/JupyterLab:globalAwareness",
        )
        sockets = [await house.connect("zoë", path) for path in paths]
        await house.access.revoke_link(OWNER, link_id)
        for socket in sockets:
            assert await closed(socket) == (4403, "shut_out")
        assert (await house.fetch("zoë", "GET", "/api/contents")).code == 403

    async def test_who_loses_trust_loses_their_terminals(self, house: House) -> None:
        answer = await house.fetch("trusted", "POST", "/api/terminals", {})
        name = json.loads(answer.body)["name"]
        socket = await house.connect("trusted", f"/terminals/websocket/{name}")
        assert await socket.read_message()
        await house.grant("trusted", "none", "hidden")
        assert await closed(socket) == (4403, "refused")
