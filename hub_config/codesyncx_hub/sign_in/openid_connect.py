"""Signing in with an account of an OpenID Connect provider: a university's, Google's, any."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from oauthenticator.generic import GenericOAuthenticator
from traitlets import Unicode, default, validate
from traitlets.traitlets import TraitError

from .errors import IdentityRefusedError
from .id_token import UnknownKeyError, verified_claims
from .oauth_way import OAuthWay

if TYPE_CHECKING:
    from .oauth_pages import EndSignIn

KNOWN_FOR_S = 3600
"""How long is believed what a provider says of itself."""
ASKED_AGAIN_AFTER_S = 60
"""A key that isn't known makes us ask for the keys no more often."""
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_CLAIMS = "codesyncx_claims"


class OpenIDConnect(OAuthWay, GenericOAuthenticator):
    """An OpenID Connect provider, known by its issuer."""

    issuer = Unicode(
        help="The provider's address; `/.well-known/openid-configuration` below it says the rest."
    ).tag(config=True)

    @default("way")
    def _default_way(self) -> str:
        return "oidc"

    @default("login_service")
    def _default_service(self) -> str:
        return urlsplit(self.issuer).hostname or "OpenID Connect"

    @default("scope")
    def _default_scope(self) -> list[str]:
        return ["openid", "profile", "email"]

    @default("avatar_hosts")
    def _default_hosts(self) -> set[str]:
        host = urlsplit(self.issuer).hostname
        return {host} if host else set()

    @validate("issuer")
    def _check_issuer(self, proposal: Any) -> str:
        return _secure(proposal.value)

    def __init__(self, **kwargs: Any) -> None:
        """Ask the provider nothing yet: it may come up later than the Hub."""
        super().__init__(**kwargs)
        self._known_until_s = 0.0
        self._keys_url = ""
        self._keys = KeySet([])
        self._keys_asked_s = -float(KNOWN_FOR_S)

    async def look_up(self) -> None:
        """Ask the provider for its addresses, if that was long ago.

        HTTPClientError or OSError if it can't be reached, IdentityRefusedError if it is another.
        """
        if time.monotonic() < self._known_until_s:
            return
        url = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        said = await self.httpfetch(url, "looking the identity provider up")
        if not isinstance(said, dict) or said.get("issuer") != self.issuer:
            raise IdentityRefusedError(f"{url} isn't about {self.issuer}: see the issuer setting")
        try:
            self.authorize_url = _secure(said["authorization_endpoint"])
            self.token_url = _secure(said["token_endpoint"])
            self._keys_url = _secure(said["jwks_uri"])
            self.userdata_url = (
                _secure(said["userinfo_endpoint"]) if ("userinfo_endpoint" in said) else ""
            )
        except (KeyError, TraitError) as error:
            raise IdentityRefusedError(f"{url} lacks an https address: {error}") from error
        methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        self.basic_auth = "client_secret_post" not in methods
        self._known_until_s = time.monotonic() + KNOWN_FOR_S

    async def get_token_info(self, handler: EndSignIn, params: dict[str, str]) -> dict[str, Any]:
        """Fetch the tokens, and check the one that says who this is."""
        await self.look_up()
        tokens: dict[str, Any] = await super().get_token_info(handler, params)
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise IdentityRefusedError("The provider sent no ID token: is `openid` in its scopes?")
        return {**tokens, _CLAIMS: await self._verified(token, handler.nonce)}

    async def token_to_user(self, token_info: dict[str, Any]) -> dict[str, Any]:
        """Give what was signed, and what more the provider tells of the same person."""
        claims: dict[str, Any] = token_info[_CLAIMS]
        if not self.userdata_url:
            return claims
        told = await super().token_to_user(token_info)
        if not isinstance(told, dict) or told.get("sub") != claims["sub"]:
            raise IdentityRefusedError("The provider tells of somebody else than it has signed.")
        return {**told, **claims}

    def subject_and_claims(self, user_info: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Give the `sub` claim, and all of them."""
        return user_info["sub"], user_info

    async def _verified(self, token: str, nonce: str) -> dict[str, Any]:
        if time.monotonic() - self._keys_asked_s >= KNOWN_FOR_S:
            await self._fetch_keys()
        try:
            return self._claims(token, nonce)
        except UnknownKeyError:
            if time.monotonic() - self._keys_asked_s < ASKED_AGAIN_AFTER_S:
                raise
        await self._fetch_keys()
        return self._claims(token, nonce)

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        return verified_claims(
            token,
            self._keys,
            issuer=self.issuer,
            client_id=self.client_id,
            nonce=nonce,
            now_s=time.time(),
        )

    async def _fetch_keys(self) -> None:
        said = await self.httpfetch(self._keys_url, "fetching the identity provider's keys")
        try:
            self._keys = KeySet.import_key_set(said)
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise IdentityRefusedError(f"The provider's keys can't be read: {error}") from error
        self._keys_asked_s = time.monotonic()


def _secure(url: Any) -> str:
    """Give an address back if nobody can change what comes from it; TraitError if not."""
    if not isinstance(url, str):
        raise TraitError(f"{url!r} is no address")
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return url
    raise TraitError(f"{url!r} isn't reached by https")
