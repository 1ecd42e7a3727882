"""Which of a document's versions a file on disk was made from, when a crash left two to choose."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jupyter_ydoc import ydocs
from pycrdt import Doc

from .textdiff import edits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .records import Saved
    from .replay import Replay


def likely_base(replay: Replay, content: Any, file_type: str) -> Saved:
    """Tell which version somebody changed into `content`; ValueError when there never was any.

    A server that died while it saved doesn't know whether the version before is on the disk or the
    one that it had announced. Taken for the wrong one, what was typed between the two would be
    undone or come twice; so it is the one that less was changed of. Takes its time: call it in a
    worker thread.
    """
    versions = [version for version in (replay.saved, replay.saving) if version is not None]
    if len(versions) == 1:
        return versions[0]
    mine = _written(content)

    def distance(version: Saved) -> int:
        return _distance(_text_of(replay.updates[: version.position], file_type), mine)

    return min(versions, key=distance)


def _text_of(updates: Sequence[bytes], file_type: str) -> str:
    doc: Doc[Any] = Doc()
    for update in updates:
        doc.apply_update(update)
    return _written(ydocs.get(file_type, ydocs["file"])(doc).get())


def _written(content: Any) -> str:
    if isinstance(content, str):
        return content
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, default=str)


def _distance(old: str, new: str) -> int:
    return sum(edit.delete_len + len(edit.insert.encode()) for edit in edits(old, new))
