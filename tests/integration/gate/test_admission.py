"""Whom the gate lets in: members, guests, the server's own token; what the others are told."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.gatehouse import OWNER, PERSON, WAIT_S, House, closed, names, room, server_config, told

from codesyncx_server.access.changes import Terms
from codesyncx_server.access.model import ROLES
from codesyncx_server.errors import AccessUnavailableError, InvalidRequestError

if TYPE_CHECKING:
    from pathlib import Path


async def standing(house: House, person: str) -> tuple[bool, str, str]:
    """Give whether somebody is let in, why not, and what they are told."""
    said = await told(house, person, "/codesyncx/api/standing")
    return said["is_let_in"], said["why"], f"{said['title']}. {said['advice']}"


class TestStanding:
    async def test_those_who_are_in_are_told_so(self, house: House) -> None:
        for person in ("ada", "trusted", "viewer", "guest", "ranger"):
            assert (await standing(house, person))[:2] == (True, "let_in")

    async def test_whose_link_was_revoked_is_told_so(self, house: House) -> None:
        why, message = (await standing(house, "expired guest"))[1:]
        assert why == "link_revoked"
        assert message == "Your link was revoked. Ask whoever invited you for a new one."

    async def test_whose_link_has_run_out_is_told_so_and_is_in_by_a_new_one(
        self, house: House
    ) -> None:
        link_id, secret = await house.invite("viewer", "open")
        await house.let_in("zoë", secret)
        link = house.access.snapshot.links[link_id]
        over = Terms(ROLES["viewer"], "viewer", expires_at=house.access.now() - 1)
        socket = await house.connect("zoë", "/codesyncx/api/events")
        with pytest.raises(InvalidRequestError):
            await house.access.change_grant(OWNER, link.grant_id, over)
        soon = Terms(ROLES["viewer"], "viewer", expires_at=house.access.now() + 0.1)
        await house.access.change_grant(OWNER, link.grant_id, soon)
        async with asyncio.timeout(WAIT_S):
            while await socket.read_message() is not None:
                pass
        assert json.loads(socket.close_reason or "{}") == {
            "code": "shut_out",
            "message": "Your link has run out. Ask whoever invited you for a new one.",
        }
        assert (await standing(house, "zoë"))[1] == "link_expired"
        page = await house.fetch("zoë", "GET", "/lab", Accept="text/html")
        assert "Your link has run out" in page.body.decode()
        _, secret = await house.invite("viewer", "open")
        await house.let_in("zoë", secret)
        assert (await standing(house, "zoë"))[0]

    async def test_whose_grants_are_gone_is_out_of_every_socket_until_there_are_some(
        self, house: House
    ) -> None:
        house.know("reader", **{PERSON: "reader"})
        number = await house.grant("reader", "editor", "open")
        paths = (
            room(house, "open/hello.py"),
            "/codesyncx/api/events",
            "/api/collaboration/room/JupyterLab:globalAwareness",
        )
        sockets = [await house.connect("reader", path) for path in paths]
        await house.access.revoke(OWNER, number)
        for socket in sockets:
            assert await closed(socket) == (4403, "shut_out")
        assert (await standing(house, "reader"))[:2] == (False, "no_access")
        answer = await house.fetch("reader", "GET", "/codesyncx/api/access/me")
        assert json.loads(answer.body)["code"] == "shut_out"
        await house.grant("reader", "viewer", "open")
        assert (await standing(house, "reader"))[0]

    async def test_a_cookie_that_nobody_gave_is_an_invitation_that_has_ended(
        self, house: House
    ) -> None:
        (name, _, _) = house.visitors["guest"].headers["Cookie"].partition("=")
        link_id, _ = await house.invite("viewer", "open")
        for token in ("nonsense", f"{link_id}.guessed", "0.0", "."):
            house.know("forger", Cookie=f"{name}={token}")
            assert (await standing(house, "forger"))[1] == "unknown_guest"
            answer = await house.fetch("forger", "GET", "/api/contents")
            assert json.loads(answer.body) == {
                "code": "refused",
                "message": "Your invitation has ended. Ask whoever invited you for another.",
            }

    async def test_somebody_unknown_has_to_sign_in(self, house: House) -> None:
        assert (await standing(house, "anonymous"))[:2] == (False, "signed_out")

    async def test_nobody_is_told_that_they_are_out_while_it_cant_be_known(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def snapshot(_: Any) -> None:
            raise AccessUnavailableError("Access can't be checked right now.")

        monkeypatch.setattr(type(house.access), "snapshot", property(snapshot))
        for person in ("guest", "viewer"):
            for path in ("/codesyncx/api/standing", "/api/contents"):
                answer = await house.fetch(person, "GET", path)
                assert answer.code == 503
                assert json.loads(answer.body)["code"] == "access_unavailable"


class TestGuests:
    async def test_a_guest_has_a_name_of_their_own_and_what_the_link_gives(
        self, house: House
    ) -> None:
        me = await told(house, "guest", '/api/me?permissions={"contents":["read","write"]}')
        assert me["identity"]["display_name"] == "Guest"
        assert me["identity"]["username"].startswith("guest-")
        assert me["permissions"]["contents"] == ["read"]
        assert await names(house, "guest", "/open") == ["hello.py"]

    async def test_a_guest_can_not_become_anybody_else(self, house: House) -> None:
        # Jupyter would set a login cookie here, and who has one is let in.
        answer = await house.fetch("guest", "PATCH", "/api/me", {"color": "red"})
        assert answer.code == 403
        assert "Set-Cookie" not in answer.headers

    async def test_the_cookie_is_kept_from_scripts_and_other_sites(self, house: House) -> None:
        _, secret = await house.invite("viewer", "open")
        body = {"secret": secret, "name": "Zoë"}
        answer = await house.fetch("anonymous", "POST", "/codesyncx/join", body)
        assert json.loads(answer.body) == {"url": f"{house.app.base_url}lab"}
        cookie = answer.headers["Set-Cookie"]
        for part in ("HttpOnly", "SameSite=Lax", f"Path={house.app.base_url}"):
            assert part in cookie
        assert secret not in cookie
        assert "codesyncx-guest-" in cookie

    async def test_the_door_tells_what_a_link_is_for_before_one_goes_in(self, house: House) -> None:
        _, secret = await house.invite("commenter", "open")
        answer = await house.fetch("anonymous", "POST", "/codesyncx/join", {"secret": secret})
        assert json.loads(answer.body).items() >= {"place": "open", "role": "a commenter"}.items()
        assert "Set-Cookie" not in answer.headers

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"secret": "guessed", "name": "Eve"}, 403),
            ({"secret": "guessed"}, 403),
            ({"name": "Eve"}, 400),
            ({"secret": 5, "name": "Eve"}, 400),
            ("no JSON", 400),
            ([], 400),
            ("x" * 5_000, 413),
        ],
    )
    async def test_a_wrong_link_lets_nobody_in(self, house: House, body: Any, code: int) -> None:
        answer = await house.fetch("anonymous", "POST", "/codesyncx/join", body)
        assert answer.code == code
        assert json.loads(answer.body)["message"]
        assert "Set-Cookie" not in answer.headers

    async def test_links_can_not_be_guessed_for_long(self, house: House) -> None:
        answers = [
            await house.fetch("anonymous", "POST", "/codesyncx/join", {"secret": f"x.{number}"})
            for number in range(30)
        ]
        assert {answer.code for answer in answers} == {403, 429}

    async def test_the_page_runs_no_script_but_its_own(self, house: House) -> None:
        page = await house.fetch("anonymous", "GET", "/codesyncx/join")
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'nonce-" in policy
        assert page.headers["Referrer-Policy"] == "no-referrer"


class TestWithTheServersOwnToken:
    @pytest.fixture
    def jp_server_config(self, tmp_path: Path) -> dict[str, Any]:
        config = server_config(tmp_path)
        del config["ServerApp"]["identity_provider_class"]
        config["ServerApp"]["disable_check_xsrf"] = False
        return config

    async def test_whoever_has_it_is_an_owner_and_guests_are_guests(self, house: House) -> None:
        token = house.app.identity_provider.token
        assert await names(house, "ada") == ["chats", "desk", "hidden", "open"]
        assert await names(house, "guest") == ["open"]
        wrong = await house.fetch("guest", "GET", "/api/contents/hidden?token=wrong")
        assert wrong.code == 403
        for path in ("/lab", "/nowhere", "/logout"):
            page = await house.fetch("guest", "GET", path, Accept="text/html")
            assert token not in page.body.decode()
            cookies = page.headers.get_list("Set-Cookie")
            assert not [one for one in cookies if "username-" in one and '=""' not in one]

    async def test_a_guest_can_not_make_jupyter_remember_them(self, house: House) -> None:
        headers = await with_xsrf(house, "guest")
        answer = await house.fetch("guest", "PATCH", "/api/me", {"color": "red"}, **headers)
        assert json.loads(answer.body)["message"] == "That isn't for guests."
        assert "username-" not in answer.headers.get("Set-Cookie", "")

    async def test_a_page_of_another_site_can_not_act_for_a_guest(self, house: House) -> None:
        _, secret = await house.invite("editor", "open")
        await house.let_in("maker", secret)
        before = sorted((house.root / "open").iterdir())
        answer = await house.fetch("maker", "POST", "/api/contents/open")
        assert answer.code == 403
        assert sorted((house.root / "open").iterdir()) == before
        headers = await with_xsrf(house, "maker")
        made = await house.fetch("maker", "POST", "/api/contents/open", **headers)
        assert made.code == 201

    async def test_a_guest_who_signs_out_is_out(self, house: House) -> None:
        page = await house.fetch("guest", "GET", "/logout")
        name = house.visitors["guest"].headers["Cookie"].partition("=")[0]
        assert any(one.startswith(f'{name}="";') for one in page.headers.get_list("Set-Cookie"))


async def with_xsrf(house: House, person: str) -> dict[str, str]:
    """Give the headers of a request from JupyterLab's own page."""
    page = await house.fetch(person, "GET", "/lab")
    xsrf = page.headers["Set-Cookie"].partition(";")[0]
    cookies = house.visitors[person].headers["Cookie"]
    return {"Cookie": f"{cookies}; {xsrf}", "X-XSRFToken": xsrf.partition("=")[2]}


class TestWithoutAnAnswer:
    async def test_only_the_servers_owner_gets_in_while_access_cant_be_checked(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        socket = await house.connect("viewer", room(house, "open/hello.py"))
        assert await socket.read_message()

        def snapshot(_: Any) -> None:
            raise AccessUnavailableError("Access can't be checked right now.")

        monkeypatch.setattr(type(house.access), "snapshot", property(snapshot))
        for person in ("viewer", "trusted", "editor"):
            answer = await house.fetch(person, "GET", "/api/contents")
            assert answer.code == 503
            assert json.loads(answer.body)["code"] == "access_unavailable"
        assert await names(house, "ada") == ["chats", "desk", "hidden", "open"]
        house.access._changed()
        assert await closed(socket) == (4503, "access_unavailable")
