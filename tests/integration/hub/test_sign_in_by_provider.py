"""Signing in by a provider: a real JupyterHub, its proxy, and a real `oidc-provider`."""

from __future__ import annotations

import time
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
from support.hub_server import HubServer, Visitor
from support.identity_provider import SECRET, IdentityProvider
from support.mail_sink import MailSink
from traitlets.config import Config
from traitlets.traitlets import TraitError

from codesyncx_hub.sign_in.openid_connect import OpenIDConnect
from codesyncx_hub.sign_in.several_ways import SeveralWays

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

CONFIG = """
from codesyncx_hub.sign_in.configure import configure_sign_in, email, openid_connect
provider = dict(issuer="{issuer}", client_secret_file="{folder}/secret")
configure_sign_in(
    c,
    openid_connect(client_id="hub", login_service="University", way="uni", **provider),
    openid_connect(
        client_id="other",
        login_service="Library",
        way="library",
        names_by_address=True,
        avatar_hosts={{"pictures.example.org"}},
        **provider,
    ),
    email("127.0.0.1", "course@example.org", smtp_port={smtp}, smtp_security="none"),
    admins=["Root@example.org"],
)
c.SignInWay.allowed_domains = {{"example.org"}}
c.Authenticator.enable_auth_state = True
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/home/{{username}}"
c.Spawner.args = ["--allow-root"]
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120
"""
ADA = {
    "name": "Ada Lovelace",
    "given_name": "Ada",
    "email": "ada@example.org",
    "email_verified": True,
    "picture": "https://pictures.example.org/ada.png",
}
PEOPLE: dict[str, Any] = {
    "ada": ADA,
    "Ada": {**ADA, "name": "Another Ada", "email": "ada2@example.org"},
    "eve": {"name": "Eve", "email": "ada@example.org", "email_verified": False},
    "mute": {"name": "Mute"},
    "far": {"name": "Far Away", "email": "far@elsewhere.example", "email_verified": True},
    "p-7": {"name": "Project", "email": "p-7@example.org", "email_verified": True},
    "root": {"name": "Root", "email": "root@example.org", "email_verified": True},
}
UNI = "/hub/sign-in/uni/start"
LIBRARY = "/hub/sign-in/library/start"


@pytest.fixture(scope="module")
def mail() -> Iterator[MailSink]:
    with MailSink() as sink:
        yield sink


@pytest.fixture(scope="module")
def places(
    tmp_path_factory: pytest.TempPathFactory, mail: MailSink
) -> Iterator[tuple[HubServer, IdentityProvider]]:
    folder = tmp_path_factory.mktemp("hub")
    (folder / "secret").write_text(f"{SECRET}\n")
    hub = HubServer(folder, "", {"JUPYTERHUB_CRYPT_KEY": "ab" * 32})
    callbacks = [f"{hub.url}/hub/sign-in/{way}/callback" for way in ("uni", "library")]
    with IdentityProvider(folder, callbacks) as provider:
        hub.configure(CONFIG.format(issuer=provider.url, folder=folder, smtp=mail.port))
        with hub:
            yield hub, provider


@pytest.fixture
def hub(places: tuple[HubServer, IdentityProvider]) -> HubServer:
    return places[0]


@pytest.fixture
def provider(places: tuple[HubServer, IdentityProvider]) -> IdentityProvider:
    places[1].knows(**PEOPLE)
    return places[1]


def come(
    hub: HubServer, provider: IdentityProvider, person: str, start: str = UNI
) -> tuple[Visitor, requests.Response]:
    """Sign in as somebody; who that is, and the last page."""
    visitor = Visitor(hub)
    answer = provider.enter(visitor, person, start)
    return visitor, visitor.get(answer.headers["Location"])


def refused(visitor: Visitor, page: requests.Response, why: str, status: int = 403) -> None:
    assert page.status_code == status
    assert why in unescape(page.text)
    # The page offers another try.
    assert "Sign in with University" in page.text
    assert visitor.me() is None


def test_the_page_offers_every_way(hub: HubServer) -> None:
    page = Visitor(hub).get("/hub/token")
    assert "Sign in with University" in page.text
    assert "Sign in with Library" in page.text
    assert "E-mail address" in page.text
    assert "/hub/sign-in/uni/start?next=%2Fhub%2Ftoken" in page.text


