"""The heart of a room: takes messages in, keeps what they bring, and tells everyone.

It knows no socket and no clock: `schedule` calls back soon, `now` tells the time. The way of an
edit: decode, check that it stands on its own and is its sender's to make, judge it, apply it; what
changed in the document, whoever changed it, is put on the journal and only then sent to everybody,
its author included, for whom it is the acknowledgement.
"""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from pycrdt import merge_updates

from .. import updates
from ..errors import (
    CodeSyncXError,
    InvalidRequestError,
    RefusedError,
    StorageError,
)
from . import protocol
from .awareness import RoomAwareness
from .session import (
    ENOUGH_READ_BYTES,
    MAX_EARLY_BYTES,
    MAX_LAG_S,
    MAX_WAITING_BYTES,
    Lag,
    Session,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from pycrdt import Doc, TransactionEvent

    from .replay import Author
    from .session import Member
    from .trust import NotebookTrust

logger = logging.getLogger(__name__)

# Reading where each client is from the document costs less than following an update this large.
_LARGE_UPDATE_BYTES = 256_000
_LAG_CHECK_S = 0.1
NO_UPDATE = b"\x00\x00"
_EMPTY_STATE = b"\x00"
_MAX_DELAY_S = 0.02
_DELAY_S_PER_LISTENER = 0.00008
_FEW_LISTENERS = 12
_MAX_CLIENT_ID = 2**53 - 1


class SlowConsumerError(CodeSyncXError):
    """A client that doesn't read what it is sent."""

    code = "slow_consumer"
    http_status = 408
    close_code = 4408


class Journal(Protocol):
    """Where updates are kept; both raise StorageError."""

    def append_update(self, update: bytes) -> None: ...
    def append_author(self, client_id: int, username: str, name: str) -> None: ...


class Judge(Protocol):
    """Decides what who may change in the document."""

    def admit(self, session: Session, update: bytes, decoded: updates.Update) -> None:
        """Return when the session's person may make this change; RefusedError when not."""

    def follow(self, update: bytes) -> None:
        """Hear of every update that was applied, judged or not."""

    def settle(self) -> None:
        """Hear that what was admitted last is applied, or never will be."""


class Library(Protocol):
    """Has the whole of a large document, without the document having to be asked."""

    @property
    def is_large(self) -> bool:
        """Whether writing the whole document down would hold up everybody."""

    def fetch(self, done: Callable[[list[bytes] | None], None]) -> None:
        """Get frames that bring all that is on the journal now; None when they can't be had."""


class Schedule(Protocol):
    """Calls back after so many seconds, 0 for soon."""

    def __call__(self, delay_s: float, callback: Callable[[], None]) -> object: ...


class Observer(Protocol):
    """Hears what an engine does, for metrics and for saving."""

    def on_edit(self, username: str) -> None: ...
    def on_flush(self, update_count: int, byte_count: int, listeners: int) -> None: ...
    def on_failure(self, error: StorageError) -> None: ...


class Engine:
    """A document and everyone connected to it."""

    def __init__(
        self,
        doc: Doc[Any],
        schedule: Schedule,
        now: Callable[[], float],
        *,
        journal: Journal | None = None,
        authors: Mapping[int, Author] | None = None,
        judge: Judge | None = None,
        observer: Observer | None = None,
        library: Library | None = None,
        trust: NotebookTrust | None = None,
    ) -> None:
        self.doc = doc
        self.sessions: set[Session] = set()
        self.awareness = RoomAwareness(doc, self._schedule_flush)
        self.failure: StorageError | None = None
        self.writer: Session | None = None
        self.was_writer_away = False
        self._schedule = schedule
        self._now = now
        self._journal = journal
        self._owners = {client: author.username for client, author in (authors or {}).items()}
        self._judge = judge
        self._observer = observer
        self._library = library
        self._trust = trust
        self._waiting: list[Session] = []
        self._pending: list[bytes] = []
        self._is_scheduled = False
        self._is_checking_lag = False
        self._is_applying = False
        self._clocks: updates.Clock | None = None
        self._whole: bytes | None = None
        self._subscription = doc.observe(self._on_transaction)

    def remember_whole(self, update: bytes) -> None:
        """Take an update that brings the whole document as it is now, ready for who joins."""
        self._whole = update

    def close(self) -> None:
        """Keep what is pending and let go of the document."""
        self.flush()
        self.doc.unobserve(self._subscription)

    # -- connections ----------------------------------------------------------------------------

    def join(self, session: Session, *, has: bytes | None = None) -> None:
        """Let a client in: ask what it has, tell it who is here, and what's new since `has`.

        That is the state vector of what it was sent before.
        """
        self._check_alive()
        self.flush()
        self.sessions.add(session)
        if has is not None:
            session.wire.send(protocol.frame(protocol.sync_update(self.doc.get_update(has))))
        greeting = protocol.frame(protocol.sync_step1(self.doc.get_state()))
        everyone = self.awareness.everyone(session)
        if everyone is not None:
            greeting += protocol.frame(everyone)
        session.wire.send(greeting)

    def leave(self, session: Session) -> None:
        """Let a client go, and tell the others."""
        session.is_closed = True
        self.sessions.discard(session)
        self.awareness.release(session)

    def disconnect_all(self, error: CodeSyncXError) -> None:
        """End every connection with one reason."""
        for session in list(self.sessions):
            session.close(error)

    # -- messages -------------------------------------------------------------------------------

    def receive(self, session: Session, message: protocol.Message) -> None:
        """Take in a message; a CodeSyncXError says why its sender can't stay connected."""
        if session.is_closed:
            return
        match message:
            case protocol.Update(update):
                self.take_decoded(session, message, updates.read_update(update))
            case protocol.AwarenessStates(entries):
                self.awareness.take(session, entries)
            case protocol.StateVector(state):
                self._answer(session, state)
            case protocol.AwarenessQuery():
                everyone = self.awareness.everyone(session)
                if everyone is not None:
                    self._send(session, protocol.frame(everyone))
            case protocol.SaveRequest():
                raise InvalidRequestError("There is no file behind this document.")

    def apply_made(self, member: Member, update: bytes) -> None:
        """Make an edit that the server itself made in somebody's name, and so knows to be right."""
        self._check_alive()
        clocks = self._current_clocks()
        decoded = updates.read_update(update)
        self._claim(member, [client for client in decoded.structs if client not in self._owners])
        with self._trusting(is_trusted=False):
            self._apply(update)
        updates.advance(clocks, decoded)
        if self._observer is not None:
            self._observer.on_edit(member.username)

    def take_decoded(
        self, session: Session, message: protocol.Update, decoded: updates.Update
    ) -> None:
        """Take in an update that was decoded already (a large one, in a thread)."""
        if session.is_closed:
            return
        # What somebody brings along, or sends on top of it, they wrote before they were here.
        self.was_writer_away = message.is_answer
        try:
            if message.update != NO_UPDATE and not self._is_early(session, message, decoded):
                self._admit_and_apply(session, message.update, decoded)
            if message.is_answer:
                session.has_answered = True
                early, session.early = session.early, []
                for update in early:
                    self._admit_and_apply(session, update, updates.read_update(update))
        finally:
            self.was_writer_away = False

    def _is_early(
        self, session: Session, message: protocol.Update, decoded: updates.Update
    ) -> bool:
        """Keep what builds on edits that the client is about to send: it was asked for them."""
        if session.has_answered or message.is_answer:
            return False
        if not updates.missing(decoded, self._current_clocks()):
            return False
        session.early.append(message.update)
        if sum(map(len, session.early)) > MAX_EARLY_BYTES:
            raise InvalidRequestError("These edits build on others that the server doesn't have.")
        return True

    def _admit_and_apply(self, session: Session, update: bytes, decoded: updates.Update) -> None:
        self._check_alive()
        clocks = self._current_clocks()
        newcomers = self._admit(session, decoded, clocks)
        before = len(self._pending)
        self.writer = session
        try:
            if self._judge is not None:
                self._judge.admit(session, update, decoded)
            self._claim(session.member, newcomers)
            with self._trusting(is_trusted=session.rights.is_trusted):
                self._apply(update)
        finally:
            self.writer = None
            if self._judge is not None:
                self._judge.settle()
        if len(update) > _LARGE_UPDATE_BYTES:
            self._clocks = None
        else:
            updates.advance(clocks, decoded)
        if len(self._pending) > before and self._observer is not None:
            self._observer.on_edit(session.member.username)

    def _admit(self, session: Session, decoded: updates.Update, clocks: updates.Clock) -> list[int]:
        """Check that an update may be applied; gives the client ids it brings up first."""
        newcomers = []
        brings = False
        for client_id, run in decoded.structs.items():
            if not run or run[-1].clock + run[-1].length <= clocks.get(client_id, 0):
                continue  # known already: clients may repeat what they have
            brings = True
            owner = self._owners.get(client_id)
            if owner is None:
                self._check_free(client_id, clocks)
                newcomers.append(client_id)
            elif owner != session.member.username:
                raise RefusedError("These edits bear somebody else's mark.")
        if self._judge is None and not session.rights.may_edit:
            self._check_viewer(decoded, brings=brings)
        if updates.missing(decoded, clocks):
            raise InvalidRequestError("These edits build on others that the server doesn't have.")
        return newcomers

    def _check_free(self, client_id: int, clocks: updates.Clock) -> None:
        is_reserved = client_id == self.doc.client_id or client_id in clocks
        if is_reserved or not 0 < client_id <= _MAX_CLIENT_ID:
            raise RefusedError("These edits bear the server's mark.")

    def _check_viewer(self, decoded: updates.Update, *, brings: bool) -> None:
        """Let a viewer repeat what is known: an answer to a state vector holds all deletions."""
        known: dict[int, list[tuple[int, int]]] = {}
        own = updates.read_update(self.doc.get_update(self.doc.get_state()))
        for client_id, start, length in own.deletes:
            known.setdefault(client_id, []).append((start, start + length))
        for client_id, start, length in decoded.deletes:
            ranges = known.get(client_id, [])
            brings = brings or not any(a <= start and start + length <= b for a, b in ranges)
        if brings:
            raise RefusedError("You may read this document but not edit it.")

    def _claim(self, member: Member, client_ids: list[int]) -> None:
        for client_id in client_ids:
            if self._journal is not None:
                self._journal.append_author(client_id, member.username, member.name)
            self._owners[client_id] = member.username

    def _trusting(self, *, is_trusted: bool) -> AbstractContextManager[None]:
        return nullcontext() if is_trusted or self._trust is None else self._trust.taken()

    def _apply(self, update: bytes) -> None:
        self._is_applying = True
        try:
            self.doc.apply_update(update)
        except (ValueError, RuntimeError) as error:
            self._clocks = None
            raise InvalidRequestError("These edits can't be read.") from error
        finally:
            self._is_applying = False

    def _answer(self, session: Session, state: bytes) -> None:
        self.flush()
        if state == _EMPTY_STATE and self._library is not None and self._library.is_large:
            self._fetch(session, self._library)
            return
        if state == _EMPTY_STATE:
            update = self._whole = self._whole or self.doc.get_update()
        else:
            update = self._news_since(state)
        self._send(session, protocol.frame(protocol.sync_step2(update)))

    def _fetch(self, session: Session, library: Library) -> None:
        """Answer from the journal; who comes while it is being read waits for the same answer."""
        session.is_waiting = True
        self._waiting.append(session)
        if len(self._waiting) == 1:
            state = self.doc.get_state()
            library.fetch(lambda frames: self._bring(frames, state))

    def _bring(self, frames: list[bytes] | None, state: bytes) -> None:
        """Send what was fetched, then in the answer proper what isn't in there: all since."""
        waiting, self._waiting = self._waiting, []
        if self.failure is not None:
            return
        self.flush()
        rest = self.doc.get_update(_EMPTY_STATE if frames is None else state)
        end = protocol.frame(protocol.sync_step2(rest))
        for session in waiting:
            session.is_waiting = False
            if session.is_closed:
                continue
            session.lag = None
            for frame in frames or ():
                session.wire.send(frame)
            everyone = self.awareness.everyone(session)
            self._send(session, end if everyone is None else end + protocol.frame(everyone))

    def _news_since(self, state: bytes) -> bytes:
        try:
            return self.doc.get_update(state)
        except (ValueError, RuntimeError) as error:
            raise InvalidRequestError("The state vector can't be read.") from error

    def _current_clocks(self) -> updates.Clock:
        if self._clocks is None:
            self._clocks = updates.read_state(self.doc.get_state())
        return self._clocks

    # -- telling everyone -----------------------------------------------------------------------

    def _on_transaction(self, event: TransactionEvent) -> None:
        update = event.update
        if update == NO_UPDATE:
            return
        if not self._is_applying:
            self._clocks = None
        self._whole = None
        self._pending.append(update)
        if self._judge is not None:
            self._judge.follow(update)
        self._schedule_flush()

    def _schedule_flush(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self._schedule(flush_delay_s(len(self.sessions)), self._flush_scheduled)

    def _flush_scheduled(self) -> None:
        self._is_scheduled = False
        self.flush()

    def flush(self) -> None:
        """Keep what is new, then send it to everyone in one piece."""
        if self.failure is not None:
            return
        frames = b""
        if self._pending:
            pending, self._pending = self._pending, []
            update = pending[0] if len(pending) == 1 else merge_updates(*pending)
            if not self._keep(update):
                return
            frames = protocol.frame(protocol.sync_update(update))
            if self._observer is not None:
                self._observer.on_flush(len(pending), len(update), len(self.sessions))
        untold = self.awareness.untold
        told = self.awareness.drain()
        whole = frames if told is None else frames + protocol.frame(told)
        if not whole:
            return
        for session in self.sessions:
            if session.outlook is None or not untold:
                self._send(session, whole)
                continue
            seen = self.awareness.as_seen(untold, session)
            part = frames if seen is None else frames + protocol.frame(seen)
            if part:
                self._send(session, part)

    def _keep(self, update: bytes) -> bool:
        if self._journal is None:
            return True
        try:
            self._journal.append_update(update)
        except StorageError as error:
            self._fail(error)
            return False
        return True

    def _fail(self, error: StorageError) -> None:
        """Stop here: the document holds what isn't kept, so nobody may build on it."""
        logger.error("A document room had to close: %s", error)
        self.failure = error
        self.disconnect_all(error)
        if self._observer is not None:
            self._observer.on_failure(error)

    def _check_alive(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _send(self, session: Session, frames: bytes) -> None:
        if session.is_closed or session.is_waiting or session.lag is not None:
            return
        session.wire.send(frames)
        if session.wire.waiting_bytes > MAX_WAITING_BYTES:
            session.lag = Lag(self._now(), self.doc.get_state())
            self._schedule_lag_check()

    def _schedule_lag_check(self) -> None:
        if not self._is_checking_lag:
            self._is_checking_lag = True
            self._schedule(_LAG_CHECK_S, self._check_lags)

    def _check_lags(self) -> None:
        self._is_checking_lag = False
        for session in list(self.sessions):
            lag = session.lag
            if lag is None or session.is_closed:
                continue
            if session.wire.waiting_bytes <= ENOUGH_READ_BYTES:
                session.lag = None
                self._catch_up(session, lag)
            elif self._now() - lag.since > MAX_LAG_S:
                session.close(SlowConsumerError("Your browser didn't keep up with the others."))
        if any(session.lag is not None for session in self.sessions):
            self._schedule_lag_check()

    def _catch_up(self, session: Session, lag: Lag) -> None:
        self.flush()
        missed = protocol.frame(protocol.sync_update(self.doc.get_update(lag.state)))
        everyone = self.awareness.everyone(session)
        if everyone is not None:
            missed += protocol.frame(everyone)
        self._send(session, missed)


def flush_delay_s(listeners: int) -> float:
    """How long to gather edits before they go out: the more listeners, the more a frame costs."""
    if listeners <= _FEW_LISTENERS:
        return 0.0
    return min((listeners - _FEW_LISTENERS) * _DELAY_S_PER_LISTENER, _MAX_DELAY_S)
