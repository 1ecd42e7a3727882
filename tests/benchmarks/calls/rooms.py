"""People in a room of a server, whichever it is: they send, and get all that others send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.calls.streams import Sending
    from benchmarks.calls.wire import Pump, Wire


class Person(Protocol):
    """Somebody in a room. `down` is the connection that they get others' tracks on."""

    down: Wire | None


class Room(Protocol):
    """A room that people come into."""

    async def join(
        self, pump: Pump, name: str, sending: Sending | None, *, receives: bool = True
    ) -> Person:
        """Come in, send what one has and get the others' tracks, those of later comers too."""

    async def close(self) -> None:
        """Leave with everybody."""

    def people(self) -> Sequence[Person]:
        """Give all who came."""
