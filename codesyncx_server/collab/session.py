"""One connection to a room: who is behind it, and how what is sent to it is kept within bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from .rights import FULL, Rights

if TYPE_CHECKING:
    from ..access.model import Person
    from ..errors import CodeSyncXError
    from .outlook import Outlook

# What may wait for a client that reads slowly. Beyond it nothing is queued any more; once it has
# read enough it gets one update with all it missed.
MAX_WAITING_BYTES = 1_000_000
ENOUGH_READ_BYTES = 64_000
MAX_LAG_S = 30.0
# What a client may type before it has answered what the server lacks.
MAX_EARLY_BYTES = 1_000_000


class Wire(Protocol):
    """Carries frames to one client."""

    @property
    def waiting_bytes(self) -> int:
        """How much was given and isn't yet with the operating system."""

    def send(self, frames: bytes) -> None:
        """Send whole websocket frames; never blocks, ignores a closed connection."""

    def close(self, error: CodeSyncXError) -> None:
        """End the connection and tell the client why."""


@dataclass(frozen=True, slots=True)
class Member:
    """The verified person behind a connection."""

    username: str
    name: str
    display_name: str = ""
    initials: str | None = None
    color: str | None = None
    avatar_url: str | None = None


@dataclass(slots=True)
class Lag:
    """How far a slow client has come: since when it lags, and the state it will have then."""

    since: float
    state: bytes


@dataclass(eq=False, slots=True)
class Session:
    """A client in a room."""

    member: Member
    wire: Wire
    awareness_ids: set[int] = field(default_factory=set)
    lag: Lag | None = None
    is_waiting: bool = False  # for a large document: what happens meanwhile it is told after
    rights: Rights = FULL
    person: Person | None = None
    is_reader: bool = False  # by the server's authorizer, whatever else they may
    outlook: Outlook | None = None  # of those who may not read the whole project
    has_answered: bool = False
    early: list[bytes] = field(default_factory=list)
    is_closed: bool = False

    @property
    def is_owner(self) -> bool:
        """Whether the project is theirs."""
        return self.person is not None and self.person.is_owner

    def take(self, rights: Rights) -> None:
        """Let the person do from now on what `rights` say."""
        self.rights = rights.reading if self.is_reader else rights

    def close(self, error: CodeSyncXError) -> None:
        """End it with a reason, once."""
        if not self.is_closed:
            self.is_closed = True
            self.wire.close(error)
