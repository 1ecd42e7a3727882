"""People sign in to a real JupyterHub in their browsers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from support.hub_server import HubServer
from support.identity_provider import SECRET, IdentityProvider
from support.mail_sink import MailSink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True}
BY_EMAIL = """
from codesyncx_hub.sign_in.email_code import EmailCode
c.JupyterHub.authenticator_class = EmailCode
c.EmailCode.smtp_host = "127.0.0.1"
c.EmailCode.smtp_port = {port}
c.EmailCode.smtp_security = "none"
c.EmailCode.sender = "Course <course@example.org>"
c.SignInWay.allowed_domains = {{"example.org"}}
"""


SEVERAL_WAYS = """
from codesyncx_hub.sign_in.configure import configure_sign_in, email, openid_connect
configure_sign_in(
    c,
    openid_connect("{issuer}", "hub", "{folder}/secret", login_service="University of Examples"),
    openid_connect("{issuer}", "other", "{folder}/secret", login_service="GitHub", way="github"),
    email("127.0.0.1", "course@example.org", smtp_port={smtp}, smtp_security="none"),
)
c.SignInWay.allowed_domains = {{"example.org"}}
"""


@pytest.fixture(scope="module")
def mail() -> Iterator[MailSink]:
    with MailSink() as sink:
        yield sink


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mail: MailSink) -> Iterator[HubServer]:
    with HubServer(tmp_path_factory.mktemp("hub"), BY_EMAIL.format(port=mail.port)) as server:
        yield server


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory, mail: MailSink) -> Iterator[HubServer]:
    """Give a Hub with a provider beside it, where Ada has an account."""
    folder = tmp_path_factory.mktemp("several")
    (folder / "secret").write_text(SECRET)
    hub = HubServer(folder, "")
    callbacks = [f"{hub.url}/hub/sign-in/{way}/callback" for way in ("oidc", "github")]
    with IdentityProvider(folder, callbacks) as provider:
        provider.knows(ada={"name": "Ada", "email": "ada@example.org", "email_verified": True})
        hub.configure(SEVERAL_WAYS.format(issuer=provider.url, folder=folder, smtp=mail.port))
        with hub:
            yield hub


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`opened(url)` opens a page in a browser of its own."""
    contexts: list[BrowserContext] = []

    def open_page(url: str, **options: object) -> Page:
        # Colours that are on their way to another theme have no contrast to speak of.
        contexts.append(browser.new_context(reduced_motion="reduce", **options))
        page = contexts[-1].new_page()
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()


def check_accessible(page: Page) -> None:
    """Hold the page against axe's rules in both themes, and what there is against its width."""
    for theme in ("dark", "light"):
        page.evaluate("theme => document.documentElement.dataset.bsTheme = theme", theme)
        results = Axe().run(page, context="main")
        assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def link_in(mail: MailSink, address: str) -> str:
    found = re.search(r"http://\S+", mail.newest(address).get_content())
    assert found
    return found[0]


def is_in(page: Page, name: str) -> None:
    expect(page).to_have_url(re.compile(r"/hub/home$"))
    expect(page.locator("#login_widget")).to_contain_text(name)


def test_signing_in_with_the_keyboard_alone(
    hub: HubServer, mail: MailSink, opened: Callable[..., Page]
) -> None:
    page = opened(f"{hub.url}/hub/")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    check_accessible(page)
    page.get_by_label("E-mail address").focus()
    page.keyboard.type("ada@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Type your code")).to_be_visible()
    expect(page.get_by_label("Code")).to_be_focused()
    code = mail.code("ada@example.org")
    page.keyboard.type(f"{code[:4]} {code[4:]}")
    page.keyboard.press("Enter")
    is_in(page, "ada@example.org")


def test_on_a_phone_a_wrong_code_is_told_and_the_next_is_right(
    hub: HubServer, mail: MailSink, opened: Callable[..., Page], pictures: Path
) -> None:
    page = opened(f"{hub.url}/hub/login", **PHONE)
    page.get_by_label("E-mail address").fill("grace@example.org")
    page.get_by_role("button", name="Send me a code").tap()
    code = page.get_by_label("Code")
    expect(code).to_have_attribute("inputmode", "numeric")
    page.screenshot(path=pictures / "sign-in-code-phone.png")
    check_accessible(page)
    right = mail.code("grace@example.org")
    code.fill("00000000" if right != "00000000" else "00000001")
    page.get_by_role("button", name="Sign in").tap()
    expect(page.get_by_role("alert")).to_contain_text("isn't right")
    expect(page.get_by_label("Code")).to_have_attribute("aria-invalid", "true")
    check_accessible(page)
    page.get_by_label("Code").fill(right)
    page.get_by_role("button", name="Sign in").tap()
    is_in(page, "grace@example.org")


def test_the_link_fills_in_the_code_where_it_was_asked_for_only(
    hub: HubServer, mail: MailSink, opened: Callable[..., Page]
) -> None:
    page = opened(f"{hub.url}/hub/login")
    page.get_by_label("E-mail address").fill("linus@example.org")
    page.get_by_role("button", name="Send me a code").click()
    link = link_in(mail, "linus@example.org")
    elsewhere = opened(link)
    expect(elsewhere.get_by_role("heading", name="Not in this browser")).to_be_visible()
    check_accessible(elsewhere)
    assert "#" not in elsewhere.url
    assert "linus" not in elsewhere.content()
    tab = page.context.new_page()
    tab.goto(link)
    expect(tab.get_by_label("Code")).to_have_value(mail.code("linus@example.org"))
    expect(tab.get_by_role("button", name="Sign in")).to_be_focused()
    assert "#" not in tab.url
    tab.keyboard.press("Enter")
    is_in(tab, "linus@example.org")


def test_an_address_that_is_none_is_told_beside_what_was_typed(
    hub: HubServer, opened: Callable[..., Page]
) -> None:
    page = opened(f"{hub.url}/hub/login")
    page.get_by_label("E-mail address").fill("ada@localhost")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("alert")).to_contain_text("No mail can be sent")
    expect(page.get_by_label("E-mail address")).to_have_value("ada@localhost")
    check_accessible(page)


def test_signing_in_with_an_account_of_a_provider(
    several: HubServer, opened: Callable[..., Page], pictures: Path
) -> None:
    page = opened(f"{several.url}/hub/token", viewport={"width": 900, "height": 640})
    expect(page.get_by_role("link", name="Sign in with GitHub")).to_be_visible()
    expect(page.get_by_label("E-mail address")).to_be_visible()
    page.screenshot(path=pictures / "sign-in.png")
    check_accessible(page)
    page.get_by_role("link", name="Sign in with University of Examples").focus()
    page.keyboard.press("Enter")
    page.locator("[name=login]").fill("ada")
    page.locator("[name=password]").fill("any")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile(r"/hub/token$"))
    expect(page.locator("#login_widget")).to_contain_text("oidc-ada")


def test_who_does_not_agree_at_the_provider_is_told_and_may_choose_again(
    several: HubServer, mail: MailSink, opened: Callable[..., Page]
) -> None:
    page = opened(f"{several.url}/hub/login", **PHONE)
    page.get_by_role("link", name="Sign in with GitHub").tap()
    page.get_by_role("link", name="Cancel").tap()
    expect(page.get_by_role("alert")).to_contain_text("didn't agree")
    check_accessible(page)
    page.get_by_label("E-mail address").fill("bob@example.org")
    page.get_by_role("button", name="Send me a code").tap()
    page.get_by_label("Code").fill(mail.code("bob@example.org"))
    page.get_by_role("button", name="Sign in").tap()
    is_in(page, "bob@example.org")
