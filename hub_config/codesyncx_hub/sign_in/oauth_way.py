"""What all ways by a provider's account have in common, on top of oauthenticator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyterhub.utils import url_path_join
from oauthenticator.oauth2 import OAuthenticator
from traitlets import Bool, Set, Unicode, default

from .addresses import normalised
from .errors import AddressError, IdentityRefusedError
from .id_token import verified_address
from .names import name_of_address, name_of_subject
from .page import origin_of
from .profile import profile_of_claims
from .way import Route, SignInWay

if TYPE_CHECKING:
    from jupyterhub.handlers import BaseHandler


class OAuthWay(SignInWay, OAuthenticator):
    """A provider's account; settings of all of them are `c.OAuthWay.<setting>`."""

    client_secret_file = Unicode(
        help="A file with the secret that the provider has given this Hub; read at each start."
    ).tag(config=True)
    needs_verified_address = Bool(
        default_value=True,
        help="Refuse whose address the provider hasn't checked. Else they have none here.",
    ).tag(config=True)
    names_by_address = Bool(
        default_value=False,
        help="Make the user name from the checked address, as by e-mail, not from what never"
        " changes at the provider: one account for both ways, another one after a change.",
    ).tag(config=True)
    avatar_hosts = Set(
        Unicode(), help="Pictures of people are shown from these hosts only, by https."
    ).tag(config=True)

    @default("client_secret")
    def _default_secret(self) -> str:
        if self.client_secret_file:
            return Path(self.client_secret_file).read_text().strip()
        return str(self._client_secret_default())

    def login_url(self, base_url: str) -> str:
        """Give the page that leads to the provider."""
        return self.url(base_url, "start")

    def own_handlers(self) -> list[Route]:
        """Give the page that leads to the provider, and the one that it leads back to."""
        from .oauth_pages import BeginSignIn, EndSignIn  # noqa: PLC0415 - they know this class

        return [
            (self.path("start"), self.bound(BeginSignIn)),
            (self.path("callback"), self.bound(EndSignIn)),
        ]

    def get_callback_url(self, handler: BaseHandler | None = None) -> str:
        """Give what is registered at the provider: `https://<hub>/hub/sign-in/<way>/callback`."""
        if self.oauth_callback_url or handler is None:
            return str(super().get_callback_url(handler))
        path = url_path_join(handler.hub.base_url, self.path("callback"))
        return f"{origin_of(handler)}{path}"

    async def look_up(self) -> None:
        """Find out where the provider has what; nothing to do where that is known."""

    def subject_and_claims(self, user_info: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Give what the provider calls a person for ever, and its claims in OpenID's words."""
        raise NotImplementedError

    def user_info_to_username(self, user_info: dict[str, Any]) -> str:
        """Make a name of what doesn't change, or of the address if that is asked for."""
        subject, claims = self.subject_and_claims(user_info)
        address = self._address(claims)
        if self.names_by_address:
            if address is None:
                raise IdentityRefusedError(self._unverified())
            return name_of_address(address)
        return name_of_subject(self.way, subject)

    async def update_auth_model(self, auth_model: dict[str, Any]) -> dict[str, Any]:
        """Add how others see the person."""
        auth_model = await super().update_auth_model(auth_model)
        _, claims = self.subject_and_claims(auth_model["auth_state"][self.user_auth_state_key])
        address = self._address(claims)
        if address is None and self.needs_verified_address:
            raise IdentityRefusedError(self._unverified())
        name = auth_model["name"]
        profile = profile_of_claims(claims, self.avatar_hosts, address, otherwise=name)
        auth_model["user_info"] = profile.user_info(name)
        return auth_model

    async def check_allowed(self, username: str, authentication: Any = None) -> Any:
        """Let in whom oauthenticator does, and who is in a list of addresses or domains."""
        if authentication is None:
            return False
        if await super().check_allowed(username, authentication):
            return True
        return self.allows_address(authentication["user_info"].get("email"))

    async def run_post_auth_hook(self, handler: BaseHandler, auth_model: Any) -> Any:
        """Forget the provider's tokens when all that may need them is done."""
        auth_model = await super().run_post_auth_hook(handler, auth_model)
        state = auth_model["auth_state"]
        subject, claims = self.subject_and_claims(state[self.user_auth_state_key])
        auth_model["auth_state"] = {
            "way": self.way,
            "subject": subject,
            "email": self._address(claims),
        }
        return auth_model

    async def refresh_user(self, *_: Any, **__: Any) -> bool:
        """Ask the provider nothing later: its tokens aren't kept."""
        return True

    def _address(self, claims: dict[str, Any]) -> str | None:
        address = verified_address(claims)
        try:
            return None if address is None else normalised(address)
        except AddressError as error:
            self.log.warning("%s says an address that isn't one: %s", self.login_service, error)
            return None

    def _unverified(self) -> str:
        return (
            f"{self.login_service} hasn't checked your e-mail address. Confirm it there, "
            "then sign in again."
        )
