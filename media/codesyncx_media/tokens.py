"""Room tokens: who somebody in a call is and what they may do there, by the server's word.

The server extension signs one when it has asked `access`; the media process believes nothing else.
A token is a JSON Web Token (RFC 7519) with HMAC-SHA-256 by a secret that both processes hold. It
lives for a minute, because it only opens the door: a changed right or a removal is told to the
room itself. Times are Unix seconds and always the caller's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from .errors import InvalidTokenError, TooManyError
from .rights import Right, Rights

if TYPE_CHECKING:
    from collections.abc import Iterable

LIFETIME_S = 60.0
"""How long a token opens the door, unless its maker says less; also the longest believed."""
CLOCKS_APART_S = 10.0
"""How far the clocks of the two machines may differ."""
MAX_TOKEN_LENGTH = 4096
MIN_SECRET_LENGTH = 32
MAX_NAME_LENGTH = 256
MAX_SPENT_TOKENS = 50_000
_LAST_TIME = 1e12

_ALGORITHM = "HS256"
_AUDIENCE = "codesyncx-call"
_TYPE = "codesyncx-room+jwt"
"""RFC 8725, 3.11: no other token signed with the same secret is taken for one of these."""


class RoomName(NamedTuple):
    """Which call: a room of a project."""

    project: str
    room: str


@dataclass(frozen=True, slots=True)
class RoomToken:
    """What a token says; `person_id` is the server's name for them, `display_name` people's."""

    id: str
    room: RoomName
    person_id: str
    display_name: str
    rights: Rights
    issued_at: float
    expires_at: float


class TokenKey:
    """The secret that room tokens are signed and checked with."""

    def __init__(self, secret: bytes) -> None:
        """Take a secret; ValueError when it could be guessed."""
        if len(secret) < MIN_SECRET_LENGTH:
            raise ValueError(f"A secret for room tokens has at least {MIN_SECRET_LENGTH} bytes.")
        self._key = OctKey.import_key(secret)

    def sign(
        self,
        room: RoomName,
        *,
        person_id: str,
        display_name: str,
        rights: Iterable[Right],
        now: float,
        lifetime_s: float = LIFETIME_S,
    ) -> str:
        """Give a token for one person to come into one room, once."""
        claims = {
            "aud": _AUDIENCE,
            "jti": secrets.token_urlsafe(16),
            "project": room.project,
            "room": room.room,
            "sub": person_id,
            "name": display_name,
            "rights": sorted(rights),
            "iat": now,
            "exp": now + min(lifetime_s, LIFETIME_S),
        }
        header = {"alg": _ALGORITHM, "typ": _TYPE}
        return jwt.encode(header, claims, self._key, algorithms=[_ALGORITHM])

    def read(self, text: str, room: RoomName, *, now: float) -> RoomToken:
        """Give what a token for this room says now; InvalidTokenError for any other."""
        claims = self._verified_claims(text)
        token = RoomToken(
            id=_name(claims, "jti"),
            room=RoomName(_name(claims, "project", may_be_empty=True), _name(claims, "room")),
            person_id=_name(claims, "sub"),
            display_name=_name(claims, "name"),
            rights=_rights(claims),
            issued_at=_time(claims, "iat"),
            expires_at=_time(claims, "exp"),
        )
        if token.room != room:
            raise InvalidTokenError("This room token is for another room.")
        if token.expires_at <= now:
            raise InvalidTokenError("This room token is over; ask for another one.")
        lifetime_s = token.expires_at - token.issued_at
        if token.issued_at > now + CLOCKS_APART_S or not 0 < lifetime_s <= LIFETIME_S:
            raise InvalidTokenError("This room token's times can't be right.")
        return token

    def _verified_claims(self, text: str) -> dict[str, Any]:
        if len(text) > MAX_TOKEN_LENGTH or not text.isascii():
            raise InvalidTokenError("That is no room token.")
        try:
            token = jwt.decode(text, self._key, algorithms=[_ALGORITHM])
        except JoseError as error:
            # Which of its checks failed would help nobody but a forger.
            raise InvalidTokenError("That is no room token.") from error
        if token.header.get("typ") != _TYPE or token.claims.get("aud") != _AUDIENCE:
            raise InvalidTokenError("That is no room token.")
        return token.claims


class SpentTokens:
    """Which tokens have opened the door, so that a token that leaked opens no second one."""

    def __init__(self, most: int = MAX_SPENT_TOKENS) -> None:
        self._most = most
        self._spent: dict[str, tuple[str, float]] = {}

    def __len__(self) -> int:
        return len(self._spent)

    def spend(self, token: RoomToken, connection_id: str, *, now: float) -> None:
        """Let a connection in with a token: InvalidTokenError when another one came in with it.

        TooManyError rather than forgetting one that could still be used.
        """
        spent = self._spent.get(token.id)
        if spent is not None:
            if spent[0] != connection_id:
                raise InvalidTokenError("This room token was used before; ask for another one.")
            return
        if len(self._spent) >= self._most:
            self._forget(now)
        if len(self._spent) >= self._most:
            raise TooManyError("Too many people are joining calls at once; try again in a minute.")
        self._spent[token.id] = (connection_id, token.expires_at)

    def _forget(self, now: float) -> None:
        self._spent = {id_: spent for id_, spent in self._spent.items() if spent[1] > now}


def _name(claims: dict[str, Any], claim: str, *, may_be_empty: bool = False) -> str:
    value = claims.get(claim)
    if not isinstance(value, str) or len(value) > MAX_NAME_LENGTH or not (value or may_be_empty):
        raise InvalidTokenError(f"This room token has no {claim!r} that can be used.")
    return value


def _time(claims: dict[str, Any], claim: str) -> float:
    value = claims.get(claim)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LAST_TIME:
        raise InvalidTokenError(f"This room token has no {claim!r} that can be used.")
    return float(value)


def _rights(claims: dict[str, Any]) -> Rights:
    value = claims.get("rights")
    if not isinstance(value, list):
        raise InvalidTokenError("This room token has no 'rights' that can be used.")
    try:
        return frozenset(Right(right) for right in value)
    except (ValueError, TypeError) as error:
        raise InvalidTokenError("This room token has a right that nobody knows.") from error
