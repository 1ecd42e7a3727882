"""The durable log of a document: every update, in the order it was applied.

An append is one `write` to the page cache, so what was appended survives the death of this
process; a `Syncer` thread flushes to the disk at most every 100 ms against a power cut.

Saving the file takes two markers, because the process may die between replacing the file and
saying so: `append_saving` right before, `append_saved` right after. `Replay.find_saved` then tells
which version the file on disk is, and `Replay.base` from which version somebody else changed it.

Positions count updates. They are those of the open log: a compaction doesn't move them, only the
next `open` counts anew.

All methods of `DocumentLog` may be called from any thread; `open`, `replay` and `compact` take as
long as the disk does and belong in a worker thread.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from codesyncx_server.errors import StorageError

from . import heavy
from .log_files import (
    damaged_path,
    read_range,
    storage_error,
    sync_folder,
    write_all,
    write_file,
)
from .log_syncer import shared_syncer
from .records import (
    FORMAT_VERSION,
    HEADER_SIZE,
    Header,
    Record,
    RecordType,
    Saved,
    decode_header,
    decode_saved,
    encode_header,
    encode_record,
    encode_saved,
    parse_records,
)
from .replay import Author, Replay, decode_author, encode_author, paths_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .log_syncer import Syncer

_SavedOrNone = TypeVar("_SavedOrNone", Saved, Saved | None)

logger = logging.getLogger(__name__)

_fdatasync = getattr(os, "fdatasync", os.fsync)  # macOS has only fsync


class Mark(NamedTuple):
    """A point in a log: so many updates, so many bytes, and what was saved by then.

    And the paths that the updates up to it may name, the last of them as `path`.
    """

    position: int
    offset: int
    saved: Saved | None
    paths: frozenset[str] | None
    path: str | None


class DocumentLog:
    """An open log; get one from `DocumentLog.open` or `LogFolder.open`."""

    def __init__(self, path: Path, key: str, lineage: str, descriptor: int, syncer: Syncer) -> None:
        self.path = path
        self.key = key
        self.lineage = lineage
        self.repaired = False
        self._descriptor = descriptor
        self._syncer = syncer
        self._lock = threading.RLock()
        self._compacting = threading.Lock()
        self._authors: dict[int, Author] = {}
        self._position = 0
        self._shift = 0  # a position here minus the same position in the file
        self._floor = 0  # the first position that the file can still tell from earlier ones
        self._size = 0
        self._saved: Saved | None = None
        self._saving: Saved | None = None
        self._is_dirty = False
        self._is_closed = False
        self._has_torn_tail = False
        self._failure: str | None = None
        self._parsed: list[Record] | None = None
        self._paths: frozenset[str] | None = frozenset()
        self._path: str | None = None

    @classmethod
    def open(cls, path: Path, key: str, syncer: Syncer | None = None) -> DocumentLog:
        """Open the log at `path`, or begin one with a lineage of its own.

        What can't be read is moved to a file beside it named `.damaged-<time>`; what stands before
        it is kept.
        """
        try:
            return cls._open(path, key, syncer or shared_syncer)
        except OSError as error:
            raise storage_error("open", error) from error

    @classmethod
    def _open(cls, path: Path, key: str, syncer: Syncer) -> DocumentLog:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
        header = decode_header(data)
        is_headless = header is None and bool(data)
        if header is None:
            if data:
                path.replace(damaged_path(path))
                logger.warning("The log %s had no sound header; it was moved aside", path)
            header = Header(FORMAT_VERSION, secrets.token_hex(16))
            data = _begin(header.lineage, key)
            write_file(path, [data])
        elif header.version != FORMAT_VERSION:
            age = "a newer" if header.version > FORMAT_VERSION else "an older"
            raise StorageError(
                f"This document's log was written by {age} CodeSyncX (format {header.version}, "
                f"this one reads {FORMAT_VERSION}): {path.name}"
            )
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        log = cls(path, key, header.lineage, descriptor, syncer)
        log.repaired = is_headless
        try:
            log._read(data)
        except BaseException:
            os.close(descriptor)
            raise
        return log

    def _read(self, data: bytes) -> None:
        parsed = parse_records(data, HEADER_SIZE)
        self._size = parsed.good_length
        if parsed.is_damaged:
            aside = damaged_path(self.path)
            write_file(aside, [data[parsed.good_length :]])
            os.ftruncate(self._descriptor, parsed.good_length)
            self.repaired = True
            logger.warning(
                "The last %d bytes of the log %s can't be read; they were moved to %s",
                len(data) - parsed.good_length,
                self.path,
                aside.name,
            )
        self._parsed = parsed.records
        self._paths = paths_in(parsed.records)
        for record in parsed.records:
            if record.type == RecordType.UPDATE:
                self._position += 1
            elif record.type == RecordType.AUTHOR:
                client_id, author = decode_author(record.payload)
                self._authors[client_id] = author
            elif record.type == RecordType.SAVING:
                self._saving = decode_saved(record.payload)
            elif record.type == RecordType.SAVED:
                self._saved, self._saving = decode_saved(record.payload), None
            elif record.type == RecordType.PATH:
                self._path = record.payload.decode()

    @property
    def position(self) -> int:
        """How many updates the log holds."""
        return self._position

    @property
    def size(self) -> int:
        """How many bytes the log takes on disk."""
        return self._size

    @property
    def saved(self) -> Saved | None:
        """The last version known to be on disk."""
        return self._saved

    @property
    def is_saving(self) -> bool:
        """A save was announced and not yet confirmed or given up."""
        return self._saving is not None

    def mark(self) -> Mark:
        """Remember this point for `compact`; ValueError while `is_saving`."""
        with self._lock:
            if self._saving is not None:
                raise ValueError("a save is in flight: compact when it is done")
            return Mark(self._position, self._size, self._saved, self._paths, self._path)

    def append_update(self, update: bytes) -> None:
        """Keep an update; on return it survives the death of this process."""
        with self._lock:
            self._append(encode_record(RecordType.UPDATE, update))
            self._position += 1

    def append_author(self, client_id: int, username: str, name: str) -> None:
        """Keep whom a client id belongs to; again only if it changed."""
        author = Author(username, name)
        with self._lock:
            if self._authors.get(client_id) == author:
                return
            self._append(encode_author(client_id, author))
            self._authors[client_id] = author

    def append_path(self, path: str) -> None:
        """Keep that the updates from now on may name this path; again only if it changed."""
        with self._lock:
            if self._path == path:
                return
            self._append(encode_record(RecordType.PATH, path.encode()))
            self._path = path
            if self._paths is not None and (self._paths or not self._position):
                self._paths |= {path}
            else:
                self._paths = None

    def append_saving(self, sha256_hex: str, position: int) -> None:
        """Announce that the file is about to be replaced by the state after `position` updates."""
        with self._lock:
            self._append_marker(RecordType.SAVING, sha256_hex, position)
            self._saving = Saved(sha256_hex, position)

    def append_saved(self, sha256_hex: str, position: int) -> None:
        """Confirm that the file holds the state after `position` updates.

        After a save that failed, repeat the marker of the last one that didn't.
        """
        with self._lock:
            self._append_marker(RecordType.SAVED, sha256_hex, position)
            self._saved, self._saving = Saved(sha256_hex, position), None

    def replay(self) -> Replay:
        """Read the whole log back; positions in it count its own updates."""
        with self._lock:
            parsed, self._parsed = self._parsed, None
            authors = dict(self._authors)
            saved, saving = self._in_file(self._saved), self._in_file(self._saving)
            paths = self._paths
            end = self._size
            descriptor = os.dup(self._descriptor) if parsed is None else -1
        if parsed is None:  # appends go on while a large log is read
            try:
                data = read_range(descriptor, HEADER_SIZE, end)
            except OSError as error:
                raise storage_error("read", error) from error
            finally:
                os.close(descriptor)
            parsed = parse_records(data).records
        updates = [payload for kind, payload in parsed if kind == RecordType.UPDATE]
        return Replay(updates, authors, saved, saving, paths)

    def merge(self, count: int, content: Any, file_type: str) -> bytes | None:
        """Do `merge_disk_change` on the first `count` updates of the file, in a child process."""
        with self._lock:
            self._check_open()
            descriptor = os.dup(self._descriptor)
        try:
            return heavy.merge(descriptor, count, content, file_type)
        finally:
            os.close(descriptor)

    def is_one(self, file_type: str) -> bool:
        """Whether the updates make the same one by one and in one piece; in a child process."""
        with self._lock:
            self._check_open()
            descriptor = os.dup(self._descriptor)
            count = self._position - self._shift
        try:
            return heavy.is_one(descriptor, count, file_type)
        finally:
            os.close(descriptor)

    def compact(
        self, snapshot: bytes, saved_snapshot: bytes | None = None, mark: Mark | None = None
    ) -> None:
        """Replace the updates up to `mark` (default: all) by fewer that say the same.

        When the last saved version covers all of them (or there is none), `snapshot` is the whole
        state. When updates follow it, `saved_snapshot` is the saved state and `snapshot` what
        carries it on to the mark: so the saved state can still be rebuilt, and a change on disk be
        told from unsaved typing.

        Take `mark` in the same turn of the loop as the snapshots; appends may go on meanwhile. A
        save whose position lies before the mark and that wasn't announced yet will be refused.
        """
        mark = mark or self.mark()
        saved = mark.saved
        if saved is not None and saved_snapshot is None and saved.position != mark.position:
            raise ValueError("updates follow the last saved one: pass saved_snapshot too")
        updates = [snapshot] if saved_snapshot is None else [saved_snapshot, snapshot]

        def write(_source: int, target: int) -> int:
            heavy.write_records(target, updates)
            return len(updates)

        # What is whole names only where the file is now; the saved state may be of earlier.
        is_whole = saved_snapshot is None and mark.path is not None
        self._compact(write, mark, frozenset({mark.path or ""}) if is_whole else mark.paths)

    def condense(self, mark: Mark, change: bytes = b"") -> None:
        """Do the same for a large document: a child process makes the snapshots from the log.

        `change` was made on the saved version of `mark`, and belongs to it from now on.
        """
        saved = self._in_file(mark.saved)
        count = mark.position - self._shift
        split = None if saved is None or (saved.position == count and not change) else saved

        def write(source: int, target: int) -> int:
            position = None if split is None else split.position
            return heavy.write_condensed(source, count, position, change, target)

        is_whole = split is None and mark.path is not None
        self._compact(write, mark, frozenset({mark.path or ""}) if is_whole else mark.paths)

    def _compact(
        self, write: Callable[[int, int], int], mark: Mark, paths: frozenset[str] | None
    ) -> None:
        with self._compacting:
            try:
                self._replace(write, mark, paths)
            except OSError as error:
                raise storage_error("compact", error) from error

    def _replace(
        self, write: Callable[[int, int], int], mark: Mark, paths: frozenset[str] | None
    ) -> None:
        with self._lock:
            self._check_open()
            authors = dict(self._authors)
        parts = [_begin(self.lineage, self.key)]
        parts += [encode_author(client_id, author) for client_id, author in authors.items()]
        # The last of them is the present one.
        ordered = sorted(paths or (), key=lambda path: path == mark.path)
        parts += [encode_record(RecordType.PATH, path.encode()) for path in ordered]
        fresh_path = self.path.with_name(f"{self.path.name}.new")
        write_file(fresh_path, parts)
        fresh = os.open(fresh_path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        try:
            # Nobody else replaces the descriptor meanwhile: `_compacting` is held.
            count = write(self._descriptor, fresh)
            if mark.saved is not None:
                marker = encode_saved(Saved(mark.saved.sha256, 1))
                write_all(fresh, encode_record(RecordType.SAVED, marker))
            copied = self._copy_tail(fresh, mark.offset, mark.position, count)
            os.fsync(fresh)
            with self._lock:  # what arrived during that flush is little and not yet promised
                self._check_open()
                self._copy_tail(fresh, copied, mark.position, count)
                size = os.fstat(fresh).st_size
                fresh_path.replace(self.path)
                fresh, self._descriptor = self._descriptor, fresh
                self._size = size
                self._shift = mark.position - count
                self._floor = mark.position
                self._parsed = None
                later = frozenset() if self._path in (None, mark.path) else {self._path}
                self._paths = None if paths is None else paths | later
                self._has_torn_tail = False
                self._touch()
        finally:
            os.close(fresh)
            with contextlib.suppress(FileNotFoundError):
                fresh_path.unlink()
        sync_folder(self.path.parent)

    def _copy_tail(self, target: int, start: int, position: int, count: int) -> int:
        """Copy the records from `start` on, as if `position` updates before them were `count`."""
        with self._lock:
            end = self._size
            data = read_range(self._descriptor, start, end)
            position -= self._shift
        parts = []
        for kind, payload in parse_records(data).records:
            moved = payload
            if kind in (RecordType.SAVING, RecordType.SAVED):
                saved = decode_saved(payload)
                # Only the last saved version is told from what came before the mark.
                place = 1 if saved.position < position else saved.position - position + count
                moved = encode_saved(Saved(saved.sha256, place))
            parts.append(encode_record(kind, moved))
        write_all(target, b"".join(parts))
        return end

    def sync(self) -> None:
        """Flush to the disk what was appended so far."""
        with self._lock:
            if self._is_closed and not self._is_dirty:
                return
            self._is_dirty = False
            is_last = self._is_closed
            descriptor = self._descriptor if is_last else os.dup(self._descriptor)
        try:
            _fdatasync(descriptor)
        except OSError as error:
            # The kernel forgets such pages: nothing after this may be called safe.
            self._failure = str(storage_error("flush", error))
            logger.exception("The log %s couldn't be flushed", self.path)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """End appending; the last flush is the syncer's. Closing twice is fine."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._parsed = None
            if not self._is_dirty:
                os.close(self._descriptor)

    def _append_marker(self, kind: RecordType, sha256_hex: str, position: int) -> None:
        if not 0 <= position <= self._position:
            raise ValueError(f"{position} isn't among the {self._position} updates of this log")
        if position < self._floor and (self._saved is None or position != self._saved.position):
            raise StorageError("The log was compacted during this save; save again.")
        marker = self._in_file(Saved(sha256_hex, position))
        self._append(encode_record(kind, encode_saved(marker)))

    def _in_file(self, saved: _SavedOrNone) -> _SavedOrNone:
        if saved is None:
            return None
        place = saved.position - self._shift if saved.position >= self._floor else 1
        return Saved(saved.sha256, place)

    def _check_open(self) -> None:
        if self._is_closed:
            raise StorageError("This document's log is closed.")
        if self._failure is not None:
            raise StorageError(self._failure)

    def _append(self, record: bytes) -> None:
        self._check_open()
        try:
            if self._has_torn_tail:
                self._cut_torn_tail()
            written = os.write(self._descriptor, record)
            if written != len(record):  # the disk filled up, or the process' file size limit
                self._has_torn_tail = True
                write_all(self._descriptor, record[written:])
                self._has_torn_tail = False
        except OSError as error:
            self._has_torn_tail = True
            with contextlib.suppress(OSError):
                self._cut_torn_tail()
            raise storage_error("write", error) from error
        self._size += len(record)
        self._parsed = None
        self._touch()

    def _cut_torn_tail(self) -> None:
        os.ftruncate(self._descriptor, self._size)
        self._has_torn_tail = False

    def _touch(self) -> None:
        if not self._is_dirty:
            self._is_dirty = True
            self._syncer.add(self)


def _begin(lineage: str, key: str) -> bytes:
    return encode_header(lineage) + encode_record(RecordType.KEY, key.encode())
