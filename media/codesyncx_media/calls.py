"""All calls of one media process, and the door to them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from .call import Call
from .errors import TooManyError
from .load import Load
from .tokens import RoomName, SpentTokens, TokenKey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .frame_link import FrameLink, FrameSocket
    from .participant import Outlet, Participant
    from .recording.task import RecordingSettings
    from .rights import Rights
    from .signalling.messages import Fields
    from .transport import UdpPort

MAX_CALLS = 500


class Seat(NamedTuple):
    """Somebody's place in a call."""

    call: Call
    participant: Participant
    outlet: Outlet


class Calls:
    """The calls that are held here; `clock` is for media, `wall_clock` for tokens."""

    def __init__(
        self,
        key: TokenKey,
        port: UdpPort,
        addresses: Sequence[tuple[str, int]],
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        recordings: RecordingSettings | None = None,
    ) -> None:
        self._key = key
        self._port = port
        self._addresses = addresses
        self._clock = clock
        self._wall_clock = wall_clock
        self._recordings = recordings
        self._spent = SpentTokens()
        self._calls: dict[RoomName, Call] = {}

    def join(self, fields: Fields, connection_id: str, outlet: Outlet) -> Seat:
        """Let somebody in by a `join` message; InvalidTokenError, RefusedError, TooManyError."""
        name = RoomName(fields["project"], fields["room"])
        now = self._wall_clock()
        token = self._key.read(fields["token"], name, now=now)
        self._spent.spend(token, connection_id, now=now)
        call = self._calls.get(name)
        if call is None:
            if len(self._calls) >= MAX_CALLS:
                raise TooManyError("There are as many calls here as can be; try again later.")
            call = Call(self._port, self._addresses, self._clock, self._recordings)
        participant = call.join(token, outlet, fields.get("session", ""))
        self._calls[name] = call
        return Seat(call, participant, outlet)

    def leave(self, seat: Seat) -> None:
        """Let somebody go; a call that nobody is in any more is over."""
        seat.call.leave(seat.participant, seat.outlet)
        self._forget_empty()

    def lose(self, seat: Seat) -> None:
        """Have somebody stay for a while whose signalling broke without a goodbye."""
        seat.call.lose(seat.participant, seat.outlet)

    def open_link(self, key: str, socket: FrameSocket) -> FrameLink | None:
        """Let a media socket in by the key that its member was given; None when nobody was."""
        links = (call.links.open(key, socket) for call in self._calls.values())
        return next((link for link in links if link is not None), None)

    def set_rights(self, project: str, person_id: str, rights: Rights) -> None:
        """Give somebody other rights in all calls of a project."""
        for call in self._of_project(project):
            call.set_rights(person_id, rights)

    def expel(self, project: str, person_id: str) -> None:
        """Remove somebody from all calls of a project."""
        for call in self._of_project(project):
            call.expel(person_id)

    def are_recorded(self) -> list[RoomName]:
        """Give the calls that are recorded now."""
        return [name for name, call in self._calls.items() if call.is_recorded]

    @property
    def is_busy(self) -> bool:
        """Whether anybody is in a call."""
        return bool(self._calls)

    def load(self) -> Load:
        """Give what there is to do now."""
        load = Load()
        for call in self._calls.values():
            call.add_to(load)
        return load

    def poll(self) -> None:
        """Send what is due in every call."""
        now = self._clock()
        for call in self._calls.values():
            call.poll(now)
        self._forget_empty()

    def _forget_empty(self) -> None:
        for name in [name for name, call in self._calls.items() if call.is_empty]:
            self._calls.pop(name).end()

    def _of_project(self, project: str) -> list[Call]:
        return [call for name, call in self._calls.items() if name.project == project]