def test_who_has_an_account_there_is_in(hub: HubServer, provider: IdentityProvider) -> None:
    ada, page = come(hub, provider, "ada", f"{UNI}?next=/hub/token")
    assert page.url == f"{hub.url}/hub/token"
    me = ada.me()
    assert me
    assert me["name"] == "uni-ada"
    color = me["user_info"].pop("color")
    assert color.startswith("var(--jp-collaborator-color")
    assert me["user_info"] == {
        "name": "Ada Lovelace",
        "display_name": "Ada",
        "initials": "AL",
        "email": "ada@example.org",
    }


def test_pictures_come_from_hosts_that_were_named(
    hub: HubServer, provider: IdentityProvider
) -> None:
    ada, _ = come(hub, provider, "ada", LIBRARY)
    me = ada.me()
    assert me
    assert me["user_info"]["avatar_url"] == ADA["picture"]


def test_first_name_picture_and_colour_arrive_in_a_server(
    hub: HubServer, provider: IdentityProvider
) -> None:
    ada, _ = come(hub, provider, "ada", LIBRARY)
    in_hub = ada.me()
    assert in_hub
    ada.get("/hub/spawn")
    until = time.monotonic() + 100
    while not ada.get("/user/ada@example.org/lab").url.startswith(f"{hub.url}/user/"):
        assert time.monotonic() < until, hub.text()[-3000:]
        time.sleep(0.5)
    accept = {"Accept": "application/json"}
    answer = ada.get("/user/ada@example.org/api/me", headers=accept)
    assert answer.status_code == 200, (answer.url, answer.text)
    identity = answer.json()["identity"]
    assert identity == {
        "username": "ada@example.org",
        "name": "Ada Lovelace",
        "display_name": "Ada",
        "initials": "AL",
        "avatar_url": ADA["picture"],
        "color": in_hub["user_info"]["color"],
    }


def test_the_hub_sends_a_state_a_nonce_and_a_challenge_that_are_new_each_time(
    hub: HubServer,
) -> None:
    sent = []
    for _ in range(2):
        visitor = Visitor(hub)
        answer = visitor.get(UNI, allow_redirects=False)
        cookie = next(each for each in answer.raw.headers.getlist("Set-Cookie") if "uni" in each)
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        sent.append(parse_qs(urlsplit(answer.headers["Location"]).query))
    for name in ("state", "nonce", "code_challenge"):
        assert sent[0][name] != sent[1][name]
        assert len(sent[0][name][0]) >= 32
    assert sent[0]["code_challenge_method"] == ["S256"]


def test_two_subjects_that_differ_in_case_are_two_people(
    hub: HubServer, provider: IdentityProvider
) -> None:
    small, _ = come(hub, provider, "ada")
    large, _ = come(hub, provider, "Ada")
    names = [person["name"] for each in (small, large) if (person := each.me())]
    assert names == ["uni-ada", "uni-=41da"]


def test_no_name_of_a_project_comes_out_of_a_providers(
    hub: HubServer, provider: IdentityProvider
) -> None:
    for start, name in ((UNI, "uni-p-7"), (LIBRARY, "=70-7@example.org")):
        visitor, _ = come(hub, provider, "p-7", start)
        me = visitor.me()
        assert me
        assert me["name"] == name


def test_an_address_that_was_not_checked_lets_nobody_in(
    hub: HubServer, provider: IdentityProvider
) -> None:
    for person in ("eve", "mute"):
        for start in (UNI, LIBRARY):
            visitor, page = come(hub, provider, person, start)
            refused(visitor, page, "checked your e-mail address")


def test_who_is_on_no_list_is_not_let_in(hub: HubServer, provider: IdentityProvider) -> None:
    visitor, page = come(hub, provider, "far")
    refused(visitor, page, "nobody has let this account in")


