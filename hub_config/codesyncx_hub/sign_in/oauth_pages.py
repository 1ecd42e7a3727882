"""Two pages between the Hub and a provider: one leads there, the provider leads to the other."""

from __future__ import annotations

import hmac
import re
import secrets
from typing import TYPE_CHECKING, Any

from oauthenticator.oauth2 import (
    OAuthCallbackHandler,
    OAuthLoginHandler,
    _deserialize_state,
    _serialize_state,
)
from tornado.httpclient import HTTPClientError

from .errors import IdentityRefusedError
from .page import SignInPage

if TYPE_CHECKING:
    from .oauth_way import OAuthWay

ATTEMPT_S = 15 * 60
"""How long somebody may take at the provider."""
DAY_S = 24 * 3600


def cookie_of(way: OAuthWay) -> str:
    """Name the cookie of an attempt: one for each provider, none stands in for another."""
    return f"codesyncx-sign-in-{way.way}"


class BeginSignIn(OAuthLoginHandler, SignInPage):
    """Leads to the provider, with a state, a nonce and a code challenge that are this attempt's."""

    authenticator: OAuthWay
    _nonce = ""

    async def get(self) -> None:
        """Find the provider, and go there."""
        try:
            await self.authenticator.look_up()
        except (HTTPClientError, OSError, IdentityRefusedError) as error:
            await self.say(502, "unreachable", self.authenticator, error)
            return
        super().get()

    def set_state_cookie(self, state_cookie_value: str) -> None:
        """Keep the attempt in a cookie of its own that ends soon."""
        state = _deserialize_state(state_cookie_value)
        self._nonce = state["nonce"] = secrets.token_urlsafe(32)
        self._set_cookie(
            cookie_of(self.authenticator),
            _serialize_state(state),
            path=self.hub.base_url,
            expires_days=None,
            max_age=ATTEMPT_S,
            httponly=True,
            samesite="Lax",
        )

    def authorize_redirect(self, *args: Any, **options: Any) -> None:
        """Have the provider put the nonce into what it signs."""
        options["extra_params"] = {**options["extra_params"], "nonce": self._nonce}
        super().authorize_redirect(*args, **options)


class EndSignIn(OAuthCallbackHandler, SignInPage):
    """Takes what the provider sends back, once."""

    authenticator: OAuthWay

    async def get(self) -> None:
        """Sign in, or say on the page to sign in what went wrong."""
        try:
            self.check_arguments()
            user = await self.login_user()
        except IdentityRefusedError as error:
            await self.say(403, "identity", self.authenticator, error)
        except (HTTPClientError, OSError) as error:
            await self.say(502, "unreachable", self.authenticator, error)
        else:
            if user is None:
                await self.say(403, "not_allowed", self.authenticator)
                return
            self._jupyterhub_user = user
            self.redirect(self.get_next_url(user))

    def get_state_cookie(self) -> str:
        """Give this provider's attempt in this browser; it is over with that."""
        if self._state_cookie is None:
            name = cookie_of(self.authenticator)
            value = self.get_secure_cookie(name, max_age_days=ATTEMPT_S / DAY_S) or b""
            self._state_cookie = value.decode("ascii", "replace")
            self.clear_cookie(name, path=self.hub.base_url)
        return str(self._state_cookie)

    @property
    def nonce(self) -> str:
        """What the provider must have signed."""
        return str(_deserialize_state(self.get_state_cookie()).get("nonce", ""))

    def check_arguments(self) -> None:
        """Look whether this belongs to the attempt before anything else in it is looked at."""
        self.check_state()
        self.check_issuer()
        self.check_error()
        if not self.get_argument("code", ""):
            raise IdentityRefusedError("The provider sent no code back.")

    def check_state(self) -> None:
        """Compare what comes back with what this browser was sent away with."""
        ours = str(_state_id(self.get_state_cookie()))
        theirs = str(_state_id(self.get_argument("state", "")))
        if not ours or not hmac.compare_digest(ours.encode(), theirs.encode()):
            raise IdentityRefusedError(
                "This belongs to no attempt to sign in in this browser, or to one that took too "
                "long or was begun again in another tab. Try once more."
            )

    def check_issuer(self) -> None:
        """Refuse what another provider sends (RFC 9207)."""
        issuer = getattr(self.authenticator, "issuer", "")
        said = self.get_argument("iss", "")
        if issuer and said and said != issuer:
            raise IdentityRefusedError("Another provider has answered than was asked.")

    def check_error(self) -> None:
        """Tell a refusal in our words: what the address says anybody may have written."""
        error = self.get_argument("error", "")
        if error == "access_denied":
            raise IdentityRefusedError("You, or the provider, didn't agree. Nothing has happened.")
        if error:
            word = error if re.fullmatch(r"[a-z_]{1,40}", error) else "an error"
            raise IdentityRefusedError(f"The provider refused ({word}).")


def _state_id(text: str) -> object:
    if not text or not text.isascii():
        return ""
    state = _deserialize_state(text)
    return state.get("state_id", "") if isinstance(state, dict) else ""
