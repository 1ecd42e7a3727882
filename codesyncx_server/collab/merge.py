"""Brings what somebody wrote to a file into its document, next to what people are typing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_ydoc import YNotebook, YUnicode, ydocs
from pycrdt import Doc, Map, Text

from .textdiff import apply_edits, edits

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOTHING = b"\x00\x00"


def merge_disk_change(base_updates: Sequence[bytes], content: Any, file_type: str) -> bytes | None:
    """Give the update that turns the document as it was saved into `content`; None if it is so.

    `base_updates` make up the document as it was saved. Applied to the live document, the update
    leaves alone what was typed since. Takes its time: call it in a worker thread.
    """
    shadow: Doc[Any] = Doc(allow_multithreading=True)
    document = ydocs.get(file_type, ydocs["file"])(shadow)
    for update in base_updates:
        shadow.apply_update(update)
    before = shadow.get_state()
    changes: list[bytes] = []
    subscription = shadow.observe(lambda event: changes.append(event.update))
    try:
        _set(document, content)
    finally:
        shadow.unobserve(subscription)
    if not any(change != _NOTHING for change in changes):
        return None
    update = shadow.get_update(before)
    return None if update == _NOTHING else update


def _set(document: Any, content: Any) -> None:
    if isinstance(document, YNotebook):
        _set_sources(document, content)
        document.set(content)
    elif isinstance(document, YUnicode):
        text = document.ydoc.get("source", type=Text)
        with document.ydoc.transaction():
            apply_edits(text, edits(str(text), content))
    else:
        document.set(content)


def _set_sources(document: YNotebook, content: Any) -> None:
    """Edit the sources of cells that stay; what YNotebook would do takes long for a long cell."""
    sources = {
        cell["id"]: (cell.get("cell_type"), cell.get("source", ""))
        for cell in content.get("cells", ())
        if "id" in cell
    }
    with document.ydoc.transaction():
        for cell in document.ycells:
            if not isinstance(cell, Map):
                continue
            cell_type, source = sources.get(cell.get("id"), (None, None))
            text = cell.get("source")
            if cell_type == cell.get("cell_type") and isinstance(text, Text):
                joined = "".join(source) if isinstance(source, list) else str(source)
                apply_edits(text, edits(str(text), joined))
