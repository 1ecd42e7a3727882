"""How many lines a version adds and removes."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

_NOTEBOOK_SUFFIX = ".ipynb"


def count_changes(old: bytes, new: bytes, path: str) -> tuple[int, int]:
    """Count the lines that `new` adds and removes; a line that only moved counts as neither.

    Of a notebook only the text in its cells counts, not outputs or metadata.
    """
    before, after = Counter(_lines_of(old, path)), Counter(_lines_of(new, path))
    return (after - before).total(), (before - after).total()


def _lines_of(content: bytes, path: str) -> list[bytes]:
    if path.endswith(_NOTEBOOK_SUFFIX):
        lines = _notebook_lines(content)
        if lines is not None:
            return lines
    return content.splitlines()


def _notebook_lines(content: bytes) -> list[bytes] | None:
    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError):
        return None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return None
    return [line for cell in cells for line in _cell_source(cell).encode().splitlines()]


def _cell_source(cell: Any) -> str:
    source = cell.get("source", "") if isinstance(cell, dict) else ""
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""
