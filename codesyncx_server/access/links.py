"""Invite links: their secrets, and the guests whom they let in.

A secret is `<id of the link>.<random>`; only its hash is kept, so that whoever reads the database
can't enter by it. The same holds for the token in a guest's cookie, which
names the guest's link too: once that has ended nothing else is kept of its guests.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from dataclasses import dataclass

from ..errors import InvalidRequestError, RefusedError

LONGEST_NAME = 64
LONGEST_SECRET = 256
_ID_BYTES = 9
_SECRET_BYTES = 32
_NO_HASH = "0" * 64
GUEST_PREFIX = "guest-"
NOT_VALID = "This link isn't valid. Check that it was copied as a whole."


@dataclass(frozen=True, slots=True)
class Link:
    """An invitation; what it gives, where and until when stands in its grant."""

    id: str
    name: str
    secret_hash: str
    grant_id: int
    max_uses: int | None
    uses: int
    created_by: str
    created_at: float
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class GuestIdentity:
    """Somebody who came by a link, called as they wish."""

    id: str
    name: str
    link_id: str


@dataclass(frozen=True, slots=True)
class Admission:
    """A guest who was let in just now, with the token for their cookie."""

    guest: GuestIdentity
    token: str


def new_id() -> str:
    """Give an id that nobody else has; it may be shown."""
    return secrets.token_hex(_ID_BYTES)


def hash_of(secret: str) -> str:
    """Give what may be kept of a secret. It is random and long, so that no salt is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def secret_of(link_id: str) -> str:
    """Make the secret of a new link, or of a guest of it: nobody can guess it; never log it."""
    return f"{link_id}.{secrets.token_urlsafe(_SECRET_BYTES)}"


def link_id_in(secret: str) -> str:
    """Give the id of the link that a secret says it belongs to."""
    return secret[:LONGEST_SECRET].partition(".")[0]


def fits(secret: str, link: Link | None) -> bool:
    """Whether the secret is the link's; takes as long for a link that doesn't exist."""
    expected = _NO_HASH if link is None else link.secret_hash
    return hmac.compare_digest(hash_of(secret[:LONGEST_SECRET]), expected)


def check_usable(link: Link, *, is_over: bool) -> None:
    """Raise RefusedError, with the reason, when nobody can come in by `link` any more."""
    if link.ended == "revoked":
        raise RefusedError("This link was taken back. Ask for a new one.")
    if link.ended is not None or is_over:
        raise RefusedError("This link has expired. Ask for a new one.")
    if link.max_uses is not None and link.uses >= link.max_uses:
        raise RefusedError("This link has been used as often as it may be. Ask for a new one.")


def clean_name(text: str) -> str:
    """Give a name as it may be shown: one line, nothing invisible, not too long."""
    normal = unicodedata.normalize("NFC", text)
    visible = "".join(
        " " if unicodedata.category(character) in {"Zs", "Zl", "Zp"} else character
        for character in normal
        if unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    )
    name = " ".join(visible.split())
    if not name:
        raise InvalidRequestError("Please type a name.")
    if len(name) > LONGEST_NAME:
        raise InvalidRequestError(f"A name may have {LONGEST_NAME} characters at most.")
    return name
