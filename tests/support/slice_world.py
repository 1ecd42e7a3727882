"""A text with a range, its room and the room of the slice, without a server."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from pycrdt import Doc, Text, create_update_message
from support.wires import split_frames

from codesyncx_server.collab import protocol, spans
from codesyncx_server.collab.engine import Engine
from codesyncx_server.collab.range_tracker import RangeTracker
from codesyncx_server.collab.rights import Rights
from codesyncx_server.collab.session import Member, Session
from codesyncx_server.collab.slice_engine import SliceEngine, lost
from codesyncx_server.collab.slice_mirror import TextSlice
from codesyncx_server.collab.spans import Hand
from codesyncx_server.errors import (
    CodeSyncXError,
    StorageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable


RANGE = "r1"
SECRET = "§hidden§"
START = f"{SECRET}\n{SECRET} é\nfirst\nzwei é🌍\nthird\n{SECRET}\n🌍{SECRET}"
LINES = (2, 4)


class Wire:
    """Keeps what a client is sent, to be read whenever it gets to it."""

    waiting_bytes = 0

    def __init__(self) -> None:
        self.inbox: deque[bytes] = deque()
        self.frames: list[bytes] = []
        self.error: CodeSyncXError | None = None

    def send(self, frames: bytes) -> None:
        self.frames.append(frames)
        self.inbox.extend(split_frames(frames))

    def close(self, error: CodeSyncXError) -> None:
        self.error = error


class Client:
    """A browser: a copy of a document, and edits on their way."""

    def __init__(
        self,
        engine: Engine,
        username: str,
        *,
        may_edit: bool = True,
        client_id: int | None = None,
    ) -> None:
        self.engine = engine
        self.wire = Wire()
        may_edit_all = may_edit and not isinstance(engine, SliceEngine)
        rights = Rights(may_edit=may_edit_all, open=frozenset({RANGE, "r2"} if may_edit else ()))
        self.session = Session(Member(username, username.title()), self.wire, rights=rights)
        self.doc: Doc[Any] = Doc(client_id=client_id)
        self.text = self.doc.get("source", type=Text)
        self.outbox: deque[bytes] = deque()
        self.is_hearing = False
        self.subscription = self.doc.observe(self._on_change)
        engine.join(self.session)
        engine.receive(self.session, protocol.StateVector(self.doc.get_state()))
        self.hear_all()

    def _on_change(self, event: Any) -> None:
        if not self.is_hearing and event.update != b"\x00\x00":
            self.outbox.append(event.update)

    def send_one(self) -> None:
        if self.outbox:
            update = self.outbox.popleft()
            message = protocol.decode(create_update_message(update))
            try:
                self.engine.receive(self.session, message)
            except CodeSyncXError as error:
                self.session.close(error)

    def hear_one(self) -> None:
        if not self.wire.inbox:
            return
        message = protocol.decode(self.wire.inbox.popleft())
        if isinstance(message, protocol.StateVector):
            answer = protocol.Update(self.doc.get_update(message.state), is_answer=True)
            self.engine.receive(self.session, answer)
        elif isinstance(message, protocol.Update):
            self.is_hearing = True
            try:
                self.doc.apply_update(message.update)
            finally:
                self.is_hearing = False

    def hear_all(self) -> None:
        while self.wire.inbox:
            self.hear_one()

    def replace(self, at: int, deleted: int, inserted: str) -> None:
        """Edit by characters, as people do."""
        content = str(self.text)
        start = min(at, len(content))
        stop = min(start + deleted, len(content))
        first, last = (len(content[:place].encode()) for place in (start, stop))
        with self.doc.transaction():
            if first < last:
                del self.text[first:last]
            if inserted:
                self.text.insert(first, inserted)

    def leave(self) -> None:
        self.doc.unobserve(self.subscription)


class Journal:
    """What the whole document's log would hold."""

    def __init__(self) -> None:
        self.updates: list[bytes] = []
        self.authors: dict[int, str] = {}
        self.is_full = False

    def append_update(self, update: bytes) -> None:
        if self.is_full:
            raise StorageError("The disk is full.")
        self.updates.append(update)

    def append_author(self, client_id: int, username: str, name: str) -> None:
        assert name
        self.authors[client_id] = username


class World:
    """A text with a range, its room and the room of the slice."""

    def __init__(self, content: str = START, lines: tuple[int, int] = LINES) -> None:
        self.due: deque[Callable[[], None]] = deque()
        self.doc: Doc[Any] = Doc()
        self.text = self.doc.get("source", type=Text)
        self.text += f"gone {SECRET}"
        self.text.clear()
        self.text += content
        self.journal = Journal()
        self.core = Engine(self.doc, self._schedule, lambda: 0.0, journal=self.journal)
        self.tracker = RangeTracker(self.text, lambda _range_id: Hand.EDITOR)
        self.clients: list[Client] = []
        span = spans.span_of_lines(self.tracker.buffer, *lines)
        assert span is not None
        self.tracker.add(RANGE, span)
        self.ended = 0
        self.slice = self.open_slice()

    def open_slice(self, range_id: str = RANGE) -> SliceEngine:
        self.part = TextSlice(self.tracker, range_id, lambda: self.slice.end(lost()))
        return SliceEngine(self.core, self.part, self._schedule, lambda: 0.0, self._on_end)

    def enter(self, engine: Engine, username: str, **facts: Any) -> Client:
        client = Client(engine, username, **facts)
        self.clients.append(client)
        return client

    @property
    def span(self) -> tuple[str, str, str]:
        """What is before, in and after the range."""
        start, end = self.tracker.spans[RANGE]
        whole = str(self.text).encode()
        return whole[:start].decode(), whole[start:end].decode(), whole[end:].decode()

    def run(self) -> None:
        while self.due:
            self.due.popleft()()

    def settle(self) -> None:
        """Let everything reach everyone."""
        while any(client.outbox for client in self.clients):
            for client in self.clients:
                client.send_one()
        self.run()
        for client in self.clients:
            client.hear_all()

    def close(self) -> None:
        for client in self.clients:
            client.leave()
        self.slice.close()
        self.tracker.close()
        self.core.close()

    def _schedule(self, _delay_s: float, callback: Callable[[], None]) -> None:
        self.due.append(callback)

    def _on_end(self) -> None:
        self.ended += 1
