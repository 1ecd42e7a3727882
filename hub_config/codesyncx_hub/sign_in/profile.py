"""How a person is shown to others: first name, picture and colour, as Jupyter's servers take it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LONGEST_TEXT = 80
LONGEST_URL = 1000
COLORS = 7
"""JupyterLab has `--jp-collaborator-color1` to this."""

_UNSHOWN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Profile:
    """What others see of a person, and the address that is known to be theirs (for invitations)."""

    name: str
    display_name: str
    avatar_url: str | None
    email: str | None

    def user_info(self, username: str) -> dict[str, str]:
        """Give it in the shape that JupyterHub hands to servers as `user_info`."""
        info = {
            "name": self.name,
            "display_name": self.display_name,
            "initials": _initials(self.name),
            "color": color_of(username),
        }
        if self.avatar_url:
            info["avatar_url"] = self.avatar_url
        if self.email:
            info["email"] = self.email
        return info


def profile_of_address(address: str) -> Profile:
    """Guess names from an address: `ada.lovelace@` is Ada."""
    local = address.rpartition("@")[0].partition("+")[0]
    words = [word.capitalize() for word in re.split(r"[._-]+", local) if word]
    name = _text(" ".join(words)) or _text(local) or address
    return Profile(name, name.partition(" ")[0], None, address)


def profile_of_claims(
    claims: Mapping[str, Any], avatar_hosts: Collection[str], email: str | None, otherwise: str
) -> Profile:
    """Take what a provider says of a person; `otherwise` is their name if it says none.

    Pictures are shown only from `avatar_hosts`: whoever is shown one asks that host for it.
    """
    first, last = _text(claims.get("given_name")), _text(claims.get("family_name"))
    name = (
        _text(claims.get("name"))
        or " ".join(part for part in (first, last) if part)
        or _text(claims.get("preferred_username"))
        or _text(otherwise)
        or "?"
    )
    picture = claims.get("picture")
    is_shown = isinstance(picture, str) and _is_picture(picture, avatar_hosts)
    return Profile(name, first or name.partition(" ")[0], picture if is_shown else None, email)


def color_of(username: str) -> str:
    """Give a person the same colour everywhere and always."""
    number = hashlib.sha256(username.encode()).digest()[0] % COLORS + 1
    return f"var(--jp-collaborator-color{number})"


def _text(value: object) -> str:
    """Give text on one line without what can't be seen; nothing for what isn't text."""
    if not isinstance(value, str):
        return ""
    seen = (
        " " if each.isspace() else each
        for each in unicodedata.normalize("NFC", value[:1000])
        if each.isspace() or unicodedata.category(each) not in _UNSHOWN
    )
    return " ".join("".join(seen).split())[:LONGEST_TEXT].strip()


def _initials(name: str) -> str:
    words = name.split()
    ends = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0] for word in ends).upper()


def _is_picture(url: str, hosts: Collection[str]) -> bool:
    if len(url) > LONGEST_URL or not re.fullmatch(r"[!-~]+", url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    has_login = parts.username is not None or parts.password is not None
    return parts.scheme == "https" and port is None and not has_login and parts.hostname in hosts