def test_a_changed_address_changes_nothing_where_names_are_of_subjects(
    hub: HubServer, provider: IdentityProvider
) -> None:
    come(hub, provider, "ada")
    provider.knows(**{**PEOPLE, "ada": {**ADA, "email": "lovelace@example.org"}})
    ada, _ = come(hub, provider, "ada")
    me = ada.me()
    assert me
    assert me["name"] == "uni-ada"
    assert me["user_info"]["email"] == "lovelace@example.org"
    again, _ = come(hub, provider, "ada", LIBRARY)
    other = again.me()
    assert other
    assert other["name"] == "lovelace@example.org"


def test_one_address_is_one_account_by_mail_and_where_names_are_of_addresses(
    hub: HubServer, provider: IdentityProvider, mail: MailSink
) -> None:
    by_library, _ = come(hub, provider, "ada", LIBRARY)
    by_mail = Visitor(hub)
    by_mail.submit(by_mail.ask("ada@example.org"), code=mail.code("ada@example.org"))
    by_uni, _ = come(hub, provider, "ada", UNI)
    names = [person["name"] for each in (by_library, by_mail, by_uni) if (person := each.me())]
    assert names == ["ada@example.org", "ada@example.org", "uni-ada"]


def test_administrators_are_named_by_address(hub: HubServer, provider: IdentityProvider) -> None:
    by_library, _ = come(hub, provider, "root", LIBRARY)
    by_uni, _ = come(hub, provider, "root", UNI)
    assert [person["admin"] for each in (by_library, by_uni) if (person := each.me())] == [
        True,
        False,
    ]


def test_an_answer_is_good_once(hub: HubServer, provider: IdentityProvider) -> None:
    visitor = Visitor(hub)
    back = provider.enter(visitor, "ada", UNI).headers["Location"]
    before = visitor.session.cookies.copy()
    visitor.get(back)
    assert visitor.me()
    # In the same browser, where the attempt is over, …
    page = visitor.get(back)
    assert page.status_code == 403
    assert "belongs to no attempt" in page.text
    # … and with a copy of its cookies from before: the provider takes no code twice.
    thief = Visitor(hub)
    thief.session.cookies.update(before)
    refused(thief, thief.get(back), "didn't answer as it should", 502)


