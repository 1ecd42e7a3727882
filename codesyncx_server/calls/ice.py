"""Which STUN and TURN servers browsers use where they can't reach the UDP port of calls directly.

A TURN server such as coturn that shares a secret with this one takes names and passwords made
from it (`use-auth-secret`; draft-uberti-behave-turn-rest). They hold for half a day, and the
secret itself goes nowhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PASSWORD_LIFETIME_S = 12 * 3600
"""A call may be as long as this before a connection that breaks needs a new token."""
_SCHEMES = ("stun:", "stuns:", "turn:", "turns:")
_FIELDS = {"urls", "username", "credential"}

IceServer = Mapping[str, Any]
"""As in `RTCConfiguration.iceServers`."""


@dataclass(frozen=True, slots=True)
class IceSettings:
    """What the server's settings say: `fixed` servers as they are, `turn_urls` with a secret."""

    fixed: Sequence[IceServer] = ()
    turn_urls: Sequence[str] = ()
    turn_secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what a browser would, which then joins no call at all; ValueError."""
        for server in self.fixed:
            if not set(server) <= _FIELDS:
                raise ValueError("An entry of call_ice_servers has urls, username and credential.")
            _check_urls(_listed(server.get("urls", ())), "call_ice_servers")
        _check_urls(self.turn_urls, "call_turn_urls")
        if bool(self.turn_urls) != bool(self.turn_secret):
            raise ValueError("call_turn_urls and call_turn_secret_file go together.")

    def servers_for(self, person_id: str, now: float) -> list[IceServer]:
        """Give the servers for one person's browser; `now` is in Unix seconds."""
        servers = list(self.fixed)
        if self.turn_urls:
            name = f"{int(now) + PASSWORD_LIFETIME_S}:{_pseudonym(person_id)}"
            digest = hmac.digest(self.turn_secret.encode(), name.encode(), "sha1")
            password = base64.b64encode(digest).decode()
            urls = list(self.turn_urls)
            servers.append({"urls": urls, "username": name, "credential": password})
        return servers


def read_secret(path: str) -> str:
    """Read the secret in a file, empty without one; ValueError for a file that says none."""
    if not path:
        return ""
    try:
        secret = Path(path).read_text().strip()
    except (OSError, ValueError) as error:
        raise ValueError(f"call_turn_secret_file can't be read: {error}") from error
    if not secret:
        raise ValueError(f"call_turn_secret_file is empty: {path}")
    return secret


def _pseudonym(person_id: str) -> str:
    """Name a person to a TURN server: always the same, for its quotas, and not by their name."""
    return hashlib.sha256(person_id.encode()).hexdigest()[:16]


def _listed(urls: Any) -> Sequence[Any]:
    return [urls] if isinstance(urls, str) else urls


def _check_urls(urls: Sequence[Any], setting: str) -> None:
    for url in urls:
        if not isinstance(url, str) or not url.startswith(_SCHEMES):
            raise ValueError(f"{setting} has {url!r}, which isn't like turn:turn.example.org:3478.")
