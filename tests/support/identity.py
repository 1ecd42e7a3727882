"""People for tests: who a request comes from stands in a header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.auth.identity import IdentityProvider, User

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler

PERSON = "X-Test-Person"


class NamedInHeader(IdentityProvider):
    """Trusts the header; without it everybody is Ada, with an empty one a stranger."""

    def get_user(self, handler: JupyterHandler) -> User | None:
        username = handler.request.headers.get(PERSON, "ada")
        return User(username=username, name=username.title()) if username else None
