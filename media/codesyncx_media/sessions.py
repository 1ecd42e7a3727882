"""Sessions: who comes back after their signalling broke is the member they were before.

A session outlives the WebSocket by a grace, in which the others notice nothing: the media goes
over other connections and may not have stopped at all. A session says who comes back, never what
they may do: they bring a new room token with it. Times are seconds of the caller's clock.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

GRACE_S = 20.0
"""How long somebody whose signalling broke without a goodbye is still in the call."""
MAX_SESSION_LENGTH = 128
_SECRET_BYTES = 32


@dataclass(slots=True)
class _Session:
    person_id: str
    digest: bytes
    lost_at: float | None = None


class Sessions:
    """The sessions of one call, one for each member."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Session] = {}

    def begin(self, member_id: str, person_id: str) -> str:
        """Give a new member the session that they come back with."""
        text = f"{member_id}.{secrets.token_urlsafe(_SECRET_BYTES)}"
        self._sessions[member_id] = _Session(person_id, _digest(text))
        return text

    def resume(self, text: str, person_id: str) -> str | None:
        """Give the member whose session it is, who is lost no more; None when it is nobody's.

        That is also the answer when it is somebody else's: a session that leaked is of no use.
        """
        member_id = text.partition(".")[0]
        session = self._sessions.get(member_id)
        if session is None or session.person_id != person_id:
            return None
        if not hmac.compare_digest(session.digest, _digest(text)):
            return None
        session.lost_at = None
        return member_id

    def lose(self, member_id: str, now: float) -> None:
        """Note that a member's signalling broke."""
        session = self._sessions.get(member_id)
        if session is not None:
            session.lost_at = now

    def overdue(self, now: float) -> list[str]:
        """Give the members who are lost for longer than the grace."""
        return [
            member_id
            for member_id, session in self._sessions.items()
            if session.lost_at is not None and now - session.lost_at >= GRACE_S
        ]

    def end(self, member_id: str) -> None:
        """Have a member's session be worth nothing from now on."""
        self._sessions.pop(member_id, None)


def _digest(text: str) -> bytes:
    # Of equal length whatever was sent, so that comparing takes the same time for every text.
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
