"""Who is in a room and where, with names that are the server's word.

A client may speak only for client ids it has claimed by being the first to use them. It may repeat
what it heard of others (jupyter-collaboration's browsers send all of it back): that is told from a
forgery by its clock, which is never ahead of what the server knows, and goes no further.
"""

from __future__ import annotations

import json
import secrets
import zlib
from typing import TYPE_CHECKING, Any

from pycrdt import Awareness

from ..errors import InvalidRequestError, RefusedError, TooLargeError
from . import protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pycrdt import Doc

    from .protocol import AwarenessEntry
    from .session import Member, Session

MAX_STATE_BYTES = 64_000
MAX_IDS_PER_SESSION = 8
# Browsers count up to 2**53 - 1 and fail on more; the room between is for the server's own steps.
MAX_CLIENT_ID = 2**53 - 1
MAX_CLOCK = 2**52
_NULL = b"null"
_COLORS = 7  # JupyterLab's own palette of collaborators
_MAX_KNOWN_OWNERS = 10_000
#: Nobody is called that: these ids are, or were, the server's to speak for.
_SERVERS = ""


class RoomAwareness(Awareness):
    """The awareness of a room; `drain` gives what listeners haven't been told."""

    def __init__(self, doc: Doc[Any], on_change: Callable[[], None]) -> None:
        self._encoded: dict[int, bytes] = {}
        self._owners: dict[int, Session] = {}
        self._last_users: dict[int, str] = {}
        self._untold: set[int] = set()
        self._guests: set[int] = set()
        #: Called when somebody moved, came or went who is here by a connection of their own.
        self.on_move: Callable[[], None] = _ignore
        self._on_change: Callable[[], None] = _ignore
        super().__init__(doc)
        self._untold.clear()  # an empty state of the server is nothing to tell
        self._on_change = on_change

    def take(self, session: Session, entries: Iterable[AwarenessEntry]) -> None:
        """Let a client tell of itself.

        Raises RefusedError when it speaks for somebody else, TooLargeError, InvalidRequestError.
        """
        for entry in entries:
            if entry.client_id > MAX_CLIENT_ID or entry.clock > MAX_CLOCK:
                raise InvalidRequestError("Where you are was told with a number that is too large.")
            if self._may_speak(session, entry):
                self._accept(session, entry)

    def release(self, session: Session) -> None:
        """Have the clients of a closed connection leave."""
        for client_id in session.awareness_ids:
            if self._owners.get(client_id) is session:
                del self._owners[client_id]
                self._forget(client_id)
        session.awareness_ids.clear()

    def drain(self) -> bytes | None:
        """Give the message that tells what changed since the last call."""
        if not self._untold:
            return None
        message = protocol.awareness_states(
            self._encode(client_id) for client_id in sorted(self._untold)
        )
        self._untold.clear()
        return message

    @property
    def untold(self) -> frozenset[int]:
        """The clients that `drain` will tell of."""
        return frozenset(self._untold)

    def everyone(self, session: Session | None = None) -> bytes | None:
        """Give the message that tells a newcomer of everyone."""
        present = [client_id for client_id, state in self._states.items() if state]
        if not present:
            return None
        if session is not None and session.outlook is not None:
            return self.as_seen(present, session)
        return protocol.awareness_states(self._encode(client_id) for client_id in present)

    def as_seen(self, client_ids: Iterable[int], session: Session) -> bytes | None:
        """Give the message for a session that may not hear all of it; its own it knows."""
        others = sorted(set(client_ids) - session.awareness_ids)
        if not others:
            return None
        return protocol.awareness_states(self._encode_seen(each, session) for each in others)

    def people(self) -> Iterator[tuple[int, int, dict[str, Any]]]:
        """Give those who are here by a connection of their own: client id, clock and state."""
        for client_id in self._owners:
            state = self._states.get(client_id)
            if state:
                yield client_id, self._clock_of(client_id), state

    def new_id(self) -> int:
        """Give a client id for somebody whom the server itself will show."""
        while True:
            client_id = secrets.randbits(32)
            if client_id not in self._meta and client_id not in self._owners:
                return client_id

    def show(self, client_id: int, state: dict[str, Any]) -> None:
        """Show somebody who is elsewhere, under an id that nobody else can speak for."""
        self._guests.add(client_id)
        self._last_users[client_id] = _SERVERS
        before = self._states.get(client_id)
        clock = max(self._clock_of(client_id) + 1, 1)
        self._states[client_id] = state
        self._meta[client_id] = {"clock": clock, "lastUpdated": self._get_time()}
        self._encoded[client_id] = _dump(state)
        self._tell(client_id)
        if self._subscriptions:
            self._emit_taken(client_id, before, state)

    def hide(self, client_id: int) -> None:
        """Have somebody leave who was shown."""
        self._forget(client_id)
        self._guests.discard(client_id)

    async def stop(self) -> None:
        """End nothing: no task looks after it. jupyter_server_ydoc stops the forks it deletes."""

    def set_local_state(self, state: dict[str, Any] | None) -> None:
        """Tell something in the server's own name, as extensions do."""
        super().set_local_state(state)
        self._encoded[self.client_id] = _dump(state)
        self._tell(self.client_id)

    def _encode_seen(self, client_id: int, session: Session) -> bytes:
        state = self._states.get(client_id)
        if not state or session.outlook is None:
            return self._encode(client_id)
        clock = max(self._clock_of(client_id), 0)
        return protocol.awareness_entry(client_id, clock, _dump(session.outlook.see(state)))

    def _may_speak(self, session: Session, entry: AwarenessEntry) -> bool:
        client_id = entry.client_id
        owner = self._owners.get(client_id)
        if owner is session:
            return True
        is_servers = client_id == self.client_id or client_id in self._guests
        if is_servers or entry.state == _NULL:
            return False
        known = self._clock_of(client_id)
        username = session.member.username
        last_user = self._last_users.get(client_id)
        if owner is None:
            # Somebody may return with an older clock; another one's old state is an echo.
            if last_user in {None, username} or entry.clock > known:
                return self._claim(session, client_id)
            return False
        if entry.clock <= known:
            return False
        if owner.member.username != username:
            raise RefusedError("Only you can say where you are.")
        owner.awareness_ids.discard(client_id)
        return self._claim(session, client_id)

    def _claim(self, session: Session, client_id: int) -> bool:
        if len(session.awareness_ids) >= MAX_IDS_PER_SESSION:
            raise RefusedError("One connection can't be that many people.")
        if len(self._last_users) >= _MAX_KNOWN_OWNERS:
            self._last_users = {one: self._last_users[one] for one in self._owners}
        session.awareness_ids.add(client_id)
        self._owners[client_id] = session
        self._last_users[client_id] = session.member.username
        return True

    def _accept(self, session: Session, entry: AwarenessEntry) -> None:
        client_id = entry.client_id
        if entry.state == _NULL:
            self._forget(client_id, entry.clock)
            return
        if len(entry.state) > MAX_STATE_BYTES:
            raise TooLargeError("What your browser tells of where you are is too large.")
        state, encoded = _stamped(entry.state, session)
        before = self._states.get(client_id)
        known = self._meta.get(client_id)
        clock = entry.clock if known is None else max(known["clock"] + 1, entry.clock)
        self._states[client_id] = state
        self._meta[client_id] = {"clock": clock, "lastUpdated": self._get_time()}
        self._encoded[client_id] = encoded
        self._tell(client_id)
        if self._subscriptions:
            self._emit_taken(client_id, before, state)

    def _emit_taken(self, client_id: int, before: Any, state: Any) -> None:
        added = [client_id] if before is None else []
        updated = [] if before is None else [client_id]
        if added or before != state:
            self._emit("change", added, updated, [], "remote")
        self._emit("update", added, updated, [], "remote")

    def _forget(self, client_id: int, clock: int = 0) -> None:
        if self._states.pop(client_id, None) is None:
            return
        known = self._clock_of(client_id)
        self._meta[client_id] = {"clock": max(known + 1, clock), "lastUpdated": self._get_time()}
        self._encoded[client_id] = _NULL
        self._tell(client_id)
        self._emit("change", [], [], [client_id], "remote")
        self._emit("update", [], [], [client_id], "remote")

    def _tell(self, client_id: int) -> None:
        self._untold.add(client_id)
        self._on_change()
        if client_id not in self._guests:
            self.on_move()

    def _clock_of(self, client_id: int) -> int:
        known = self._meta.get(client_id)
        return -1 if known is None else int(known["clock"])

    def _encode(self, client_id: int) -> bytes:
        clock = max(self._clock_of(client_id), 0)
        state = self._encoded.get(client_id)
        if state is None:
            state = _dump(self._states.get(client_id))
        return protocol.awareness_entry(client_id, clock, state)


