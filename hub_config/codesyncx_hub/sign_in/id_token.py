"""What an identity provider signs about a person, held against what was asked for.

OpenID Connect Core 1.0, 3.1.3.7. Each token is checked, its signature too, though it comes from
the provider itself by TLS: a proxy in between, or a provider that mixes its clients up, changes
nothing.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from .errors import IdentityRefusedError

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "RS384", "RS512")
"""None with a shared secret, and never `none`: whoever reads our configuration signs nothing."""
CLOCKS_APART_S = 60
LONGEST_TOKEN = 64 * 1024
LONGEST_SUBJECT = 255


class UnknownKeyError(IdentityRefusedError):
    """The token is signed with a key that isn't known; the provider may have changed its keys."""


def verified_claims(
    token: str, keys: KeySet, *, issuer: str, client_id: str, nonce: str, now_s: float
) -> dict[str, Any]:
    """Give what the token says if it was made by `issuer`, for us, and for this attempt.

    `now_s` is in Unix seconds. UnknownKeyError or IdentityRefusedError otherwise.
    """
    if len(token) > LONGEST_TOKEN:
        raise IdentityRefusedError("The provider's answer is too long.")
    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        registry = jwt.JWTClaimsRegistry(
            now=int(now_s),
            leeway=CLOCKS_APART_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True},
        )
        registry.validate(claims)
    except InvalidKeyIdError as error:
        raise UnknownKeyError("The provider's answer is signed with an unknown key.") from error
    except (JoseError, ValueError, TypeError) as error:
        raise IdentityRefusedError(f"The provider's answer can't be believed: {error}") from error
    _check_party(claims, client_id)
    if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise IdentityRefusedError("The provider's answer belongs to another attempt to sign in.")
    if not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
        raise IdentityRefusedError("The provider doesn't say who this is.")
    return claims


def verified_address(claims: dict[str, Any]) -> str | None:
    """Give the address that the provider has checked; what it hasn't isn't an address to us."""
    email = claims.get("email")
    return email if isinstance(email, str) and claims.get("email_verified") is True else None


def _check_party(claims: dict[str, Any], client_id: str) -> None:
    audience = claims["aud"]
    is_for_others_too = isinstance(audience, list) and len(audience) > 1
    party = claims.get("azp")
    if party is None and not is_for_others_too:
        return
    if party != client_id:
        raise IdentityRefusedError("The provider's answer was made for another application.")