def test_an_answer_of_somebody_elses_attempt_is_refused(
    hub: HubServer, provider: IdentityProvider
) -> None:
    eve = Visitor(hub)
    back = provider.enter(eve, "ada", UNI).headers["Location"]
    # Ada is to be signed in as Eve: a link with Eve's answer.
    ada = Visitor(hub)
    refused(ada, ada.get(back), "belongs to no attempt")
    begun = ada.get(UNI, allow_redirects=False).headers["Location"]
    refused(ada, ada.get(back), "belongs to no attempt")
    # Eve has got hold of a code of Ada's, and puts it into an attempt of her own.
    begun = ada.get(UNI, allow_redirects=False).headers["Location"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    query["state"] = parse_qs(urlsplit(begun).query)["state"][0]
    forged = f"{back.partition('?')[0]}?{urlencode(query)}"
    refused(ada, ada.get(forged), "didn't answer as it should", 502)


def test_an_answer_of_one_provider_is_none_of_another(
    hub: HubServer, provider: IdentityProvider
) -> None:
    visitor = Visitor(hub)
    back = provider.enter(visitor, "ada", UNI).headers["Location"]
    refused(visitor, visitor.get(back.replace("/uni/", "/library/")), "belongs to no attempt")
    visitor = Visitor(hub)
    back = provider.enter(visitor, "ada", UNI).headers["Location"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    query["iss"] = "https://evil.example"
    page = visitor.get(f"{back.partition('?')[0]}?{urlencode(query)}")
    refused(visitor, page, "Another provider has answered")


@pytest.mark.parametrize(
    "query", ["", "state=", "state=x&code=y", "code=y", "state=%C3%BC&code=y", "state=W10&code=y"]
)
def test_an_answer_that_nobody_asked_for_is_refused(hub: HubServer, query: str) -> None:
    visitor = Visitor(hub)
    refused(visitor, visitor.get(f"/hub/sign-in/uni/callback?{query}"), "belongs to no attempt")
    visitor.get(UNI, allow_redirects=False)
    refused(visitor, visitor.get(f"/hub/sign-in/uni/callback?{query}"), "belongs to no attempt")


def test_what_an_address_says_of_an_error_is_not_shown(hub: HubServer) -> None:
    for error, told in (("access_denied", "agree"), ("Call <b>0800</b>", "refused (an error)")):
        visitor = Visitor(hub)
        begun = visitor.get(UNI, allow_redirects=False).headers["Location"]
        state = parse_qs(urlsplit(begun).query)["state"][0]
        query = {"state": state, "error": error, "error_description": "Call 0800"}
        page = visitor.get(f"/hub/sign-in/uni/callback?{urlencode(query)}")
        refused(visitor, page, told)
        assert "0800" not in page.text


def test_a_token_that_the_provider_made_for_something_else_is_refused(
    hub: HubServer, provider: IdentityProvider
) -> None:
    come(hub, provider, "ada", UNI)
    of_another_attempt = provider.last_token()
    come(hub, provider, "ada", LIBRARY)
    of_another_client = provider.last_token()
    header, payload, _ = of_another_attempt.split(".")
    for token, why in (
        (of_another_attempt, "belongs to another attempt"),
        (of_another_client, "can't be believed"),
        (f"{header}.{payload}.", "can't be believed"),
        ("nonsense", "can't be believed"),
    ):
        provider.swaps(token)
        visitor, page = come(hub, provider, "ada", UNI)
        refused(visitor, page, why)


def test_what_is_sent_on_to_is_at_the_hub(hub: HubServer, provider: IdentityProvider) -> None:
    for target in ("https://evil.example/x", "//evil.example/x", "/\\evil.example/x"):
        visitor = Visitor(hub)
        back = provider.enter(visitor, "ada", f"{UNI}?{urlencode({'next': target})}")
        answer = visitor.get(back.headers["Location"], allow_redirects=False)
        where = urlsplit(urljoin(hub.url, answer.headers["Location"].replace("\\", "/")))
        assert where.netloc == urlsplit(hub.url).netloc


def test_the_log_holds_no_secret(hub: HubServer, provider: IdentityProvider) -> None:
    come(hub, provider, "ada", UNI)
    text = hub.text()
    assert SECRET not in text
    assert provider.last_token() not in text


def test_a_provider_that_is_away_is_told_and_found_when_it_is_back(
    hub: HubServer, provider: IdentityProvider
) -> None:
    provider.stop()
    try:
        visitor = Visitor(hub)
        begun = visitor.get(UNI, allow_redirects=False)
        if begun.status_code == 302:
            state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
            begun = visitor.get(
                f"/hub/sign-in/uni/callback?{urlencode({'state': state, 'code': 'x'})}"
            )
        refused(visitor, begun, "can't be reached", 502)
    finally:
        provider.start()
    provider.knows(**PEOPLE)
    # It has new keys now.
    ada, _ = come(hub, provider, "ada", UNI)
    assert ada.me()


@pytest.mark.parametrize(
    "settings",
    [
        {"issuer": "http://login.example.org"},
        {"issuer": "login.example.org"},
        {"way": "My University"},
    ],
)
def test_settings_that_are_not_safe_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(TraitError):
        OpenIDConnect(config=Config(OpenIDConnect=settings))


@pytest.mark.parametrize(
    "choices",
    [
        [],
        [(OpenIDConnect,), (OpenIDConnect,)],
        [("jupyterhub.auth.DummyAuthenticator",)],
        [(OpenIDConnect, {"isuer": "https://login.example.org"})],
    ],
)
def test_choices_that_cannot_be_meant_are_refused(choices: list[Any]) -> None:
    with pytest.raises(TraitError, match="choices"):
        SeveralWays(config=Config(SeveralWays={"choices": choices}))


def test_another_provider_than_was_named_is_not_asked(
    tmp_path_factory: pytest.TempPathFactory, mail: MailSink, provider: IdentityProvider
) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "secret").write_text(SECRET)
    issuer = provider.url.replace("127.0.0.1", "localhost")
    config = CONFIG.format(issuer=issuer, folder=folder, smtp=mail.port)
    env = {"JUPYTERHUB_CRYPT_KEY": "ab" * 32}
    with HubServer(folder, config, env) as hub:
        visitor = Visitor(hub)
        refused(visitor, visitor.get(UNI), "can't be reached, or didn't answer", 502)
        assert "isn't about" in hub.text()
