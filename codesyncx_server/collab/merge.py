"""Brings what somebody wrote to a file into its document, next to what people are typing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_ydoc import YNotebook, YUnicode, ydocs
from jupyter_ydoc.utils import cast_all
from pycrdt import Array, Doc, Map, Text

from .textdiff import apply_edits, edits, match_sequences

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOTHING = b"\x00\x00"


def merge_disk_change(base_updates: Sequence[bytes], content: Any, file_type: str) -> bytes | None:
    """Give the update that turns the document as it was saved into `content`; None if it is so.

    `base_updates` make up the document as it was saved. Applied to the live document, the update
    leaves alone what was typed since. Takes its time: call it in a worker thread.
    """
    shadow: Doc[Any] = Doc(allow_multithreading=True)
    for update in base_updates:
        shadow.apply_update(update)
    before = shadow.get_state()
    # A chat writes in its document when it is made: that belongs to the update, or it has a hole.
    document = ydocs.get(file_type, ydocs["file"])(shadow)
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
        with document.ydoc.transaction():
            content = {**content, "cells": _with_ids(document, content.get("cells", []))}
            _edit_cells(document, content["cells"])
            document.set(content)
    elif isinstance(document, YUnicode):
        text = document.ydoc.get("source", type=Text)
        with document.ydoc.transaction():
            apply_edits(text, edits(str(text), content))
    else:
        document.set(content)


def _with_ids(document: YNotebook, cells: Sequence[Any]) -> list[Any]:
    """Tell which cells are the ones there already, where the file (before format 4.5) doesn't."""
    if any("id" in cell for cell in cells):
        return list(cells)
    known = [cell for cell in document.ycells if isinstance(cell, Map)]
    before = [(cell.get("cell_type"), str(cell.get("source"))) for cell in known]
    after = [(cell.get("cell_type"), _joined(cell.get("source", ""))) for cell in cells]
    named = [dict(cell) for cell in cells]
    i = k = 0
    for start, end, new_start, new_end in [
        *match_sequences(before, after),
        (len(before), len(before), len(after), len(after)),
    ]:
        # Those between the changes are the same; the changed ones are taken in their order.
        pairs = [*zip(range(i, start), range(k, new_start), strict=True)]
        pairs += zip(range(start, end), range(new_start, new_end), strict=False)
        for old, new in pairs:
            if before[old][0] == after[new][0]:
                named[new]["id"] = known[old].get("id")
        i, k = end, new_end
    return named


def _edit_cells(document: YNotebook, cells: Sequence[Any]) -> None:
    """Edit cells that stay: YNotebook would replace some as a whole, and what is typed in them."""
    contents = {cell["id"]: cell for cell in cells if cell.get("id")}
    for ycell in document.ycells:
        if not isinstance(ycell, Map):
            continue
        cell = contents.get(ycell.get("id"))
        if cell is None or cell.get("cell_type") != ycell.get("cell_type"):
            continue
        text, outputs = ycell.get("source"), ycell.get("outputs")
        if isinstance(text, Text):
            apply_edits(text, edits(str(text), _joined(cell.get("source", ""))))
        if isinstance(outputs, Array):
            known = outputs.to_py() or []
            cast_all(known, float, int)
            if known != cell.get("outputs", []):
                document._set_ycell_outputs(ycell, cell.get("outputs", []))


def _joined(source: Any) -> str:
    return "".join(source) if isinstance(source, list) else str(source)
