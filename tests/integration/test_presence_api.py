from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_server.auth.identity import IdentityProvider, User
from tornado.httpclient import HTTPClientError

if TYPE_CHECKING:
    from pathlib import Path

    from codesyncx_server.events.bus import Event

ME = ("codesyncx", "api", "presence", "me")
SUMMON = ("codesyncx", "api", "presence", "summon")


class CampusIdentityProvider(IdentityProvider):
    """People who log in with an account of theirs."""

    async def get_user(self, handler: Any) -> User | None:
        name = handler.request.headers.get("X-Person")
        return User(name, name.title()) if name else None


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"codesyncx_server": True}}}


@pytest.fixture
def summons(jp_serverapp: Any, jp_root_dir: Path) -> list[Event]:
    (jp_root_dir / "solver.py").write_text("print('hello')\n" * 20)
    heard: list[Event] = []
    jp_serverapp.web_app.settings["codesyncx_bus"].subscribe("presence", heard.append)
    return heard


async def refusal(fetch: Any, body: str, **options: Any) -> tuple[int, str]:
    with pytest.raises(HTTPClientError) as caught:
        await fetch(*SUMMON, method="POST", body=body, **options)
    answer = json.loads(caught.value.response.body)
    assert answer.keys() == {"code", "message"}
    return caught.value.code, answer["code"]


async def test_whoever_has_the_servers_token_is_an_owner(jp_fetch: Any) -> None:
    response = await jp_fetch(*ME)
    assert json.loads(response.body) == {"is_owner": True}


@pytest.mark.usefixtures("summons")
async def test_nobody_gets_in_without_the_token(jp_fetch: Any) -> None:
    for options in ({}, {"method": "POST", "body": '{"path": "solver.py"}'}):
        path = SUMMON if options else ME
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch(*path, headers={"Authorization": "token wrong"}, **options)
        assert caught.value.code == 403


async def test_a_summons_carries_the_verified_name_and_the_place(
    jp_fetch: Any, summons: list[Event]
) -> None:
    response = await jp_fetch(*SUMMON, method="POST", body='{"path": "solver.py", "line": 12}')
    assert response.code == 204
    (event,) = summons
    assert event.topic == "presence.summon"
    assert event.data["path"] == "solver.py"
    assert event.data["line"] == 12
    assert event.data["username"]
    assert event.data["name"]
    assert json.loads(json.dumps(event.data)) == event.data


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("not json", (400, "invalid_request")),
        ("[" * 5000, (400, "invalid_request")),
        ('{"path": "../outside.py"}', (400, "invalid_request")),
        ('{"path": "solver.py", "name": "Somebody Else"}', (400, "invalid_request")),
        ('{"path": "missing.py"}', (404, "not_found")),
        ('{"path": "' + "x" * 9000 + '"}', (413, "too_large")),
    ],
)
async def test_a_bad_summons_is_refused(
    jp_fetch: Any, summons: list[Event], body: str, expected: tuple[int, str]
) -> None:
    assert await refusal(jp_fetch, body) == expected
    assert summons == []


async def test_calling_again_at_once_is_refused(jp_fetch: Any, summons: list[Event]) -> None:
    # The name of a token's anonymous user lives in a cookie: keep it.
    response = await jp_fetch(*SUMMON, method="POST", body='{"path": "solver.py"}')
    cookie = "; ".join(value.split(";")[0] for value in response.headers.get_list("Set-Cookie"))
    told = await refusal(jp_fetch, '{"path": "solver.py"}', headers={"Cookie": cookie})
    assert told == (429, "too_many")
    assert len(summons) == 1


class TestWithAccounts:
    @pytest.fixture
    def jp_server_config(self) -> dict[str, Any]:
        return {
            "CodeSyncXApp": {"default_role": "editor"},
            "ServerApp": {
                "jpserver_extensions": {"codesyncx_server": True},
                "identity_provider_class": CampusIdentityProvider,
                "disable_check_xsrf": True,
            },
        }

    async def test_a_member_is_no_owner_and_cannot_summon(
        self, http_server_client: Any, jp_base_url: str, summons: list[Event]
    ) -> None:
        async def fetch(*path: str, **options: Any) -> Any:
            return await http_server_client.fetch(
                jp_base_url + "/".join(path), headers={"X-Person": "ada"}, **options
            )

        assert json.loads((await fetch(*ME)).body) == {"is_owner": False}
        assert await refusal(fetch, '{"path": "solver.py"}') == (403, "refused")
        assert summons == []

    async def test_the_user_of_a_hubs_server_is_its_owner(
        self, http_server_client: Any, jp_base_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JUPYTERHUB_USER", "ada")
        for name, owns in (("ada", True), ("bo", False)):
            response = await http_server_client.fetch(
                jp_base_url + "/".join(ME), headers={"X-Person": name}
            )
            assert json.loads(response.body) == {"is_owner": owns}
