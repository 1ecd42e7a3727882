"""Who owns the server that serves the project."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jupyter_server.auth.identity import IdentityProvider, PasswordIdentityProvider

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler

#: In the server's settings: whether a Hub's projects service says who is in the project.
UNDER_HUB = "codesyncx_under_hub"
#: These let people in by the server's own token or password, which only its owner gives away.
_OWNERS_KEY = (IdentityProvider, PasswordIdentityProvider)


def is_owner(handler: JupyterHandler) -> bool:
    """Tell whether the person behind a request owns this server's project.

    With Jupyter's own token or password everybody who knows it is an owner. Another identity
    provider may say itself, by a method `is_owner(user)`. Behind a JupyterHub it is the user whose
    server this is, and nobody where the Hub has projects: their owners are so by their role, and
    the user is only the project's name. Else there is none.
    """
    if handler.settings.get(UNDER_HUB):
        return False
    provider = handler.identity_provider
    if type(provider) in _OWNERS_KEY:
        return handler.current_user is not None
    says = getattr(provider, "is_owner", None)
    if says is not None:
        return bool(says(handler.current_user))
    hub_user = os.environ.get("JUPYTERHUB_USER")
    return hub_user is not None and handler.current_user.username == hub_user