def _stamped(text: bytes, session: Session) -> tuple[dict[str, Any], bytes]:
    """Read a state, put in who it is, and write it as every browser can read it."""
    try:
        state = json.loads(text)
        if not isinstance(state, dict):
            raise InvalidRequestError("Where you are was told in no known form.")
        state["user"] = stamp(session.member)
        if session.outlook is not None:
            state = session.outlook.tell(state)
        return state, _dump(state)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("Where you are was told in no known form.") from error


def stamp(member: Member) -> dict[str, Any]:
    """Give the `user` field of a state: who the server says this is."""
    return {
        "username": member.username,
        "name": member.name,
        "display_name": member.display_name or member.name,
        "initials": member.initials,
        "color": member.color or color_of(member.username),
        "avatar_url": member.avatar_url,
    }


def color_of(username: str) -> str:
    """Choose one of JupyterLab's collaborator colours, the same for a person everywhere."""
    number = zlib.crc32(username.encode("utf-8", "surrogatepass")) % _COLORS + 1
    return f"var(--jp-collaborator-color{number})"


def _ignore() -> None:
    """Stand in for a listener until there is one."""


def _dump(state: Any) -> bytes:
    """Write JSON, in ASCII: half a surrogate pair has no UTF-8. ValueError for NaN and infinity."""
    return json.dumps(state, separators=(",", ":"), allow_nan=False).encode()
