"""Who is behind a request, as `access` knows people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jupyter_server.auth.identity import User

from ..access.model import Person
from .ownership import is_owner

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler


@dataclass
class Guest(User):
    """Somebody whom an invite link let in; `link` is its id, never its secret."""

    link: str = ""


def person_of(handler: JupyterHandler) -> Person:
    """Give the person behind an authenticated request."""
    user = handler.current_user
    if isinstance(user, Guest):
        return Person(user.username, link=user.link)
    return Person(user.username, is_owner=is_owner(handler))
