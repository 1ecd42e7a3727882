"""Signing in with a GitHub account at a real JupyterHub; GitHub is played by a stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.github_stand_in import GitHubStandIn
from support.hub_server import HubServer, Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "the-hubs-secret-at-github"
CONFIG = """
from codesyncx_hub.sign_in.configure import configure_sign_in, github
configure_sign_in(
    c,
    github(
        "hub",
        "{folder}/secret",
        github_url="{url}",
        allowed_organizations={{"school"}},
    ),
)
c.SignInWay.allowed_domains = {{"example.org"}}
c.SignInWay.username_map = {{"github-13": "p-1"}}
c.SignInWay.allow_existing_users = True
c.JupyterHub.services = [{{"name": "projects", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [
    {{"name": "projects", "scopes": ["admin:users"], "services": ["projects"]}}
]
"""
SERVICES_TOKEN = "0123456789abcdef0123456789abcdef"


def address(email: str, *, primary: bool = True, verified: bool = True) -> dict[str, Any]:
    return {"email": email, "primary": primary, "verified": verified}


@pytest.fixture(scope="module")
def places(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[HubServer, GitHubStandIn]]:
    folder = tmp_path_factory.mktemp("hub")
    (folder / "secret").write_text(f"{SECRET}\n")
    with GitHubStandIn() as site:
        config = CONFIG.format(folder=folder, url=site.url, token=SERVICES_TOKEN)
        with HubServer(folder, config) as hub:
            yield hub, site


Places = tuple[HubServer, GitHubStandIn]


def come(places: Places, login: str, number: int, *emails: dict[str, Any], **more: Any) -> Visitor:
    hub, site = places
    site.accounts = {login: {"id": number, "email": None, "emails": list(emails), **more}}
    site.here = login
    visitor = Visitor(hub)
    visitor.get("/hub/sign-in/github/start")
    return visitor


def test_an_account_is_its_number_whatever_it_is_called(places: Places) -> None:
    picture = "https://avatars.githubusercontent.com/u/7?v=4"
    emails = address("ada@example.org"), address("other@example.org", primary=False)
    for login in ("ada", "lovelace"):
        visitor = come(places, login, 7, *emails, name="Ada Lovelace", avatar_url=picture)
        me = visitor.me()
        assert me
        assert me["name"] == "github-7"
        info = me["user_info"]
        assert (info["display_name"], info["avatar_url"]) == ("Ada", picture)
        assert info["email"] == "ada@example.org"
    sent = places[1].token_requests[-1]
    assert sent["client_secret"] == SECRET
    assert len(sent["code_verifier"]) >= 43


def test_only_the_first_address_counts_and_only_if_github_has_checked_it(places: Places) -> None:
    for emails in (
        [address("eve@example.org", verified=False)],
        [address("eve@evil.example", verified=False), address("ada@example.org", primary=False)],
        [],
    ):
        assert come(places, "eve", 8, *emails, email="ada@example.org").me() is None


def test_members_of_an_organization_come_in_by_their_name_there(places: Places) -> None:
    assert come(places, "grace", 9, address("grace@elsewhere.example")).me() is None
    places[1].members = {"grace"}
    me = come(places, "grace", 9, address("grace@elsewhere.example")).me()
    assert me
    assert me["name"] == "github-9"


def test_nobody_signs_in_as_a_project_but_there_may_be_one(places: Places) -> None:
    hub, _ = places
    api = Visitor(hub, Authorization=f"token {SERVICES_TOKEN}")
    made = api.session.post(f"{hub.url}/hub/api/users/p-1", timeout=30)
    assert made.status_code == 201, made.text
    visitor = come(places, "mallory", 13, address("mallory@example.org"))
    assert visitor.me() is None
    assert "Nobody may sign in as 'p-1'" in hub.text()


def test_who_was_invited_may_come(places: Places) -> None:
    hub, _ = places
    assert come(places, "linus", 10, address("linus@elsewhere.example")).me() is None
    api = Visitor(hub, Authorization=f"token {SERVICES_TOKEN}")
    api.session.post(f"{hub.url}/hub/api/users/github-10", timeout=30).raise_for_status()
    assert come(places, "linus", 10, address("linus@elsewhere.example")).me()
