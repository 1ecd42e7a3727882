"""What lets a browser into a preview: signed by the server, for one preview and one person. Pure.

Two kinds of JSON Web Tokens (RFC 7519) by HMAC-SHA-256: a ticket in an address, which is good for
a minute and is turned into a pass in a cookie, which is good for a working day. Neither says what
its person may do: that is asked anew with each request.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

_ALGORITHM = "HS256"
_MOST_CHARACTERS = 2048


class Kind(StrEnum):
    """RFC 8725, 3.11: neither is taken for the other."""

    TICKET = "codesyncx-preview-ticket+jwt"
    PASS = "codesyncx-preview-pass+jwt"  # noqa: S105 - a type


LIFETIME_S = {Kind.TICKET: 60.0, Kind.PASS: 10 * 3600.0}


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who comes, and the origin of the page from which they do."""

    username: str
    link: str | None
    is_owner: bool
    origin: str


class PassOffice:
    """Signs and reads them; with the server that holds the key, all of them end."""

    def __init__(self, key: bytes) -> None:
        self._key = OctKey.import_key(key)

    def sign(self, kind: Kind, preview: str, bearer: Bearer, now: float) -> str:
        """Give one for a preview by its name."""
        claims = {
            "aud": preview,
            "sub": bearer.username,
            "link": bearer.link,
            "own": bearer.is_owner,
            "origin": bearer.origin,
            "exp": now + LIFETIME_S[kind],
        }
        header = {"alg": _ALGORITHM, "typ": kind.value}
        return jwt.encode(header, claims, self._key, algorithms=[_ALGORITHM])

    def read(self, kind: Kind, preview: str, text: str, now: float) -> Bearer | None:
        """Give whom it is for; nobody if it isn't for this preview, or no longer."""
        if len(text) > _MOST_CHARACTERS:
            return None
        try:
            token = jwt.decode(text, self._key, algorithms=[_ALGORITHM])
        except (JoseError, ValueError):
            return None
        claims = token.claims
        if token.header.get("typ") != kind.value or claims.get("aud") != preview:
            return None
        if claims["exp"] <= now:
            return None
        return Bearer(claims["sub"], claims["link"], claims["own"], claims["origin"])
