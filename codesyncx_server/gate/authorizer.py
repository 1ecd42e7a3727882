"""Jupyter's second question, "may this user do that?", answered as the gate has judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.authorizer import Authorizer
from traitlets import Instance

from ..access.model import Permission
from .gate import verdict_on
from .person import Guest

if TYPE_CHECKING:
    from jupyter_server.auth.identity import User
    from jupyter_server.base.handlers import JupyterHandler

    from .gate import Verdict

_QUESTIONS = "/api/me"
_READABLE = frozenset({"api", "contents", "kernelspecs", "nbconvert", "csp"})


class GateAuthorizer(Authorizer):
    """Says no where the gate would, and where the authorizer before it says no."""

    inner = Instance(Authorizer)

    async def is_authorized(
        self, handler: JupyterHandler, user: User, action: str, resource: str
    ) -> bool:
        """Tell whether `user` may; only of requests that came through the gate."""
        verdict = verdict_on(handler)
        if verdict is None:
            return False
        # Guests are ours alone: the provider's own authorizer has never heard of them.
        if not isinstance(user, Guest) and not await ensure_async(
            self.inner.is_authorized(handler, user, action, resource)
        ):
            return False
        if verdict.sight.is_owner or verdict.sight.is_trusted:
            return True
        if str(handler.request.path).endswith(_QUESTIONS):
            return _would(verdict, action, resource)
        # The rooms of documents ask before they know; there each edit is judged by itself.
        return True


def _would(verdict: Verdict, action: str, resource: str) -> bool:
    if resource not in _READABLE:
        return False
    if action == "read":
        return True
    return resource == "contents" and action == "write" and verdict.sight.may(Permission.EDIT, "")


def wrap(settings: dict[str, Any]) -> None:
    """Put ours before the server's authorizer."""
    inner = settings["authorizer"]
    if not isinstance(inner, GateAuthorizer):
        settings["authorizer"] = GateAuthorizer(
            parent=inner.parent, identity_provider=inner.identity_provider, inner=inner
        )
