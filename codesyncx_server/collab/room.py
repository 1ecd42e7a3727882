"""The room of one document: its engine, its log and its file, for our handlers and for others'.

It is a `DocumentRoom` to whoever uses jupyter_server_ydoc's Python API, but shares none of its
loading, saving and sending.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_server_ydoc.rooms import DocumentRoom
from jupyter_ydoc import YNotebook, ydocs
from pycrdt import Doc
from pycrdt.websocket import YRoom

from ..errors import (
    AccessUnavailableError,
    CodeSyncXError,
    InvalidRequestError,
    StorageError,
)
from ..events.bus import Event
from . import metrics, protocol
from .ancestry import likely_base
from .content_watch import ContentWatch
from .convergence import ConvergenceWatch
from .cursor_bridge import CursorBridge
from .document_ranges import DocumentRanges, kind_of
from .edit_judge import ChatEdits, EditJudge
from .engine import NO_UPDATE, Engine
from .heavy import LARGE_BYTES, is_large
from .lost_ranges import LostRanges
from .replay import Author, Replay
from .replayed import ReplayedHand
from .rights import hand_of, rights_in
from .saving import Saver
from .snapshots import condense, join_small
from .spans import Hand
from .trust import NotebookTrust

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping

    from ..access.model import Person
    from ..access.service import AccessService
    from ..events.bus import EventBus
    from .contents_file import Loaded
    from .disk import AnyDocumentFile
    from .edit_judge import ChatJudge
    from .log import DocumentLog
    from .rights import Rights

logger = logging.getLogger(__name__)

_FORMATS = frozenset({"text", "json", "base64"})
_EDIT_NOTICE_S = 60.0
_REPLAY_SLICE_S = 0.02
# jupyter_server_ydoc makes its copy in one go, and each step costs the more the more there are: 200
# take 20 ms, 50,000 took 52 s.
_TIMELINE_STEPS = 200
_MAX_ID_LENGTH = 200
_MOST_FRAMES = 200
_SAVE_PROBLEM = "save_problem"  # in the document's state: why its file can't be written or read


@dataclass(frozen=True, slots=True)
class RoomId:
    """What a document room is called: `format:type:file id`."""

    file_format: str
    file_type: str
    file_id: str

    @classmethod
    def parse(cls, text: str) -> RoomId:
        """Read a name; InvalidRequestError when it is none."""
        parts = text.split(":", 2)
        if len(parts) != 3 or len(text) > _MAX_ID_LENGTH or not all(parts):  # noqa: PLR2004
            raise InvalidRequestError("There is no such kind of document.")
        file_id = cls(*parts)
        if file_id.file_format not in _FORMATS:
            raise InvalidRequestError("There is no such kind of document.")
        return file_id

    def __str__(self) -> str:
        return f"{self.file_format}:{self.file_type}:{self.file_id}"


class Journal:
    """The log as the engine sees it; remembers the authors for the history."""

    def __init__(self, log: DocumentLog, authors: Mapping[int, Author]) -> None:
        self._log = log
        self.authors: dict[int, Author] = dict(authors)

    def append_update(self, update: bytes) -> None:
        with metrics.LOG_APPEND.time():
            self._log.append_update(update)

    def append_author(self, client_id: int, username: str, name: str) -> None:
        self._log.append_author(client_id, username, name)
        self.authors[client_id] = Author(username, name)


class LoggedUpdates:
    """The log as jupyter_server_ydoc's timeline reads it."""

    def __init__(self, log: DocumentLog) -> None:
        self._log = log

    async def read(self) -> AsyncIterator[tuple[bytes, bytes, float]]:
        """Give the last updates one by one, in front of them all earlier ones as one.

        Their times aren't kept, the history has them.
        """
        updates = await asyncio.to_thread(self._read)
        now = time.time()
        for update in updates:
            yield update, b"", now

    def _read(self) -> list[bytes]:
        updates = self._log.replay().updates
        earlier = updates[:-_TIMELINE_STEPS]
        return [*(condense(earlier) if earlier else ()), *updates[-_TIMELINE_STEPS:]]


class Dependant(Protocol):
    """What lives on an open document: a slice of it."""

    def end(self, error: CodeSyncXError) -> None:
        """Send everybody away: the document can't go on."""


