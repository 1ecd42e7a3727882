"""Guests: whom an invite link let in, known by a cookie of their own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from .person import Guest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from jupyter_server.base.handlers import JupyterHandler

    from ..access.links import GuestIdentity

_DAYS = 30
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9]+")


class Guests(Protocol):
    """What of the access service knows guests."""

    def guest_of(self, token: str) -> GuestIdentity | None:
        """Give the guest whom a token in a cookie stands for, while their link holds."""


def cookie_name(handler: JupyterHandler) -> str:
    """Give the cookie's name: cookies don't tell the ports of one host apart, names must."""
    return f"codesyncx-guest-{_NOT_IN_A_NAME.sub('-', handler.request.host)}"


def token_in(handler: JupyterHandler) -> str | None:
    """Give the token that the browser's cookie holds."""
    return handler.get_cookie(cookie_name(handler))


def guest_in(handler: JupyterHandler, guests: Guests | None) -> Guest | None:
    """Give the guest behind a request."""
    token = token_in(handler)
    found = guests.guest_of(token) if token and guests is not None else None
    if found is None:
        return None
    return Guest(username=found.id, name=found.name, display_name=found.name, link=found.link_id)


def let_in(handler: JupyterHandler, token: str) -> None:
    """Have the browser show this token from now on."""
    handler.set_cookie(cookie_name(handler), token, expires_days=_DAYS, **_options(handler))


def send_off(handler: JupyterHandler) -> None:
    """Have the browser forget its token."""
    handler.clear_cookie(cookie_name(handler), **_options(handler))


def _options(handler: JupyterHandler) -> Mapping[str, Any]:
    return {
        "path": handler.base_url,
        "httponly": True,
        "samesite": "Lax",
        "secure": handler.request.protocol == "https",
    }
