"""What the gate shows, and lets people change, of files that are partly theirs."""

from __future__ import annotations

import asyncio
import json

from support.gatehouse import PERSON, SECRET, WAIT_S, House, names, told


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
