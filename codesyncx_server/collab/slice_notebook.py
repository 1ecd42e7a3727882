"""A notebook that is some cells of another one, and follows it both ways; pure.

It begins anew with what the cells hold, with the notebook's language and kernel's name, and with
nothing else of it. Which cells they are doesn't change but by deleting: holders may edit them, not
add, move or delete any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from jupyter_ydoc import YNotebook
from pycrdt import Array, ArrayEvent, Doc, Map, Text, TextEvent

from ..errors import InvalidRequestError
from .edit_judge import EditJudge
from .slice_mirror import make_splice
from .spans import PLACEHOLDER, splices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .slice_mirror import WriteCore
    from .spans import Span, Splice

_CELLS, _META, _METADATA = "cells", "meta", "metadata"
_FORMAT_KEYS = ("nbformat", "nbformat_minor")
_LANGUAGE_KEYS = ("kernelspec", "language_info")
_UNFIT = "What you wrote doesn't fit the cells any more."


class _Step(NamedTuple):
    """One thing that changed in a cell, to be made in the same place of the other document."""

    cell_id: str
    path: tuple[Any, ...]
    make: Callable[[Any], None]


class NotebookSlice:
    """The document of the cells `held` of the notebook in `core`."""

    def __init__(
        self,
        core: Doc[Any],
        range_id: str,
        held: frozenset[str],
        on_lost: Callable[[], None],
    ) -> None:
        self.doc: Doc[Any] = Doc()
        self.state: Map[Any] = self.doc.get("state", type=Map)
        self._core_cells: Array[Any] = core.get(_CELLS, type=Array)
        self._range_id = range_id
        self._held = held
        self._on_lost = on_lost
        self._written: list[_Step] = []
        self._is_following = self._is_writing = False
        self._cells: Array[Any] = self.doc.get(_CELLS, type=Array)
        self._begin(core.get(_META, type=Map))
        self.judge = EditJudge(self.doc, YNotebook, self)
        self._subscription = self._cells.observe_deep(self._on_own_cells)
        self._core_subscription = self._core_cells.observe_deep(self._on_core_cells)

    # -- as the judge sees it -------------------------------------------------------------------

    text = b""
    spans: Mapping[str, Span] = {}

    @property
    def cells(self) -> Mapping[str, frozenset[str]]:
        """Which cells are whose."""
        return {self._range_id: self._held}

    # -- life -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of both documents."""
        self.judge.close()
        self._cells.unobserve(self._subscription)
        self._core_cells.unobserve(self._core_subscription)

    @property
    def is_empty(self) -> bool:
        """Whether none of the cells is left."""
        return not len(self._cells)

    def get(self) -> dict[str, Any]:
        """Give the cells as a notebook."""
        content: dict[str, Any] = YNotebook(self.doc).get()
        return content

    def write(self, write_core: WriteCore) -> None:
        """Carry what holders changed since the last call into their cells, by `write_core`.

        InvalidRequestError when a cell isn't there any more.
        """
        written, self._written = self._written, []
        if not written:
            return
        if any(not step.cell_id for step in written):
            raise InvalidRequestError(_UNFIT)

        def edit(doc: Doc[Any]) -> None:
            cells = doc.get(_CELLS, type=Array)
            for step in written:
                _make(step, cells)

        self._is_writing = True
        try:
            write_core(edit, is_last=False)
        finally:
            self._is_writing = False

    def _begin(self, meta: Map[Any]) -> None:
        language = meta.get(_METADATA)
        kept = language.to_py() or {} if isinstance(language, Map) else {}
        with self.doc.transaction():
            own = self.doc.get(_META, type=Map)
            for key in _FORMAT_KEYS:
                if key in meta:
                    own[key] = meta[key]
            own[_METADATA] = Map({key: kept[key] for key in _LANGUAGE_KEYS if key in kept})
            self._cells.extend(
                [_copy(self._core_cells[index]) for index in self._core_held().values()]
            )

    # -- here -> there --------------------------------------------------------------------------

    def _on_own_cells(self, events: Iterable[Any]) -> None:
        if self._is_following:
            return
        for event in events:
            path = tuple(event.path)
            cell_id = _id_of(self._cells[path[0]]) if path else ""
            self._written.append(_Step(cell_id, path[1:], _repeat(event)))

    # -- there -> here --------------------------------------------------------------------------

    def _on_core_cells(self, events: Iterable[Any]) -> None:
        if self._is_writing:
            return
        self._is_following = True
        try:
            with self.doc.transaction():
                self._follow(list(events))
        finally:
            self._is_following = False
        if self.is_empty:
            self._on_lost()

    def _follow(self, events: list[Any]) -> None:
        orders = [event for event in events if not event.path]
        if orders:
            self._reorder(orders)
        held = self._core_held()
        for event in events:
            if not event.path:
                continue
            index = event.path[0]
            cell_id = _id_of(self._core_cells[index])
            if held.get(cell_id) == index:
                self._follow_cell(_Step(cell_id, tuple(event.path[1:]), _repeat(event)), index)

    def _follow_cell(self, step: _Step, core_index: int) -> None:
        try:
            _make(step, self._cells)
        except InvalidRequestError:
            # Something that no honest browser writes: take the cell anew.
            ids = self._ids()
            if step.cell_id in ids:
                self._cells[ids.index(step.cell_id)] = _copy(self._core_cells[core_index])

    def _reorder(self, events: list[Any]) -> None:
        held = self._core_held()
        fresh = {
            _id_of(cell)
            for event in events
            for step in event.delta
            for cell in step.get("insert", ())
        }
        for index, cell_id in reversed(list(enumerate(self._ids()))):
            if cell_id not in held or cell_id in fresh:
                del self._cells[index]
        if [each for each in held if each in self._ids()] != self._ids():
            self._cells.clear()
        for index, (cell_id, core_index) in enumerate(held.items()):
            if index >= len(self._cells) or _id_of(self._cells[index]) != cell_id:
                self._cells.insert(index, _copy(self._core_cells[core_index]))

    def _core_held(self) -> dict[str, int]:
        """Give where the cells are there, in order; of two with one id the first one has it."""
        found: dict[str, int] = {}
        for index, cell in enumerate(self._core_cells):
            cell_id = _id_of(cell)
            if cell_id in self._held:
                found.setdefault(cell_id, index)
        return found

    def _ids(self) -> list[str]:
        return [_id_of(cell) for cell in self._cells]


