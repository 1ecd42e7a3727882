"""Signing in by e-mail at a real JupyterHub behind its proxy, with mail from a real server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from support.hub_server import HubServer, Visitor, forms_of
from support.mail_sink import MailSink

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """
from codesyncx_hub.sign_in.email_code import EmailCode
c.JupyterHub.authenticator_class = EmailCode
c.EmailCode.smtp_host = "127.0.0.1"
c.EmailCode.smtp_port = {port}
c.EmailCode.smtp_security = "none"
c.EmailCode.sender = "Course <course@example.org>"
c.SignInWay.allowed_domains = {{"example.org", "münchen.de"}}
c.SignInWay.allowed_addresses = {{"Guest@elsewhere.example"}}
c.EmailCode.blocked_users = {{"mallory@example.org"}}
c.EmailCode.codes_per_address_and_network = 3
c.EmailCode.codes_per_network = 40
"""


@pytest.fixture(scope="module")
def mail() -> Iterator[MailSink]:
    with MailSink() as sink:
        yield sink


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mail: MailSink) -> Iterator[HubServer]:
    config = CONFIG.format(port=mail.port)
    with HubServer(tmp_path_factory.mktemp("hub"), config) as server:
        yield server


_next = iter(range(1, 255))


@pytest.fixture
def somebody(hub: HubServer) -> Visitor:
    """Somebody whose network nobody else has: the proxy in front of ours says which."""
    return Visitor(hub, X_Forwarded_For=f"192.0.2.{next(_next)}")


def sign_in(somebody: Visitor, mail: MailSink, address: str) -> None:
    before = sum(each["X-Recipients"] == address for each in mail.letters)
    page = somebody.ask(address)
    somebody.submit(page, code=mail.code(address, before))


def test_who_types_the_code_is_in(somebody: Visitor, mail: MailSink) -> None:
    page = somebody.ask("Ada.Lovelace@Example.org")
    assert "Type your code" in page.text
    home = somebody.submit(page, code=mail.code("ada.lovelace@example.org"))
    assert home.url.endswith("/hub/home")
    me = somebody.me()
    assert me
    assert me["name"] == "ada.lovelace@example.org"
    assert me["user_info"]["display_name"] == "Ada"
    assert me["user_info"]["name"] == "Ada Lovelace"
    assert me["user_info"]["email"] == "ada.lovelace@example.org"
    assert me["user_info"]["color"].startswith("var(--jp-collaborator-color")
    assert me["admin"] is False


def test_the_letter_says_what_it_is_for(somebody: Visitor, mail: MailSink, hub: HubServer) -> None:
    somebody.ask("grace@example.org")
    letter = mail.newest("grace@example.org")
    text = letter.get_content()
    assert letter["Subject"] == "Your code for CodeSyncX"
    assert letter["From"] == "Course <course@example.org>"
    assert letter["To"] == "grace@example.org"
    assert letter["Auto-Submitted"] == "auto-generated"
    code = mail.code("grace@example.org")
    assert f"{hub.url}/hub/sign-in/email/code#{code}" in text
    assert code not in hub.text()


def test_no_link_leads_where_a_request_says_that_the_hub_is(
    tmp_path_factory: pytest.TempPathFactory, somebody: Visitor, mail: MailSink
) -> None:
    somebody.session.headers["Host"] = "evil.example"
    somebody.ask("host@example.org")
    assert "evil" not in mail.newest("host@example.org").get_content()
    config = CONFIG.format(port=mail.port) + "c.JupyterHub.public_url = ''\n"
    with HubServer(tmp_path_factory.mktemp("nameless"), config) as hub:
        Visitor(hub).ask("nameless@example.org")
        text = mail.newest("nameless@example.org").get_content()
        assert "://" not in text
        assert "Type it where you asked for it." in text


def test_one_is_led_to_where_one_was_going_and_nowhere_else(
    somebody: Visitor, mail: MailSink
) -> None:
    page = somebody.get("/hub/token")
    assert "/hub/login?next=" in page.url
    page = somebody.submit(page, address="linus@example.org")
    page = somebody.submit(page, code=mail.code("linus@example.org"))
    assert page.url.endswith("/hub/token")
    other = Visitor(somebody.hub, X_Forwarded_For="192.0.2.254")
    page = other.submit(other.get("/hub/login?next=//evil.example"), address="rms@example.org")
    page = other.submit(page, code=mail.code("rms@example.org"))
    assert page.url == f"{somebody.hub.url}/hub/home"


def test_a_code_is_good_once_and_in_its_browser_only(somebody: Visitor, mail: MailSink) -> None:
    page = somebody.ask("once@example.org")
    code = mail.code("once@example.org")
    eve = Visitor(somebody.hub, X_Forwarded_For="192.0.2.253")
    told = eve.submit(eve.ask("once@example.org"), code=code)
    assert told.status_code == 403
    assert eve.me() is None
    somebody.submit(page, code=code)
    assert somebody.me()
    # The same cookie and code again, from a copy of the browser that was made before.
    again = Visitor(somebody.hub, X_Forwarded_For="192.0.2.252")
    page = again.ask("copy@example.org")
    copied = again.session.cookies.copy()
    code = mail.code("copy@example.org")
    again.submit(page, code=code)
    thief = Visitor(somebody.hub, X_Forwarded_For="192.0.2.252")
    thief.session.cookies.update(copied)
    told = thief.submit(page, code=code)
    assert told.status_code == 403
    assert thief.me() is None


def test_the_link_signs_nobody_in_and_tells_other_browsers_nothing(
    somebody: Visitor, mail: MailSink
) -> None:
    somebody.ask("link@example.org")
    found = re.search(r"http://\S+", mail.newest("link@example.org").get_content())
    assert found
    elsewhere = Visitor(somebody.hub).get(found[0])
    assert elsewhere.status_code == 200
    assert "Not in this browser" in elsewhere.text
    assert "link@" not in elsewhere.text
    assert not any("code" in form.fields for form in forms_of(elsewhere))
    here = somebody.get(found[0])
    assert "link@" not in here.text
    assert somebody.me() is None


def test_who_may_not_come_gets_the_same_answer_and_no_mail(
    somebody: Visitor, mail: MailSink
) -> None:
    answers = []
    for address in ("known@example.org", "x@unknown.example", "mallory@example.org"):
        visitor = Visitor(somebody.hub, X_Forwarded_For="192.0.2.251")
        page = visitor.ask(address)
        told = visitor.submit(page, code="00000000")
        texts = [
            re.sub(r'(name="_xsrf" value|xsrf_token:)\W+[^"]+"', "", each.text)
            for each in (page, told)
        ]
        answers.append(
            (
                page.status_code,
                told.status_code,
                page.url,
                sorted(visitor.session.cookies.keys()),
                texts,
            )
        )
    assert answers[0] == answers[1] == answers[2]
    assert mail.newest("known@example.org")
    # The letters are written in the order in which they were asked for.
    sign_in(Visitor(somebody.hub, X_Forwarded_For="192.0.2.250"), mail, "later@example.org")
    addresses = {each["X-Recipients"] for each in mail.letters}
    assert not addresses & {"x@unknown.example", "mallory@example.org"}


def test_single_addresses_and_domains_of_other_scripts_may_be_allowed(
    somebody: Visitor, mail: MailSink
) -> None:
    sign_in(somebody, mail, "guest@elsewhere.example")
    me = somebody.me()
    assert me
    assert me["name"] == "guest@elsewhere.example"
    other = Visitor(somebody.hub, X_Forwarded_For="192.0.2.249")
    page = other.ask("ada@münchen.de")
    other.submit(page, code=mail.code("ada@xn--mnchen-3ya.de"))
    assert other.me()


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example.org\nSubject: hello",
        "ada@example.org,eve@example.org",
        "Ada <ada@example.org>",
        "",
        "a" * 5000 + "@example.org",
    ],
)
def test_no_header_gets_in_by_an_address(somebody: Visitor, mail: MailSink, address: str) -> None:
    before = len(mail.letters)
    told = somebody.ask(address)
    assert told.status_code == 400
    assert "No mail can be sent to this address" in told.text
    assert len(mail.letters) == before


def test_guessing_ends_after_five_tries(somebody: Visitor, mail: MailSink) -> None:
    page = somebody.ask("guess@example.org")
    code = mail.code("guess@example.org")
    wrong = "00000000" if code != "00000000" else "00000001"
    for _ in range(5):
        told = somebody.submit(page, code=wrong)
        assert told.status_code == 403
    assert "Not in this browser" in told.text
    assert somebody.submit(page, code=code).status_code == 403
    assert somebody.me() is None


def test_an_address_is_not_flooded_with_mail(somebody: Visitor, mail: MailSink) -> None:
    for _ in range(3):
        assert somebody.ask("flood@example.org").status_code == 200
    told = somebody.ask("FLOOD@example.org")
    assert told.status_code == 429
    assert "Too many codes" in told.text
    mail.newest("flood@example.org", after=2)
    assert somebody.ask("x@unknown.example").status_code == 200
    assert Visitor(somebody.hub, X_Forwarded_For="192.0.2.248").ask("flood@example.org").ok


def test_a_network_has_a_limit_whatever_it_says_of_itself(hub: HubServer) -> None:
    # What stands in X-Real-IP and left in X-Forwarded-For the client has written itself.
    statuses = set()
    for number in range(45):
        visitor = Visitor(
            hub, X_Real_IP=f"203.0.113.{number}", X_Forwarded_For=f"203.0.113.{number}, 192.0.2.247"
        )
        statuses.add(visitor.ask(f"many{number}@unknown.example").status_code)
    assert statuses == {200, 429}


def test_a_form_of_another_site_asks_for_nothing(somebody: Visitor, mail: MailSink) -> None:
    page = somebody.get("/hub/login")
    before = len(mail.letters)
    for fields in ({}, {"_xsrf": "forged"}):
        told = somebody.session.post(
            f"{somebody.hub.url}/hub/sign-in/email/ask", {"address": "ada@example.org", **fields}
        )
        assert told.status_code == 403
        assert "Login form invalid or expired" in told.text
    assert page.status_code == 200
    page = somebody.ask("forged@example.org")
    told = somebody.session.post(
        f"{somebody.hub.url}/hub/sign-in/email/code", {"code": mail.code("forged@example.org")}
    )
    assert told.status_code == 403
    assert somebody.me() is None
    assert len(mail.letters) == before + 1


def test_pages_are_kept_out_of_caches_and_the_cookie_out_of_scripts(somebody: Visitor) -> None:
    page = somebody.get("/hub/login")
    answer = somebody.submit(page, follow=False, address="cookie@example.org")
    assert answer.status_code == 303
    assert answer.headers["Cache-Control"] == "no-store"
    cookie = next(
        each for each in answer.raw.headers.getlist("Set-Cookie") if "codesyncx-sign-in" in each
    )
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Max-Age=600" in cookie
    assert "Path=/hub/" in cookie


def test_there_is_no_password(somebody: Visitor) -> None:
    page = somebody.get("/hub/login")
    fields = {**forms_of(page)[0].fields, "username": "ada@example.org", "password": "x"}
    assert somebody.session.post(f"{somebody.hub.url}/hub/login", fields).status_code == 405


def test_after_a_restart_people_are_still_in_and_ask_for_a_new_code(
    tmp_path_factory: pytest.TempPathFactory, mail: MailSink
) -> None:
    with HubServer(tmp_path_factory.mktemp("again"), CONFIG.format(port=mail.port)) as hub:
        ada, bob = Visitor(hub), Visitor(hub)
        sign_in(ada, mail, "stays@example.org")
        page = bob.ask("bob@example.org")
        code = mail.code("bob@example.org")
        hub.stop()
        hub.start()
        assert ada.me()
        told = bob.submit(page, code=code)
        assert told.status_code == 403
        assert "Ask for a code here" in told.text
        sign_in(bob, mail, "bob@example.org")
        assert bob.me()
