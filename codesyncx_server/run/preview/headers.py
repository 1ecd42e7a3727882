"""What of a browser's request reaches a previewed app, and of its answer the browser. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tornado.httputil import HTTPHeaders

if TYPE_CHECKING:
    from collections.abc import Iterable

#: RFC 9110, 7.6.1: between two neighbours only.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
#: Said about the browser by whoever forwards; nobody but us does.
_FORWARDED = re.compile(r"forwarded|x-forwarded-.*|x-real-ip")
#: Jupyter's and the Hub's: they have nothing to do on this host, and never get further.
_OURS = re.compile(r"csx-preview|username-.*|jupyterhub-.*|jupyter-hub-.*|_xsrf")
#: An app decides neither who embeds it nor how the browser treats other hosts of the domain.
_NOT_THE_APPS = frozenset(
    {
        "alt-svc",
        "clear-site-data",
        "public-key-pins",
        "strict-transport-security",
        "x-frame-options",
    }
)
_DOMAIN = re.compile(r";\s*domain\s*=[^;]*", re.IGNORECASE)
COOKIE = "csx-preview"


def is_websocket(headers: HTTPHeaders) -> bool:
    """Whether a request asks for a WebSocket (RFC 6455, 4.1)."""
    return (
        headers.get("Upgrade", "").lower() == "websocket"
        and "upgrade" in headers.get("Connection", "").lower()
    )


def says_its_length(headers: HTTPHeaders) -> bool:
    """Whether everybody reads the same end of a request's body (RFC 9112, 6.3)."""
    length, coding = headers.get("Content-Length"), headers.get("Transfer-Encoding")
    if length is None:
        return coding is None or coding.lower() == "chunked"
    return coding is None and length.isascii() and length.isdigit()


def to_app(headers: HTTPHeaders, *, scheme: str, may_wait: bool = False) -> HTTPHeaders:
    """Give what an app gets of a request: no credentials but its own.

    `may_wait`: the connection may stay open after the answer, for other requests.
    """
    passed = HTTPHeaders()
    for name, value in _end_to_end(headers):
        if name.lower() == "cookie" or _FORWARDED.fullmatch(name.lower()):
            continue
        passed.add(name, value)
    if cookies := _cookies_of_app(headers.get_list("Cookie")):
        passed["Cookie"] = cookies
    passed["X-Forwarded-Host"] = headers.get("Host", "")
    passed["X-Forwarded-Proto"] = scheme
    if is_websocket(headers):
        passed["Connection"] = "Upgrade"
        passed["Upgrade"] = "websocket"
    else:
        passed["Connection"] = "keep-alive" if may_wait else "close"
    return passed


def to_browser(headers: HTTPHeaders, *, embedded_by: str) -> HTTPHeaders:
    """Give what a browser gets of an app's answer: cookies for this host alone."""
    passed = HTTPHeaders()
    for name, value in _end_to_end(headers):
        if name.lower() in _NOT_THE_APPS:
            continue
        if name.lower() == "set-cookie":
            if _OURS.fullmatch(value.partition("=")[0].strip()):
                continue
            value = _DOMAIN.sub("", value)  # noqa: PLW2901 - the same value, cleaned
        passed.add(name, value)
    # Policies add up: the app's own can only forbid more.
    passed.add("Content-Security-Policy", f"frame-ancestors 'self' {embedded_by}".strip())
    passed["X-Robots-Tag"] = "noindex"
    return passed


def cookie_of(headers: HTTPHeaders, name: str) -> str | None:
    """Give the value of a cookie."""
    for found, value in _pairs(headers.get_list("Cookie")):
        if found == name:
            return value
    return None


def _end_to_end(headers: HTTPHeaders) -> Iterable[tuple[str, str]]:
    named = {name.strip().lower() for name in headers.get("Connection", "").split(",")}
    return [
        (name, value)
        for name, value in headers.get_all()
        if name.lower() not in _HOP_BY_HOP and name.lower() not in named
    ]


def _cookies_of_app(lines: Iterable[str]) -> str:
    kept = [f"{name}={value}" for name, value in _pairs(lines) if not _OURS.fullmatch(name)]
    return "; ".join(kept)


def _pairs(lines: Iterable[str]) -> list[tuple[str, str]]:
    found = []
    for line in lines:
        for part in line.split(";"):
            name, _, value = part.strip().partition("=")
            if name:
                found.append((name, value))
    return found
