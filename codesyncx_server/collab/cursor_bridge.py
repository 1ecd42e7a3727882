"""Shows those in a whole text to those in its parts, and the other way round.

In each room the people of the others stand under client ids of the server's own. Only who they are
and where their carets are goes across; into a part only while the caret is in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from . import cursors
from .cursors import CURSORS, Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .awareness import RoomAwareness
    from .range_tracker import RangeTracker
    from .spans import Span
    from .text_order import TextOrder

#: Moves are gathered for so long.
DELAY_S = 0.05
_WHOLE = ""

#: A person: the range whose room they are in, or the whole text's, and their client id there.
Key = tuple[str, int]


class _Seen(NamedTuple):
    """Somebody where they are in the whole text; `clock` grows when their browser speaks."""

    clock: int
    user: Any
    selections: list[Selection]


class _Shown(NamedTuple):
    """Somebody as they were last shown in another room."""

    client_id: int
    clock: int
    state: dict[str, Any]


@dataclass(eq=False)
class _Side:
    """One room: who is in it, the order of its text, and whom it was shown."""

    awareness: RoomAwareness
    order: Callable[[], TextOrder | None]
    shown: dict[Key, _Shown] = field(default_factory=dict)

    def show(self, wanted: Mapping[Key, tuple[int, dict[str, Any]]]) -> None:
        """Show just these people: each state anew when it changed, or its person spoke again."""
        for key in self.shown.keys() - wanted.keys():
            self.awareness.hide(self.shown.pop(key).client_id)
        for key, (clock, state) in wanted.items():
            before = self.shown.get(key)
            if before is not None and before[1:] == (clock, state):
                continue
            client_id = self.awareness.new_id() if before is None else before.client_id
            self.shown[key] = _Shown(client_id, clock, state)
            self.awareness.show(client_id, state)


class CursorBridge:
    """Joins the rooms of one text; `tracker` tells where the parts are in it."""

    def __init__(
        self,
        awareness: RoomAwareness,
        order: Callable[[], TextOrder | None],
        tracker: RangeTracker,
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        """Begin with the room of the whole text."""
        self._tracker = tracker
        self._stop_listening = tracker.listen(lambda _: self.look_soon())
        self._later = later
        self._is_scheduled = False
        self._sides = {_WHOLE: _Side(awareness, order)}
        awareness.on_move = self.look_soon

    @property
    def is_needed(self) -> bool:
        """Whether any part is open."""
        return len(self._sides) > 1

    def add(
        self, range_id: str, awareness: RoomAwareness, order: Callable[[], TextOrder | None]
    ) -> None:
        """Join a part's room."""
        order()  # it is learnt from here on, while it is short
        self._sides[range_id] = _Side(awareness, order)
        awareness.on_move = self.look_soon
        self.look_soon()

    def remove(self, range_id: str) -> None:
        """Let a part's room go; its people are gone from the others at once."""
        side = self._sides.pop(range_id, None)
        if side is not None:
            side.awareness.on_move = _ignore
            self.look()

    def close(self) -> None:
        """Let all go."""
        for range_id in [name for name in self._sides if name != _WHOLE]:
            self.remove(range_id)
        self._stop_listening()
        self._sides[_WHOLE].awareness.on_move = _ignore

    def look_soon(self) -> None:
        """See to it that everybody is shown as they are, in a moment."""
        if not self._is_scheduled:
            self._is_scheduled = True
            self._later(DELAY_S, self._look_scheduled)

    def look(self) -> None:
        """Show everybody as they are."""
        spans = self._tracker.spans
        people = dict(self._people(spans))
        for name, side in self._sides.items():
            order = side.order()
            wanted: dict[Key, tuple[int, dict[str, Any]]] = {}
            for key, seen in people.items():
                is_there = key[0] != name and order is not None
                selections = _selections_in(name, seen, spans) if is_there else []
                if selections and order is not None:
                    state = {"user": seen.user, CURSORS: cursors.write(selections, order)}
                    wanted[key] = seen.clock, state
            side.show(wanted)

    def _look_scheduled(self) -> None:
        self._is_scheduled = False
        if self.is_needed:
            self.look()

    def _people(self, spans: Mapping[str, Span]) -> Iterator[tuple[Key, _Seen]]:
        """Give everybody who is where they say, in the whole text."""
        for name, side in self._sides.items():
            order = side.order()
            if order is None or (name != _WHOLE and name not in spans):
                continue
            for client_id, clock, state in side.awareness.people():
                selections = cursors.read(state.get(CURSORS), order)
                if name != _WHOLE:
                    selections = cursors.out_of_part(selections, spans[name])
                if selections:
                    yield (name, client_id), _Seen(clock, state.get("user"), selections)


def _selections_in(name: str, seen: _Seen, spans: Mapping[str, Span]) -> list[Selection]:
    if name == _WHOLE:
        return seen.selections
    return cursors.into_part(seen.selections, spans[name]) if name in spans else []


def _ignore() -> None:
    """Stand in for a listener where there is none."""