class Room(DocumentRoom):
    """One open document. Make it with `Room(...)`, then await `load`."""

    def __init__(
        self,
        room_id: RoomId,
        file: AnyDocumentFile,
        log: DocumentLog,
        bus: EventBus,
        owns_path: Callable[[], bool],
        make_chat_judge: Callable[[Doc[Any]], ChatJudge] | None = None,
        access: AccessService | None = None,
        begin_anew: Callable[[Room], None] = lambda _room: None,
    ) -> None:
        YRoom.__init__(self, ready=True, log=logger, ydoc=Doc())
        self.id = room_id
        self._room_id = str(room_id)
        self._file_format, self._file_type = room_id.file_format, room_id.file_type
        self._file: Any = file
        self._bus = bus
        self._owns_path = owns_path
        self._make_chat_judge = make_chat_judge
        self._access = access
        self._begin_anew = begin_anew
        self._convergence: ConvergenceWatch | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._found: tuple[Replay, Loaded] | None = None  # from reading to being loaded
        self._replayed: ReplayedHand | None = None
        self.replayed_state = b""
        self._log_of_updates = log
        self.lineage = log.lineage
        self.ystore: Any = LoggedUpdates(log)
        self._document_load_progressively = False
        make_document = ydocs.get(room_id.file_type, ydocs["file"])
        self._make_document = make_document
        self._document = make_document(self.ydoc)
        self._watch: ContentWatch | None = None
        self.dependants: set[Dependant] = set()
        self._editors: set[str] = set()
        self._told_of: dict[str, float] = {}
        self._engine: Engine | None = None
        self._judge: EditJudge | ChatEdits | None = None
        self._saver: Saver | None = None
        self._cursors: CursorBridge | None = None
        self.ranges = DocumentRanges(
            self._document,
            kind_of(room_id.file_format, room_id.file_type),
            access,
            self._hand_of,
            LostRanges(access, bus, lambda: self.path).tell,
        )
        self._journal = Journal(log, {})
        self.started.set()

    # -- what other features ask ----------------------------------------------------------------

    @property
    def engine(self) -> Engine:
        """The room's heart; only once loaded."""
        if self._engine is None:
            raise StorageError("This document isn't loaded.")
        return self._engine

    @property
    def saver(self) -> Saver:
        """What keeps the file; only once loaded."""
        if self._saver is None:
            raise StorageError("This document isn't loaded.")
        return self._saver

    @property
    def is_used(self) -> bool:
        """Whether anybody is here, or in a slice of it."""
        return bool(self.engine.sessions or self.dependants)

    @property
    def path(self) -> str:
        """Where the file is, in the project."""
        return str(self._file.path)

    @property
    def authors(self) -> Mapping[int, Author]:
        """Whom each client id belongs to; one without an author is the disk's."""
        return self._journal.authors

    @property
    def is_unwritten(self) -> bool:
        """The log began a document and never finished it: it must begin anew."""
        return self._log_of_updates.position > 0 and self._log_of_updates.saved is None

    # -- life -----------------------------------------------------------------------------------

    async def read(self) -> None:
        """Read log and file, to be loaded soon; raises what's wrong with either."""
        self._found = await self._read()

    @property
    def first_answer(self) -> bytes | None:
        """Frames for whoever comes with nothing while this is being loaded: what the log says.

        They hold the document as of `replayed_state`; None when it has to be made first.
        """
        replay = Replay() if self._found is None else self._found[0]
        is_chat = self._make_chat_judge is not None  # it writes in its document when it is made
        if replay.base is None or is_chat or not 0 < len(replay.updates) <= _MOST_FRAMES:
            return None
        if replay.paths != frozenset({self.path}):  # it would tell what the file was called before
            return None
        if self._has_ranges():  # where they are browsers ask at once, and only the document knows
            return None
        *earlier, last = replay.updates
        frames = [protocol.frame_of_update(update) for update in earlier]
        return b"".join([*frames, protocol.frame(protocol.sync_step2(last))])

    async def load(self) -> None:
        """Bring log and file together; raises what's wrong with either."""
        log, file = self._log_of_updates, self._file
        replay, loaded = self._found or await self._read()
        self._expect_ranges()
        if log.position == 0:
            log.append_path(self.path)
        # A chat writes in its document when it is made. Without that on the log all that the
        # server writes after it hangs in the air for browsers once the log is read back.
        made = self.ydoc.get_update()
        await self._apply(replay)
        self.replayed_state = self.ydoc.get_state()
        if replay.base is not None:
            self.ranges.settle(is_final=False)
        self._journal = Journal(log, replay.authors)
        if made != NO_UPDATE:
            self._journal.append_update(made)
        is_in = replay.base is None and await self._fill_if_large(loaded)
        self._judge = judge = self._make_judge()
        loop = asyncio.get_running_loop()
        engine = Engine(
            self.ydoc,
            lambda delay_s, callback: (
                loop.call_later(delay_s, callback) if delay_s else loop.call_soon(callback)
            ),
            loop.time,
            journal=self._journal,
            authors=replay.authors,
            judge=judge,
            observer=self,
            library=self,
            trust=NotebookTrust(self.ydoc) if isinstance(self._document, YNotebook) else None,
        )
        self._engine, self.awareness = engine, engine.awareness
        if len(replay.updates) == 1 and not self.is_large and made == NO_UPDATE:
            engine.remember_whole(replay.updates[0])
        saver = Saver(
            self._document,
            file,
            self._file_type,
            log,
            engine,
            self._on_saved,
            self._owns_path,
            self._on_problem,
        )
        self._saver = saver
        found = replay.find_saved(loaded.sha256)
        if replay.base is None:
            await saver.take_content(loaded, is_in=is_in)
        elif found is None:
            base = await asyncio.to_thread(likely_base, replay, loaded.content, self._file_type)
            if log.is_saving:
                log.append_saved(base.sha256, base.position)
            await saver.reconcile(loaded, replay.updates[: base.position])
        else:
            log.append_saved(found.sha256, found.position)
            if found.position < len(replay.updates):
                saver.edited()
        self._found = None
        self.ranges.settle()
        self._describe()
        self._watch = ContentWatch(self.ydoc, saver.edited)
        saver.start()

    def abandon(self) -> None:
        """Let go of a room that couldn't be read or loaded."""
        self._log_of_updates.close()

    def bridge_cursors(self, range_id: str, part: Engine, judge: EditJudge) -> None:
        """Show those in a part of the text to those in all of it, and the other way round."""
        tracker, own_judge = self.ranges.tracker, self._judge
        if tracker is None or not isinstance(own_judge, EditJudge):
            return
        if self._cursors is None:
            later = asyncio.get_running_loop().call_later
            self._cursors = CursorBridge(self.engine.awareness, own_judge.order, tracker, later)
        self._cursors.add(range_id, part.awareness, judge.order)

    def end_cursors(self, range_id: str) -> None:
        """Take those in a part out of the others' sight, and the other way round."""
        if self._cursors is not None:
            self._cursors.remove(range_id)
            if not self._cursors.is_needed:
                self._cursors.close()
                self._cursors = None

    def send_away(self, error: CodeSyncXError) -> None:
        """End every connection to the document and its slices, with one reason."""
        self.engine.disconnect_all(error)
        for dependant in list(self.dependants):
            dependant.end(error)

    async def stop(self) -> None:
        """Save, make the log small and let go of everything."""
        if self._watch is not None:
            self._watch.stop()
        if self._saver is not None:
            await self._saver.stop()
        await self.ranges.close()
        if self._convergence is not None:
            self._convergence.close()
        if self._judge is not None:
            self._judge.close()
        engine = self._engine
        if engine is not None:
            engine.close()
            if self._saver is not None and engine.failure is None:
                try:
                    await self._saver.compact()
                except StorageError as error:
                    logger.warning("The log of %s stays as it is: %s", self.path, error)
        self._log_of_updates.close()

    def moved_to(self, path: str) -> None:
        """Follow the file; nobody is told before `settle_move`."""
        self._file.path = path

    def settle_move(self) -> None:
        """Tell the new path to those who may read the file there; the others are out."""
        if self._saver is None:
            return
        self.take_access()
        # A room that was stopped meanwhile, or has no disk any more, tells nobody.
        with contextlib.suppress(StorageError):
            self._describe()

    def take_access(self) -> None:
        """Take over who may do what now; who may not even read is out."""
        if self._access is None:
            return
        with contextlib.suppress(AccessUnavailableError):
            self.ranges.sync(self.path)
        for session in list(self.engine.sessions):
            if session.person is None:
                continue
            try:
                session.take(self.rights(session.person))
            except CodeSyncXError as error:
                session.close(error)

    def rights(self, person: Person) -> Rights:
        """Give what somebody may do here; raises why they may not even read."""
        return rights_in(self._access, person, self.path)

    # -- what the engine tells ------------------------------------------------------------------

    def on_edit(self, username: str) -> None:
        self._editors.add(username)
        if self._convergence is not None and self._convergence.is_needed:
            self._convergence.note()
        now = time.monotonic()
        if now - self._told_of.get(username, -_EDIT_NOTICE_S) >= _EDIT_NOTICE_S:
            self._told_of[username] = now
            self._publish("document.edited", username=username)

    def on_flush(self, update_count: int, byte_count: int, listeners: int) -> None:
        metrics.UPDATES.inc(update_count)
        metrics.UPDATE_BYTES.inc(byte_count)
        metrics.DELIVERIES.inc(update_count * listeners)

    def on_failure(self, error: StorageError) -> None:
        self.send_away(error)
        self._publish("document.failed", message=str(error))

    # -- what the engine asks -------------------------------------------------------------------

    @property
    def is_large(self) -> bool:
        return self._log_of_updates.size >= LARGE_BYTES

    def fetch(self, done: Callable[[list[bytes] | None], None]) -> None:
        self._spawn(self._fetch(done))

    async def _fetch(self, done: Callable[[list[bytes] | None], None]) -> None:
        try:
            frames = await asyncio.to_thread(self._read_frames)
        except StorageError:
            done(None)
        else:
            done(frames)

    def _read_frames(self) -> list[bytes]:
        replay = self._log_of_updates.replay()
        updates = replay.updates
        if replay.paths != frozenset({self.path}):
            updates = condense(updates)
        return [protocol.frame_of_update(update) for update in join_small(updates)]

    # -- the rest -------------------------------------------------------------------------------

    async def _read(self) -> tuple[Replay, Loaded]:
        replay = await asyncio.to_thread(self._log_of_updates.replay)
        return replay, await self._file.load()

    async def _apply(self, replay: Replay) -> None:
        updates: Iterator[bytes] = iter(replay.updates)
        self._replayed = replayed = ReplayedHand(self._access, self.path, replay.authors)
        until = time.monotonic() + _REPLAY_SLICE_S
        for update in updates:
            if self.ranges.tracker is not None:
                replayed.read(update)
            self.ydoc.apply_update(update)
            self.ranges.meet()
            if time.monotonic() > until:
                await asyncio.sleep(0)
                until = time.monotonic() + _REPLAY_SLICE_S

    async def _fill_if_large(self, loaded: Loaded) -> bool:
        """Fill a new document in one step, before anybody listens to what changes in it."""
        log = self._log_of_updates
        if not is_large(0, loaded.content):
            return False
        update = await asyncio.to_thread(log.merge, 0, loaded.content, self._file_type)
        if update is not None:
            await asyncio.to_thread(log.append_update, update)
            self.ydoc.apply_update(update)
        return True

    def _make_judge(self) -> EditJudge | ChatEdits:
        if self._make_chat_judge is not None:
            return ChatEdits(self._make_chat_judge(self.ydoc))
        self._convergence = ConvergenceWatch(
            self.ydoc, self._file_type, self._log_of_updates, self._on_split
        )
        return EditJudge(
            self.ydoc,
            self._make_document,
            self.ranges,
            self._convergence.note,
            foretell=self.ranges.foretell,
            in_background=self._in_background,
        )

    def _on_split(self) -> None:
        self._begin_anew(self)

    def _expect_ranges(self) -> None:
        if self._access is not None:
            # Without the database only the owner gets in; the ranges come when it is back.
            with contextlib.suppress(AccessUnavailableError):
                self.ranges.expect(self._access.ranges.of_path(self.path))

    def _has_ranges(self) -> bool:
        try:
            return self._access is not None and bool(self._access.ranges.of_path(self.path))
        except AccessUnavailableError:
            return True

    def _hand_of(self, range_id: str) -> Hand:
        if self._engine is None:
            return Hand.EDITOR if self._replayed is None else self._replayed.hand_of(range_id)
        writer = self._engine.writer
        if writer is None:
            return Hand.DISK
        hand = hand_of(writer.rights, range_id)
        return Hand.AWAY if hand is Hand.EDITOR and self._engine.was_writer_away else hand

    def _in_background(self, work: Callable[[], None], done: Callable[[], None]) -> None:
        async def do() -> None:
            await asyncio.to_thread(work)
            done()

        self._spawn(do())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _describe(self) -> None:
        """Write what the browsers look for in the document's state, where it isn't yet."""
        problem = "" if self._saver is None else self._saver.problem
        facts = {"path": self.path, "document_id": self._room_id, _SAVE_PROBLEM: problem or None}
        state = self._document.ystate
        self._log_of_updates.append_path(self.path)
        with self.ydoc.transaction():
            for key, value in facts.items():
                if state.get(key) != value:
                    state[key] = value

    def _on_saved(self, _sha256: str) -> None:
        usernames, self._editors = sorted(self._editors), set()
        self._publish(
            "document.saved",
            format=self._file_format,
            type=self._file_type,
            room_id=self._room_id,
            usernames=usernames,
            time=time.time(),
        )

    def _on_problem(self, _problem: str) -> None:
        """Have the browsers tell people what's wrong with the file, or that all is well again."""
        if self.engine.failure is None:
            self._describe()

    def _publish(self, topic: str, **facts: Any) -> None:
        data = {"path": self.path, "file_id": self.id.file_id, **facts}
        self._bus.publish(Event(topic, data))
