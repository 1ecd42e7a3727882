"""Work on large documents, in a process of its own.

pycrdt keeps the interpreter locked while it works, so a thread doesn't help: merging 20 MB there
would hold up everybody. A child process is started for each piece of such work, gets the document
from its log and says what came out. If it dies, the work is done in this process: later for
others, but done. All of it belongs in a worker thread.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from .merge import merge_disk_change
from .records import HEADER_SIZE, RecordType, encode_record, parse_records
from .snapshots import condense

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

logger = logging.getLogger(__name__)

#: From here on starting a process costs less than it spares the others.
LARGE_BYTES = 5_000_000
#: What the child says when a document is the same for all.
SAME = b"same"
_NOTEBOOK = "notebook"
_PIECE_BYTES = 1 << 18


def is_large(log_size: int, content: Any) -> bool:
    """Whether a document is worth a process: by its log, or by what is to come into it."""
    if log_size >= LARGE_BYTES:
        return True
    if isinstance(content, str):
        return len(content) >= LARGE_BYTES
    return isinstance(content, dict) and _weight(content) >= LARGE_BYTES


def _weight(value: Any) -> int:
    """Tell about how long JSON is, without writing it."""
    if isinstance(value, dict):
        return sum(map(_weight, value.values()))
    if isinstance(value, list):
        return sum(map(_weight, value))
    return len(value) if isinstance(value, str) else 1


class ChildDiedError(RuntimeError):
    """The child ended before its work did."""


def merge(descriptor: int, count: int, content: Any, file_type: str) -> bytes | None:
    """Do `merge_disk_change` on the first `count` updates of the log behind `descriptor`."""
    if isinstance(content, bytes):
        return merge_disk_change(read_updates(descriptor, count), content, file_type)
    try:
        lines = _lines(content, file_type)
        return _in_child("merge", [descriptor, count, file_type], lines) or None
    except ChildDiedError as error:
        logger.warning("A change on disk is merged in the server itself: %s", error)
        return merge_disk_change(read_updates(descriptor, count), content, file_type)


def is_one(descriptor: int, count: int, file_type: str) -> bool:
    """Do `make_one` on the first `count` updates of the log behind `descriptor`."""
    try:
        return _in_child("compare", [descriptor, count, file_type], iter(())) == SAME
    except ChildDiedError as error:
        logger.warning("Whether a document is the same for all can't be told: %s", error)
        return True


def write_condensed(
    descriptor: int, count: int, saved: int | None, change: bytes, target: int
) -> int:
    """Write fewer records that say what the first `count` updates do; gives how many.

    With `saved`, the first is the state after so many updates, and `change` on top of it.
    """
    start = os.lseek(target, 0, os.SEEK_END)
    arguments = [descriptor, count, -1 if saved is None else saved]
    try:
        _in_child("condense", arguments, iter([change]), target)
    except ChildDiedError as error:
        logger.warning("A log is made small in the server itself: %s", error)
        os.ftruncate(target, start)
        os.lseek(target, start, os.SEEK_SET)
        write_records(target, condense(read_updates(descriptor, count), saved, change))
    return 1 if saved is None else 2


def read_updates(descriptor: int, count: int) -> list[bytes]:
    """Read the first `count` updates of the log behind `descriptor`."""
    if count == 0:
        return []
    parts = []
    at = HEADER_SIZE
    while part := os.pread(descriptor, os.fstat(descriptor).st_size - at, at):
        parts.append(part)
        at += len(part)
    records = parse_records(b"".join(parts)).records
    return [record.payload for record in records if record.type == RecordType.UPDATE][:count]


def write_records(descriptor: int, updates: Sequence[bytes]) -> None:
    """Write updates as the log keeps them."""
    for update in updates:
        view = memoryview(encode_record(RecordType.UPDATE, update))
        while view:
            view = view[os.write(descriptor, view) :]


def read_content(lines: Iterator[bytes], file_type: str) -> Any:
    """Read back what was sent as lines."""
    content = json.loads(next(lines))
    if file_type == _NOTEBOOK:
        content["cells"] = [json.loads(line) for line in lines]
    return content


def _lines(content: Any, file_type: str) -> Iterator[bytes]:
    """Write content down cell by cell: in one go it would keep the interpreter locked."""
    parts = [content]
    if file_type == _NOTEBOOK:
        parts = [{**content, "cells": []}, *content["cells"]]
    for part in parts:
        yield json.dumps(part).encode() + b"\n"


def _in_child(
    task: str, arguments: Sequence[Any], data: Iterator[bytes], target: int | None = None
) -> bytes:
    descriptor = int(arguments[0])
    # Not where the server runs: what lies in the project is no module of ours (-P). A Ctrl-C in
    # the server's terminal is the server's alone.
    command = [sys.executable, "-P", "-m", "codesyncx_server.collab.heavy_child", task]
    with subprocess.Popen(  # noqa: S603 - our own module
        [*command, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if target is None else target,
        pass_fds=[descriptor],
        start_new_session=True,
    ) as child:
        if child.stdin is None:
            raise ChildDiedError("it has no input")
        with contextlib.suppress(BrokenPipeError):
            _feed(child.stdin.write, data)
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        answer = b"" if child.stdout is None else _read_all(child.stdout.fileno())
    if child.returncode != 0:
        raise ChildDiedError(f"the process ended with {child.returncode}")
    return answer


def _feed(write: Callable[[bytes], object], data: Iterator[bytes]) -> None:
    for part in data:
        write(part)


def _read_all(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, _PIECE_BYTES):
        parts.append(part)
    return b"".join(parts)
