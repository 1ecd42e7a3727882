"""What of a request reaches a previewed app, and of its answer the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.httputil import HTTPHeaders

from codesyncx_server.run.preview.headers import COOKIE, cookie_of, to_app, to_browser
from codesyncx_server.run.preview.passes import LIFETIME_S, Bearer, Kind, PassOffice

if TYPE_CHECKING:
    from collections.abc import Sequence

OURS = [COOKIE, "_xsrf", "username-lab-8888", "jupyterhub-session-id", "jupyter-hub-token"]
BEARER = Bearer("ada", None, is_owner=True, origin="http://lab")
NAMES = st.sampled_from([*OURS, "mine", "theme", "xsrf"])


@given(st.lists(st.tuples(NAMES, st.text("abc=", max_size=5)), max_size=8))
def test_an_app_gets_its_own_cookies_and_no_others(cookies: Sequence[tuple[str, str]]) -> None:
    line = "; ".join(f"{name}={value}" for name, value in cookies)
    passed = to_app(HTTPHeaders({"Cookie": line, "Host": "x"}), scheme="https")
    kept = [f"{name}={value}" for name, value in cookies if name not in OURS]
    assert passed.get("Cookie", "") == "; ".join(kept)


@pytest.mark.parametrize(
    "name",
    ["Transfer-Encoding", "TE", "Keep-Alive", "Proxy-Authorization", "X-Forwarded-For", "Custom"],
)
def test_what_is_between_neighbours_or_ours_to_say_stays_here(name: str) -> None:
    headers = HTTPHeaders({name: "x", "Connection": "custom, close", "Host": "preview"})
    passed = to_app(headers, scheme="https")
    assert name not in passed
    assert (passed["X-Forwarded-Host"], passed["X-Forwarded-Proto"]) == ("preview", "https")


@pytest.mark.parametrize(
    ("said", "passed"),
    [
        ("a=1", ["a=1"]),
        ("a=1; Domain=.example.org; Path=/", ["a=1; Path=/"]),
        ("a=1;DOMAIN = example.org", ["a=1"]),
        (f"{COOKIE}=stolen", []),
        ("_xsrf=2", []),
    ],
)
def test_cookies_of_an_app_stay_on_its_host(said: str, passed: list[str]) -> None:
    headers = to_browser(HTTPHeaders({"Set-Cookie": said}), embedded_by="http://lab")
    assert headers.get_list("Set-Cookie") == passed


def test_an_apps_own_policy_can_only_forbid_more() -> None:
    said = HTTPHeaders({"Content-Security-Policy": "frame-ancestors *", "X-Frame-Options": "DENY"})
    passed = to_browser(said, embedded_by="http://lab")
    assert passed.get_list("Content-Security-Policy") == [
        "frame-ancestors *",
        "frame-ancestors 'self' http://lab",
    ]
    assert "X-Frame-Options" not in passed


def test_a_cookie_is_found_by_its_whole_name() -> None:
    headers = HTTPHeaders({"Cookie": f"x{COOKIE}=1; {COOKIE}=a=b"})
    assert cookie_of(headers, COOKIE) == "a=b"
    assert cookie_of(HTTPHeaders(), COOKIE) is None


def test_a_pass_is_for_one_preview_one_use_and_some_time() -> None:
    office, other = PassOffice(b"k" * 32), PassOffice(b"o" * 32)
    ticket = office.sign(Kind.TICKET, "one", BEARER, now=1000)
    end = 1000 + LIFETIME_S[Kind.TICKET]
    assert office.read(Kind.TICKET, "one", ticket, now=end - 1) == BEARER
    assert office.read(Kind.TICKET, "one", ticket, now=end) is None
    assert office.read(Kind.TICKET, "two", ticket, now=1000) is None
    assert office.read(Kind.PASS, "one", ticket, now=1000) is None
    assert other.read(Kind.TICKET, "one", ticket, now=1000) is None


@given(st.text(max_size=40))
def test_anything_else_is_no_pass(text: str) -> None:
    assert PassOffice(b"k" * 32).read(Kind.PASS, "one", text, now=0) is None