def _id_of(cell: Any) -> str:
    return str(cell.get("id", "")) if isinstance(cell, Map) else ""


def _make(step: _Step, cells: Array[Any]) -> None:
    """Make in one document what happened in the other; InvalidRequestError if that can't be."""
    target: Any = next((cell for cell in cells if _id_of(cell) == step.cell_id), None)
    try:
        for part in step.path:
            target = target[part]
    except (KeyError, IndexError, TypeError) as error:
        raise InvalidRequestError(_UNFIT) from error
    step.make(target)


def _repeat(event: Any) -> Callable[[Any], None]:
    """Take down what happened (events are gone later), to be made in another document."""
    kind = type(event)
    if kind is TextEvent:
        splices = splices_of(event.delta)
        return lambda target: _repeat_text(splices, target)
    if kind is ArrayEvent:
        delta = [
            {**step, "insert": [_copy(value) for value in step["insert"]]}
            if "insert" in step
            else step
            for step in event.delta
        ]
        return lambda target: _repeat_array(delta, target)
    changes = {
        key: None if change["action"] == "delete" else [_copy(change["newValue"])]
        for key, change in event.keys.items()
    }
    return lambda target: _repeat_map(changes, target)


def _repeat_text(splices: list[Splice], target: Any) -> None:
    if not isinstance(target, Text) or any(PLACEHOLDER in each.inserted for each in splices):
        raise InvalidRequestError(_UNFIT)
    for splice in splices:
        make_splice(target, splice)


def _repeat_array(delta: list[dict[str, Any]], target: Any) -> None:
    if not isinstance(target, Array):
        raise InvalidRequestError(_UNFIT)
    at = 0
    for step in delta:
        if "retain" in step:
            at += int(step["retain"])
        elif "delete" in step:
            del target[at : at + int(step["delete"])]
        else:
            for value in step["insert"]:
                target.insert(at, value)
                at += 1


def _repeat_map(changes: dict[str, list[Any] | None], target: Any) -> None:
    if not isinstance(target, Map):
        raise InvalidRequestError(_UNFIT)
    for key, value in changes.items():
        if value is not None:
            target[key] = value[0]
        elif key in target:
            del target[key]


def _copy(value: Any) -> Any:
    """Give what can be put into another document."""
    if isinstance(value, Text):
        return Text(str(value))
    if isinstance(value, Map):
        return Map({key: _copy(item) for key, item in value.items()})
    if isinstance(value, Array):
        return Array([_copy(each) for each in list(value)])
    return value
