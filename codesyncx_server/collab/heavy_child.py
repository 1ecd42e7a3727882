"""The process that `heavy` starts; ends after one piece of work."""

from __future__ import annotations

import os
import sys

from jupyter_ydoc import ydocs

from codesyncx_server.collab.convergence import make_one
from codesyncx_server.collab.heavy import SAME, read_content, read_updates, write_records
from codesyncx_server.collab.merge import merge_disk_change
from codesyncx_server.collab.snapshots import condense

_OUT = 1


def main(task: str, descriptor: int, count: int, rest: str) -> None:
    """Do the work; the answer goes to the standard output."""
    if task == "merge":
        content = read_content(iter(sys.stdin.buffer), rest)
        _say(merge_disk_change(read_updates(descriptor, count), content, rest) or b"")
    elif task == "compare":
        is_same = make_one(ydocs.get(rest, ydocs["file"]), read_updates(descriptor, count))
        _say(SAME if is_same else b"")
    else:
        saved = int(rest)
        change = sys.stdin.buffer.read()
        updates = read_updates(descriptor, count)
        write_records(_OUT, condense(updates, None if saved < 0 else saved, change))


def _say(answer: bytes) -> None:
    with os.fdopen(_OUT, "wb", closefd=False) as out:
        out.write(answer)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
