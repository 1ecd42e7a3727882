"""The forms of signing in by e-mail: one for the address, one for the code."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from codesyncx_server.errors import TooManyError

from .codes import DIGITS, LIFETIME_S
from .errors import AddressError, CodeRefusedError
from .page import SignInPage, public_origin

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .email_code import EmailCode

COOKIE = "codesyncx-sign-in"
DAY_S = 24 * 3600


class _EmailPage(SignInPage):
    """A form of the way by e-mail."""

    authenticator: EmailCode

    @property
    def browser(self) -> str:
        """The secret by which this browser is known again, or nothing."""
        value = self.get_secure_cookie(COOKIE, max_age_days=LIFETIME_S / DAY_S)
        return value.decode("ascii", "replace") if value else ""

    def clear_browser(self) -> None:
        """Forget the browser."""
        self.clear_cookie(COOKIE, path=self.hub.base_url)


class AskForCode(_EmailPage):
    """Takes an address."""

    async def get(self) -> None:
        """Lead whoever reloads back to the form."""
        self.redirect(self.with_next(self.settings["login_url"]))

    async def post(self) -> None:
        """Send a code, or not, and go on to where it is typed in any case."""
        # A new secret for each code: an old cookie that somebody has seen is of no use.
        browser = secrets.token_urlsafe(32)
        network = self.authenticator.network_of(self)
        try:
            self.authenticator.ask(
                self.get_body_argument("address", ""), browser, network, self._letter
            )
        except AddressError:
            await self._show_again(400, "address")
        except TooManyError:
            await self._show_again(429, "too_many")
        else:
            self._set_cookie(
                COOKIE,
                browser,
                path=self.hub.base_url,
                expires_days=None,
                max_age=LIFETIME_S,
                samesite="Lax",
            )
            self.redirect(self._code_url, status=303)

    @property
    def _code_url(self) -> str:
        return self.with_next(self.authenticator.url(self.hub.base_url, "code"))

    def _letter(self, code: str) -> str:
        half = DIGITS // 2
        # What stands behind # is never sent to a server: it is in no log of a proxy's.
        # And without an address that the operator has set there is no link: what the request says
        # of where the Hub is would be the word of whoever asks for somebody else's code.
        origin = public_origin(self)
        link = f"{origin}{self._code_url}#{code}" if origin else ""
        return self.get_template("codesyncx-sign-in-mail.txt", sync=True).render(
            code=f"{code[:half]} {code[half:]}",
            link=link,
            minutes=LIFETIME_S // 60,
            site=self.authenticator.site_name,
        )

    async def _show_again(self, status: int, problem: str) -> None:
        self.set_status(status)
        self.finish(await super()._render(problem=problem))


class TypeCode(_EmailPage):
    """Takes a code."""

    async def get(self) -> None:
        """Show the form; in another browser than the one that asked say where to go instead.

        Opening the link signs nobody in: mail servers open links, too.
        """
        if self.current_user:
            self.redirect(self.get_next_url(self.current_user))
            return
        self.finish(await self._render())

    async def post(self) -> None:
        """Let in who types the code that was asked for in this browser."""
        data = {"browser": self.browser, "code": self.get_body_argument("code", "")}
        try:
            user = await self.login_user(data)
        except CodeRefusedError:
            await self._show_again(403, "code")
        except TooManyError:
            await self._show_again(429, "too_many")
        else:
            if user is None:
                await self._show_again(403, "code")
                return
            self.clear_browser()
            self._jupyterhub_user = user
            self.redirect(self.get_next_url(user), status=303)

    async def _show_again(self, status: int, problem: str) -> None:
        self.set_status(status)
        self.finish(await self._render(problem=problem))

    def _render(
        self,
        login_error: str | None = None,
        username: str | None = None,  # noqa: ARG002 - the Hub passes it
        **names: Any,
    ) -> Awaitable[str]:
        names = {"problem": "", **names}
        return self.render_template(
            "codesyncx-sign-in-code.html",
            is_open=bool(self.browser) and self.authenticator.codes.is_open(self.browser),
            digits=DIGITS,
            minutes=LIFETIME_S // 60,
            next=self.get_argument("next", ""),
            login_error=login_error,
            xsrf=self.xsrf_token.decode("ascii"),
            action=self.authenticator.url(self.hub.base_url, "code"),
            again=self.with_next(self.settings["login_url"]),
            **names,
        )
