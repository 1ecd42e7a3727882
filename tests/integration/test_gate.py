"""The gate of a real server: guests, pages, listings, sockets, and what a change of access does."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.gatehouse import OWNER, PERSON, SECRET, House, server_config
from tornado.httpclient import HTTPClientError

from codesyncx_server.access.changes import Terms
from codesyncx_server.access.model import ROLES
from codesyncx_server.errors import AccessUnavailableError, InvalidRequestError

if TYPE_CHECKING:
    from pathlib import Path

    from tornado.websocket import WebSocketClientConnection

ROOM = "/api/collaboration/room/text:file:"
WAIT_S = 10


@pytest.fixture
def jp_server_config(tmp_path: Path) -> dict[str, Any]:
    return server_config(tmp_path)


async def told(house: House, person: str, path: str, **options: Any) -> Any:
    answer = await house.fetch(person, "GET", path, **options)
    assert answer.code == 200, (path, answer.code, answer.body)
    return json.loads(answer.body)


async def names(house: House, person: str, folder: str = "") -> list[str]:
    listing = await told(house, person, f"/api/contents{folder}?content=1")
    return sorted(entry["name"] for entry in listing["content"])


def room(house: House, path: str) -> str:
    return ROOM + house.app.web_app.settings["file_id_manager"].index(path)


async def closed(socket: WebSocketClientConnection) -> tuple[int | None, str]:
    async with asyncio.timeout(1):  # a change of access takes effect within a second
        while await socket.read_message() is not None:
            pass
    return socket.close_code, json.loads(socket.close_reason or "{}").get("code", "")


async def fails_to_connect(house: House, person: str, path: str) -> int:
    with pytest.raises(HTTPClientError) as caught:
        await house.connect(person, path)
    return int(caught.value.code)


class TestListings:
    async def test_a_folder_shows_what_one_reaches_and_the_way_there(self, house: House) -> None:
        assert await names(house, "viewer") == ["open"]
        # The links in it lead to what they may not read.
        assert await names(house, "viewer", "/open") == ["hello.py"]
        assert await names(house, "editor") == ["desk"]
        assert await names(house, "editor", "/desk") == ["essay.py"]
        assert await names(house, "commenter") == ["chats", "open"]
        assert await names(house, "commenter", "/chats") == ["general.chat"]
        assert await names(house, "ada") == ["chats", "desk", "hidden", "open"]
        assert await names(house, "trusted") == ["chats", "desk", "hidden", "open"]

    async def test_what_one_may_only_read_is_not_writable(self, house: House) -> None:
        listing = await told(house, "viewer", "/api/contents/open")
        assert not listing["writable"]
        assert not any(entry["writable"] for entry in listing["content"])
        (essay,) = (await told(house, "editor", "/api/contents/desk"))["content"]
        assert essay["writable"]

    async def test_a_hidden_folder_is_as_one_that_isnt_there(self, house: House) -> None:
        answers = [
            await house.fetch("viewer", "GET", f"/api/contents/{path}")
            for path in ("hidden", "nowhere", "hidden/secret.py", "nowhere/x.py")
        ]
        assert {answer.code for answer in answers} == {403}

    async def test_programs_of_the_server_are_not_there_for_others(self, house: House) -> None:
        for path in ("/api/kernels", "/api/sessions", "/api/terminals"):
            assert await told(house, "viewer", path) == []
        assert (await told(house, "viewer", "/lsp/status"))["sessions"] == {}
        specs = (await told(house, "viewer", "/api/kernelspecs"))["kernelspecs"]
        assert specs["python3"]["spec"]["language"] == "python"
        assert specs["python3"]["spec"]["argv"] == []
        everything = (await told(house, "trusted", "/api/kernelspecs"))["kernelspecs"]
        assert everything["python3"]["spec"]["argv"]


class TestWriting:
    async def test_an_editor_of_a_file_saves_it_and_nothing_beside_it(self, house: House) -> None:
        body = {"type": "file", "format": "text", "content": "mine\n"}
        own = await house.fetch("editor", "PUT", "/api/contents/desk/essay.py", body)
        assert own.code == 200, own.body
        assert (house.root / "desk/essay.py").read_text() == "mine\n"
        beside = await house.fetch("editor", "PUT", "/api/contents/desk/new.py", body)
        assert beside.code == 403
        assert json.loads(beside.body)["code"] == "refused"
        assert "desk/new.py" in json.loads(beside.body)["message"]

    async def test_a_new_file_can_not_climb_out_of_its_folder(self, house: House) -> None:
        await house.grant("maker", "editor", "open")
        house.know("maker", **{PERSON: "maker"})
        made = await house.fetch("maker", "POST", "/api/contents/open", {"ext": ".py"})
        assert made.code == 201
        (house.root / "open/untitled").mkdir()
        evil = {"type": "file", "ext": "/../../hidden/evil.py"}
        assert (await house.fetch("maker", "POST", "/api/contents/open", evil)).code == 403
        assert not (house.root / "hidden/evil.py").exists()

    async def test_a_folder_with_something_hidden_in_it_stays_where_it_is(
        self, house: House
    ) -> None:
        (house.root / "open/solutions").mkdir()
        await house.grant("maker", "editor", "open")
        await house.grant("maker", "none", "open/solutions")
        house.know("maker", **{PERSON: "maker"})
        move = await house.fetch("maker", "PATCH", "/api/contents/open", {"path": "opened"})
        assert move.code == 403
        assert (await house.fetch("maker", "DELETE", "/api/contents/open")).code == 403
        copy = await house.fetch("maker", "POST", "/api/contents/open", {"copy_from": "open"})
        assert copy.code == 403
        assert (house.root / "open/solutions").is_dir()

    async def test_nothing_moves_over_a_place_that_one_may_not_have(self, house: House) -> None:
        await house.grant("maker", "editor", "open")
        await house.grant("maker", "none", "open/answers.py")
        house.know("maker", **{PERSON: "maker"})
        where = {"path": "open/answers.py"}
        move = await house.fetch("maker", "PATCH", "/api/contents/open/hello.py", where)
        assert move.code == 403
        assert not (house.root / "open/answers.py").exists()

    async def test_a_locked_range_keeps_the_whole_file_from_being_saved(self, house: House) -> None:
        await house.grant("writer", "editor", "desk/long.py")
        (range_id,) = house.access.snapshot.ranges
        await house.grant("writer", "viewer", "desk/long.py", range_id)
        house.know("writer", **{PERSON: "writer"})
        body = {"type": "file", "format": "text", "content": "all mine"}
        answer = await house.fetch("writer", "PUT", "/api/contents/desk/long.py", body)
        assert answer.code == 403
        assert SECRET in (house.root / "desk/long.py").read_text()

    async def test_a_saved_notebook_is_not_trusted_by_its_own_word(self, house: House) -> None:
        house.know("maker", **{PERSON: "maker"})
        await house.grant("maker", "editor", "open")
        html = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>"}}
        cell = {
            "cell_type": "code",
            "id": "c1",
            "execution_count": 1,
            "metadata": {"trusted": True},
            "source": "",
            "outputs": [html],
        }
        content = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        for name, is_trusted in (("maker", False), ("trusted", True)):
            path = f"/api/contents/open/{name}.ipynb"
            body = {"type": "notebook", "format": "json", "content": content}
            assert (await house.fetch(name, "PUT", path, body)).code == 201
            model = await told(house, "ada", path)
            assert model["content"]["cells"][0]["metadata"]["trusted"] is is_trusted


class TestPartsOfFiles:
    """Who holds a line of a file that they may not read: at its path, they find that line."""

    PATH = "/api/contents/desk/long.py"

    async def test_their_part_stands_where_the_file_is(self, house: House) -> None:
        assert await names(house, "ranger") == ["desk"]
        assert await names(house, "ranger", "/desk") == ["long.py"]
        model = await told(house, "ranger", self.PATH)
        assert model["content"].strip() == "middle = 2"
        assert SECRET not in json.dumps(await told(house, "ranger", self.PATH + "?content=0"))
        for path in ("/files/desk/long.py", "/view/desk/long.py"):
            answer = await house.fetch("ranger", "GET", path)
            assert answer.code == 403, (path, answer.body)
        assert await told(house, "ranger", self.PATH + "/checkpoints") == []

    async def test_what_they_save_goes_there_and_nowhere_else(self, house: House) -> None:
        body = {"type": "file", "format": "text", "content": "middle = 3"}
        answer = await house.fetch("ranger", "PUT", self.PATH, body)
        assert answer.code == 200, answer.body
        assert SECRET not in answer.body.decode()
        model = await told(house, "ada", self.PATH)
        async with asyncio.timeout(WAIT_S):
            while "middle = 3" not in model["content"]:
                model = await told(house, "ada", self.PATH)
        assert model["content"] == f"first = 1\nmiddle = 3\nlast = '{SECRET}'\n"

    async def test_neither_a_copy_nor_a_move_takes_the_rest_along(self, house: House) -> None:
        await house.grant("ranger", "editor", "open")
        copy = {"copy_from": "desk/long.py"}
        assert (await house.fetch("ranger", "POST", "/api/contents/open", copy)).code == 403
        move = {"path": "open/long.py"}
        assert (await house.fetch("ranger", "PATCH", self.PATH, move)).code == 403


class TestPages:
    async def test_only_owners_find_the_servers_token_in_a_page(self, house: House) -> None:
        token = house.app.identity_provider.token
        assert token in (await house.fetch("ada", "GET", "/lab")).body.decode()
        for person in ("viewer", "guest", "trusted"):
            for path in ("/lab", "/lab/nowhere", "/nowhere", "/logout", "/files/nowhere"):
                answer = await house.fetch(person, "GET", path, Accept="text/html")
                assert token not in answer.body.decode(), (person, path)
        viewers = (await house.fetch("viewer", "GET", "/lab")).body.decode()
        assert str(house.root) not in viewers
        assert '"appName": "JupyterLab"' in viewers

    async def test_a_refused_page_is_a_page_and_a_refused_call_is_json(self, house: House) -> None:
        page = await house.fetch("stranger", "GET", "/lab", Accept="text/html")
        assert page.code == 403
        assert page.headers["Content-Type"].startswith("text/html")
        assert "Ask its owner" in page.body.decode()
        call = await house.fetch("viewer", "GET", "/api/contents/hidden", Accept="text/html")
        assert json.loads(call.body) == {
            "code": "refused",
            "message": "You may not see hidden: nobody has given you access.",
        }
        # A handler that can't finish when it fails.
        licenses = await house.fetch("stranger", "GET", "/lab/api/licenses/")
        assert licenses.code == 403

    async def test_somebody_unknown_is_sent_to_sign_in(self, house: House) -> None:
        page = await house.fetch("anonymous", "GET", "/lab", Accept="text/html")
        assert page.code == 302
        assert "/login?next=" in page.headers["Location"]
        assert (await house.fetch("anonymous", "GET", "/api/contents")).code == 403

    async def test_whose_invitation_has_ended_reads_that_and_no_login(self, house: House) -> None:
        for path in ("/lab", "/lab/tree/open/hello.py", "/files/open/hello.py"):
            page = await house.fetch("expired guest", "GET", path, Accept="text/html")
            assert page.code == 403
            assert "Your link was revoked" in page.body.decode()
        answer = await house.fetch("expired guest", "GET", "/api/contents")
        assert json.loads(answer.body) == {
            "code": "shut_out",
            "message": "Your link was revoked. Ask whoever invited you for a new one.",
        }
        # The owner may still sign in with that browser.
        assert (await house.fetch("expired guest", "GET", "/login")).code == 200


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


class TestPrivateThings:
    async def test_everyone_has_settings_and_workspaces_of_their_own(self, house: House) -> None:
        theme = "/lab/api/settings/@jupyterlab/apputils-extension:themes"
        for person in ("ada", "viewer", "trusted", "guest"):
            raw = json.dumps({"theme": f"Theme of {person}"})
            assert (await house.fetch(person, "PUT", theme, {"raw": raw})).code == 204
            space = {"data": {"of": person}, "metadata": {"id": "default"}}
            answer = await house.fetch(person, "PUT", "/lab/api/workspaces/default", space)
            assert answer.code == 204
        for person in ("ada", "viewer", "trusted", "guest"):
            settings = await told(house, person, theme)
            assert settings["settings"] == {"theme": f"Theme of {person}"}
            spaces = await told(house, person, "/lab/api/workspaces")
            assert [space["data"] for space in spaces["workspaces"]["values"]] == [{"of": person}]

    async def test_what_is_kept_for_somebody_is_bounded(self, house: House) -> None:
        space = {"data": {"x": "y" * 300_000}, "metadata": {"id": "default"}}
        answer = await house.fetch("guest", "PUT", "/lab/api/workspaces/default", space)
        assert answer.code == 413
        assert json.loads(answer.body)["code"] == "too_large"

    async def test_nobody_but_owners_is_asked_for_news(self, house: House) -> None:
        path = "/lab/api/settings/@jupyterlab/apputils-extension:notification"
        assert (await told(house, "guest", path))["settings"]["fetchNews"] == "false"


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
