"""The page on which people choose how to sign in; its words are in `templates/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jinja2 import FileSystemLoader
from jupyterhub.handlers.login import LoginHandler
from tornado import web

from codesyncx_server.errors import CodeSyncXError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from jupyterhub.handlers import BaseHandler

    from .way import Route, SignInWay

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Offer:
    """A way as the page shows it: a form for an address, or a link with the provider's name."""

    way: str
    url: str
    service: str


class SignInPage(LoginHandler):
    """Offers all ways there are."""

    async def post(self) -> None:
        """Refuse: there is no password to send."""
        raise web.HTTPError(405)

    def set_default_headers(self) -> None:
        """Keep what is typed here out of caches, and the address of the page from other sites."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "same-origin")

    async def say(
        self, status: int, problem: str, way: SignInWay, error: Exception | None = None
    ) -> None:
        """Show the page again with what went wrong on `way`; an error of ours in its own words."""
        if error is not None:
            self.log.warning("Signing in by %s failed: %s", way.way, error)
        told = str(error) if isinstance(error, CodeSyncXError) and problem == "identity" else ""
        self.set_status(status)
        self.finish(
            await self._render(problem=problem, service=way.login_service, login_error=told)
        )

    def with_next(self, url: str) -> str:
        """Add where the person was going."""
        where = self.get_argument("next", "")
        return f"{url}?{urlencode({'next': where})}" if where else url

    def _render(
        self,
        login_error: str | None = None,
        username: str | None = None,  # noqa: ARG002 - the Hub passes it
        **names: Any,
    ) -> Awaitable[str]:
        ways: list[SignInWay] = self.settings["authenticator"].ways
        base_url = self.hub.base_url
        offers = [Offer(each.way, each.login_url(base_url), each.login_service) for each in ways]
        names = {"problem": "", **names}
        return self.render_template(
            "codesyncx-sign-in.html",
            offers=[each for each in offers if each.service],
            email=next((each for each in ways if not each.login_service), None),
            next=self.get_argument("next", ""),
            query=urlencode({"next": self.get_argument("next", "")}),
            address=self.get_argument("address", "")[:254],
            login_error=login_error,
            xsrf=self.xsrf_token.decode("ascii"),
            hub_url=base_url,
            **names,
        )


def origin_of(handler: BaseHandler) -> str:
    """Say where the Hub is for browsers; as the request says it if the Hub hasn't been told.

    Never for what others get to see: whoever sends a request writes what it says.
    """
    return public_origin(handler) or f"{handler.request.protocol}://{handler.request.host}"


def public_origin(handler: BaseHandler) -> str:
    """Say where `c.JupyterHub.public_url` is; nothing if it isn't set."""
    public = handler.settings.get("public_url")
    return f"{public.scheme}://{public.netloc}" if public else ""


def with_page(handlers: list[Route], app: Any) -> list[Route]:
    """Add the page itself, and have the Hub find its templates (after an operator's own)."""
    loaders = app.tornado_settings["jinja2_env"].loader.loaders
    loaders.append(FileSystemLoader(TEMPLATES))
    return [*handlers, ("/login", SignInPage)]
