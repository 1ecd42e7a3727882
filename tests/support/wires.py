"""A room's surroundings without sockets and clocks: wires that keep what is sent, time by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pycrdt import Doc, Text

from codesyncx_server.collab import protocol
from codesyncx_server.collab.rights import FULL, VIEWER
from codesyncx_server.collab.session import Member, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesyncx_server.collab.engine import Engine
    from codesyncx_server.errors import CodeSyncXError

_SHORT, _MEDIUM = 126, 127


def split_frames(data: bytes) -> list[bytes]:
    """Give the payloads of binary websocket frames, as a browser reads them."""
    payloads = []
    at = 0
    while at < len(data):
        assert data[at] == 0x82
        length, at = data[at + 1], at + 2
        if length >= _SHORT:
            size = 2 if length == _SHORT else 8
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        payloads.append(data[at : at + length])
        at += length
    assert at == len(data)
    return payloads


class HandClock:
    """Time that passes when told to, and what is to be done by then."""

    def __init__(self) -> None:
        self.time = 0.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def now(self) -> float:
        return self.time

    def schedule(self, delay_s: float, callback: Callable[[], None]) -> None:
        self._count += 1
        self._due.append((self.time + delay_s, self._count, callback))

    def pass_s(self, seconds: float = 0.0) -> None:
        """Let time pass; callbacks run when they are due."""
        until = self.time + seconds
        while self._due and min(self._due)[0] <= until:
            first = min(self._due)
            self._due.remove(first)
            self.time = max(self.time, first[0])
            first[2]()
        self.time = until


@dataclass
class KeepingWire:
    """Keeps what is sent, until the client takes it; one that isn't reading has it waiting."""

    sent: bytearray = field(default_factory=bytearray)
    is_reading: bool = True
    waiting_bytes: int = 0
    error: CodeSyncXError | None = None

    def send(self, frames: bytes) -> None:
        self.sent += frames
        if not self.is_reading:
            self.waiting_bytes += len(frames)

    def close(self, error: CodeSyncXError) -> None:
        self.error = error

    def take(self) -> list[bytes]:
        """Read all that was sent."""
        data = bytes(self.sent)
        self.sent.clear()
        self.waiting_bytes = 0
        return split_frames(data)


class Client:
    """A browser's copy of a document, in a room through a wire that keeps."""

    def __init__(
        self,
        engine: Engine,
        username: str,
        *,
        may_edit: bool = True,
        doc: Doc[Any] | None = None,
    ) -> None:
        self.engine = engine
        self.wire = KeepingWire()
        rights = FULL if may_edit else VIEWER
        self.session = Session(Member(username, username.title()), self.wire, rights=rights)
        self.doc: Doc[Any] = doc or Doc()
        self.text: Text = self.doc.get("source", type=Text)
        self.awareness: dict[int, tuple[int, bytes]] = {}
        self.updates_heard: list[bytes] = []
        self.state_heard = b"\x00"  # what the room had when it asked
        self._is_hearing = False
        self._unsent: list[bytes] = []
        self._subscription = self.doc.observe(self._on_change)

    def join(self) -> Client:
        """Enter, and exchange what either lacks."""
        self.enter(self.engine)
        self.hear()
        return self

    def enter(self, engine: Engine) -> None:
        """Open a connection, ask for what is lacking here and read no answer yet."""
        self.engine = engine
        if self.session.is_closed:
            self.wire = KeepingWire()
            self.session = Session(self.session.member, self.wire, rights=self.session.rights)
        engine.join(self.session)
        self.receive(protocol.sync_step1(self.doc.get_state()))

    def break_off(self) -> None:
        """Lose the connection, and what is on its way in either direction."""
        self.engine.leave(self.session)
        self.wire.sent.clear()
        self.drop_unsent()

    def receive(self, payload: bytes) -> None:
        """Send a message to the room."""
        self.engine.receive(self.session, protocol.decode(payload))

    def send(self) -> None:
        """Send what was typed."""
        unsent, self._unsent = self._unsent, []
        for update in unsent:
            self.receive(protocol.sync_update(update))

    def drop_unsent(self) -> list[bytes]:
        """Let what was typed get lost on its way."""
        unsent, self._unsent = self._unsent, []
        return unsent

    def hear(self) -> None:
        """Read what the room has sent."""
        for payload in self.wire.take():
            match protocol.decode(payload):
                case protocol.Update(update):
                    self.updates_heard.append(update)
                    self._is_hearing = True
                    self.doc.apply_update(update)
                    self._is_hearing = False
                case protocol.StateVector(state):
                    self.state_heard = state
                    self._unsent = []  # they are in the answer
                    self.receive(protocol.sync_step2(self.doc.get_update(state)))
                case protocol.AwarenessStates(entries):
                    for client_id, clock, state in entries:
                        self.awareness[client_id] = (clock, state)

    def _on_change(self, event: Any) -> None:
        if not self._is_hearing:
            self._unsent.append(event.update)
