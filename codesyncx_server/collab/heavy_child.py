"""The process that `heavy` starts; ends after one piece of work."""

from __future__ import annotations

import os
import sys

from codesyncx_server.collab.heavy import read_content, read_updates, write_records
from codesyncx_server.collab.merge import merge_disk_change
from codesyncx_server.collab.snapshots import condense

_OUT = 1


def main(task: str, descriptor: int, count: int, rest: str) -> None:
    """Do the work; the answer goes to the standard output."""
    if task == "merge":
        content = read_content(iter(sys.stdin.buffer), rest)
        change = merge_disk_change(read_updates(descriptor, count), content, rest)
        with os.fdopen(_OUT, "wb", closefd=False) as out:
            out.write(change or b"")
    else:
        saved = int(rest)
        change = sys.stdin.buffer.read()
        updates = read_updates(descriptor, count)
        write_records(_OUT, condense(updates, None if saved < 0 else saved, change))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
