"""Which edits of a notebook somebody may make who may not edit all of it.

Their own cells they may edit but not delete, move or turn into others. Who may execute may also
write what comes of it, in every code cell: outputs, execution counts and states.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrdt import Array, Map, Text

from ..errors import RefusedError
from .shadow import holds_only_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .rights import Rights
    from .shadow import Seen

READ_ONLY = "You may read this notebook but not edit it."
NOT_YOURS = "You may edit your own cells of this notebook, not others."
NOT_MOVED = "You may edit your cells of this notebook, but not add, move or delete any."
LOCKED = "This cell is locked for you."
NO_TRUST = "Only those who may run this notebook can mark what is in it as trusted."
_NO_NOTEBOOK = "That is nothing a notebook can hold."

_EXECUTION_KEYS = frozenset({"execution_count", "execution_state"})
# How a run is noted beside a cell: that its outputs were made here, and when it ran.
_EXECUTION_METADATA = frozenset({"trusted", "execution"})
_TRUSTED = "trusted"
_CELL_KEYS = frozenset({"source", "metadata", "outputs", "attachments"}) | _EXECUTION_KEYS
_PLAIN_KEYS: dict[str, tuple[type, ...]] = {
    "execution_count": (int, float, type(None)),
    "execution_state": (str, type(None)),
    "attachments": (dict, type(None)),
}
_OUTPUT_KEYS: dict[str, dict[str, type]] = {
    "stream": {"name": str, "text": str},
    "display_data": {"data": dict, "metadata": dict},
    "execute_result": {"data": dict, "metadata": dict},
    "error": {"ename": str, "evalue": str, "traceback": list},
}


class CellChanges:
    """What one update did to the cells of a copy of a notebook, judged by `check`."""

    def __init__(self, cells: Array[Any], before: Sequence[str], after: Sequence[str]) -> None:
        """Take the cells, and their ids before and after the update, in order."""
        self._cells = cells
        self._before = before
        self._after = after

    def check(self, changes: Iterable[Seen], rights: Rights, own: frozenset[str]) -> None:
        """Check the changes; RefusedError says what's wrong.

        `own` are the cells that are open, or for those who may edit the notebook: locked.
        """
        touched = set()
        for seen in changes:
            if not seen.path:
                self._check_order(seen, rights, own)
                continue
            index = int(seen.path[0])
            self._check_cell(index, seen, rights, own)
            if not isinstance(seen.target, Text):
                touched.add(index)
            elif not holds_only_text(seen.target):
                raise RefusedError(_NO_NOTEBOOK)
        if rights.may_edit:
            if any(self._after.count(name) != self._before.count(name) for name in own):
                raise RefusedError(LOCKED)
        else:
            for index in touched:
                check_shape(self._cells[index])

    def _check_order(self, seen: Seen, rights: Rights, locked: frozenset[str]) -> None:
        if not rights.may_edit:
            raise RefusedError(NOT_MOVED if rights.open else READ_ONLY)
        at = 0
        for step in seen.delta:
            if "retain" in step:
                at += step["retain"]
            elif "delete" in step:
                if locked.intersection(self._before[at : at + step["delete"]]):
                    raise RefusedError(LOCKED)
                at += step["delete"]
            elif any(isinstance(cell, Map) and cell.get("id") in locked for cell in step["insert"]):
                raise RefusedError(LOCKED)

    def _check_cell(self, index: int, seen: Seen, rights: Rights, own: frozenset[str]) -> None:
        name = self._after[index]
        if rights.may_execute and self._is_execution(index, seen):
            return
        if rights.may_edit:
            if name in own:
                raise RefusedError(LOCKED)
            return
        # Of two cells with one id the first one has it.
        if name not in own or self._after.index(name) != index:
            raise RefusedError(NOT_YOURS if own else READ_ONLY)
        if len(seen.path) == 1 and not seen.keys.keys() <= _CELL_KEYS:
            raise RefusedError(NOT_MOVED)
        if _grants_trust(seen) and not rights.may_execute:
            raise RefusedError(NO_TRUST)

    def _is_execution(self, index: int, seen: Seen) -> bool:
        cell = self._cells[index]
        if not isinstance(cell, Map) or cell.get("cell_type") != "code":
            return False
        match seen.path[1:]:
            case []:
                return seen.keys.keys() <= _EXECUTION_KEYS
            case ["outputs", *_]:
                return True
            case ["metadata"]:
                return seen.keys.keys() <= _EXECUTION_METADATA
        return False


def check_shape(cell: Any) -> None:
    """Check that a cell is still one that every notebook reader understands."""
    if not isinstance(cell, Map) or not _is_sound(cell):
        raise RefusedError(_NO_NOTEBOOK)


def _is_sound(cell: Map[Any]) -> bool:
    source, outputs = cell.get("source"), cell.get("outputs")
    if not isinstance(source, Text) or not holds_only_text(source):
        return False
    if not isinstance(cell.get("metadata"), Map):
        return False
    if any(not isinstance(cell.get(key), kinds) for key, kinds in _PLAIN_KEYS.items()):
        return False
    if cell.get("cell_type") != "code":
        return outputs is None
    return isinstance(outputs, Array) and all(map(_is_output, outputs.to_py() or []))


def _is_output(output: Any) -> bool:
    if not isinstance(output, dict):
        return False
    wanted = _OUTPUT_KEYS.get(str(output.get("output_type")))
    return wanted is not None and all(
        isinstance(output.get(key), kind) for key, kind in wanted.items()
    )


def _grants_trust(seen: Seen) -> bool:
    """Whether it says that a cell's outputs were made here, and may run scripts in browsers."""
    if len(seen.path) == 1 and "metadata" in seen.keys:
        metadata = seen.target.get("metadata")
        return isinstance(metadata, Map) and bool(metadata.get(_TRUSTED))
    is_said = seen.path[1:] == ["metadata"] and _TRUSTED in seen.keys
    return is_said and bool(seen.target.get(_TRUSTED))
