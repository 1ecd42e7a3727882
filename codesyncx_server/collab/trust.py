"""Takes trust from what untrusted people write into a notebook.

JupyterLab runs the scripts in a trusted cell's outputs in the browser of whoever looks at them, and
marks cells that somebody adds as trusted. Whom an owner wouldn't give a kernel must not get to run
anything in the owner's browser: cells whose outputs or whose mark they touched lose it, in the same
turn of the loop, so that no browser ever sees the two apart.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pycrdt import Array, Map

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pycrdt import Doc

_TRUSTED = "trusted"
_SOURCE = "source"


class NotebookTrust:
    """The marks of trust of one open notebook."""

    def __init__(self, doc: Doc[Any]) -> None:
        self._doc = doc
        self._cells: Array[Any] = doc.get("cells", type=Array)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Let what happens to the notebook meanwhile be the work of somebody untrusted."""
        touched: set[int] = set()
        subscription = self._cells.observe_deep(lambda events: touched.update(_touched(events)))
        try:
            yield
        finally:
            self._cells.unobserve(subscription)
            self._distrust(touched)

    def _distrust(self, touched: set[int]) -> None:
        with self._doc.transaction():
            for index in sorted(touched):
                cell = self._cells[index] if index < len(self._cells) else None
                metadata = cell.get("metadata") if isinstance(cell, Map) else None
                if isinstance(metadata, Map) and metadata.get(_TRUSTED):
                    metadata[_TRUSTED] = False


def _touched(events: Iterable[Any]) -> Iterator[int]:
    """Give where the cells are now that came, or were changed in more than their source."""
    for event in events:
        if event.path:
            if event.path[1:2] != [_SOURCE]:
                yield int(event.path[0])
            continue
        at = 0
        for step in event.delta:
            if "retain" in step:
                at += step["retain"]
            elif "insert" in step:
                count = len(step["insert"])
                yield from range(at, at + count)
                at += count
