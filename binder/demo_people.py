"""Named people for a server that is only shown around: a link of one's own for each of them."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from jupyter_server.auth.identity import IdentityProvider, User

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler

PEOPLE = {
    "ada": ("Ada Lovelace", "AL", "var(--jp-collaborator-color1)"),
    "grace": ("Grace Hopper", "GH", "var(--jp-collaborator-color4)"),
    "edsger": ("Edsger Dijkstra", "ED", "var(--jp-collaborator-color2)"),
}


def person(username: str) -> User:
    """Give the user of a known or of any other name."""
    name, initials, color = PEOPLE.get(username, (username.title(), username[:2].upper(), None))
    return User(username=username, name=name, initials=initials, color=color)


def token_of(username: str, token: str) -> str:
    """Give the token that lets this person in on a server whose own token is `token`."""
    return f"{username}-{token}"


class NamedLinks(IdentityProvider):
    """Knows people by the token of their link, later by the cookie that the link has set."""

    def is_owner(self, user: User) -> bool:
        """Tell whether this person may bring everyone: Ada, who opened the project."""
        return user.username == "ada"

    async def get_user_token(self, handler: JupyterHandler) -> User | None:
        """Tell whose token the request carries."""
        username, _, secret = (self.get_token(handler) or "").rpartition("-")
        if not self.token or not hmac.compare_digest(secret.encode(), self.token.encode()):
            return None
        handler._token_authenticated = True  # what jupyter_server reads to skip its XSRF check
        if username:
            return person(username)
        # JupyterLab's page carries the server's own token, whoever opened it: ask the cookie.
        known = self.get_user_cookie(handler)
        if isinstance(known, Awaitable):
            known = await known
        return known or person("ada")
