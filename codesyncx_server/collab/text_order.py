"""The order of everything that was ever written in one text, deleted or not; pure.

pycrdt says what an update did to a text by walking over all of it. Whoever knows the order finds
the place of a few letters at once, without trying the update on anything. But only where nobody
has to be asked: when what an update's author names as the neighbours of their letters stand side by
side, with nothing between them that somebody else wrote in the meantime. `splices` then says what
it does, and None in every other case.

`take` brings in whatever the text has taken in. Where letters of several people have one place,
they go where Yjs puts them (YATA: Nicolaescu and others, 2016). What isn't plain text ends it.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import TYPE_CHECKING

from ..updates import in_order
from .spans import Splice, Utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..updates import Clock, Id, Struct, Update

_BLOCK_RUNS = 128
# What does more to a text than that is tried like anything else.
_MAX_CHANGES = 32
_IN_TEXT = frozenset({"string", "deleted"})


class OrderLostError(Exception):
    """The text can't be followed any more: it took in what isn't understood here."""


class _Run:
    """So many clocks of one client, side by side; `data` is what can be read of it, if anything.

    `left` and `right` are what the first of them stood between when it was made.
    """

    __slots__ = ("block", "client", "clock", "data", "left", "length", "right")

    block: _Block

    def __init__(
        self,
        client: int,
        clock: int,
        length: int,
        data: bytes | None,
        left: Id | None,
        right: Id | None,
    ) -> None:
        self.client, self.clock, self.length = client, clock, length
        self.data = data
        self.left, self.right = left, right

    @property
    def size(self) -> int:
        return 0 if self.data is None else len(self.data)

    def offset(self, units: int) -> int:
        """Give how many bytes can be read before the clock that so many others precede."""
        data = self.data
        if data is None:
            return 0
        if len(data) == self.length:
            return units
        try:
            return len(data.decode().encode("utf-16-le")[: 2 * units].decode("utf-16-le").encode())
        except UnicodeDecodeError as error:
            raise OrderLostError from error  # between the halves of a character


class _Block:
    """Some runs in order, and how much of them can be read."""

    __slots__ = ("runs", "size")

    def __init__(self, runs: list[_Run]) -> None:
        self.runs = runs
        self.size = 0
        for run in runs:
            run.block = self
            self.size += run.size


class TextOrder:
    """Follows the text that is the part `root` of a document, from the empty document on."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._blocks: list[_Block] = [_Block([])]
        self._clocks: dict[int, list[int]] = {}
        self._runs: dict[int, dict[int, _Run]] = {}
        self._state: Clock = {}

    def read(self) -> bytes:
        """Give the whole text."""
        return b"".join(run.data for block in self._blocks for run in block.runs if run.data)

    # -- what an update would do ----------------------------------------------------------------

    def splices(self, update: Update) -> list[Splice] | None:
        """Say what `update` does to the text; None when that isn't certain."""
        changes: list[tuple[int, int, bytes]] = []
        if len(update.structs) > 1 or len(update.deletes) > _MAX_CHANGES:
            return None
        try:
            for run in update.structs.values():
                for struct in run:
                    at = self._gap(struct) if len(run) == 1 else None
                    if at is None or struct.data is None:
                        return None
                    changes.append((at, 0, struct.data))
            for client, clock, length in update.deletes:
                parts = self._parts(client, clock, clock + length)
                if parts is None or len(changes) + len(parts) > _MAX_CHANGES:
                    return None
                changes += [(at, size, b"") for at, size in parts if size]
        except OrderLostError:
            return None
        return _joined(sorted(changes))

    def _gap(self, struct: Struct) -> int | None:
        """Give the offset at which a new string is for certain."""
        is_next = struct.clock == self._state.get(struct.client, 0)
        if not is_next or struct.kind != "string" or struct.key is not None:
            return None
        if struct.left is None:
            first = next(self._from(0, 0), None)
            is_first = first is not None and (first.client, first.clock) == struct.right
            is_alone = first is None and struct.right is None and struct.root == self._root
            return 0 if is_first or is_alone else None
        run = self._find(struct.left)
        if run is None:
            return None
        after = struct.left[1] + 1 - run.clock
        if after < run.length:
            follower: Id | None = run.client, run.clock + after
        else:
            following = next(self._after(run), None)
            follower = None if following is None else (following.client, following.clock)
        return self._offset_of(run) + run.offset(after) if follower == struct.right else None

    def _parts(self, client: int, clock: int, end: int) -> list[tuple[int, int]] | None:
        """Give offsets and sizes of what can be read of some clocks, if all are in the text."""
        if end > self._state.get(client, 0):
            return None
        found: list[tuple[int, int]] = []
        while clock < end:
            run = self._find((client, clock))
            if run is None or len(found) > _MAX_CHANGES:
                return None
            stop = min(end, run.clock + run.length)
            start = run.offset(clock - run.clock)
            size = run.offset(stop - run.clock) - start
            found.append((self._offset_of(run) + start, size) if size else (0, 0))
            clock = stop
        return found

    # -- what the text took in ------------------------------------------------------------------

    def take(self, update: Update) -> None:
        """Bring in what the text took in; OrderLostError when it can't be followed any more."""
        structs = in_order(update, self._state)
        if structs is None:
            raise OrderLostError
        for struct in structs:
            known = self._state.get(struct.client, 0)
            if struct.end <= known:
                continue
            self._state[struct.client] = struct.end
            if self._is_here(struct):
                self._insert(struct, known)
        for client, clock, length in update.deletes:
            if clock + length > self._state.get(client, 0):
                raise OrderLostError
            self._delete(client, clock, clock + length)

    def _is_here(self, struct: Struct) -> bool:
        if struct.left is None and struct.right is None:
            if struct.root != self._root:
                return False
            is_here = struct.key is None
        else:
            sides = [self._find(side) is not None for side in (struct.left, struct.right) if side]
            if not any(sides):
                return False
            is_here = all(sides)
        if not is_here or struct.kind not in _IN_TEXT:
            raise OrderLostError
        return True

    def _insert(self, struct: Struct, known: int) -> None:
        run = _Run(
            struct.client, struct.clock, struct.length, struct.data, struct.left, struct.right
        )
        if known > run.clock:
            run = _cut(run, known - run.clock)
        left = None if run.left is None else self._ending_with(run.left)
        right = None if run.right is None else self._starting_with(run.right)
        left = self._place(run, left, right)
        if left is not None and _continues(left, run):
            left.length += run.length
            if run.data is not None and left.data is not None:
                left.data += run.data
            left.block.size += run.size
            return
        self._put(run, left)

    def _place(self, run: _Run, left: _Run | None, right: _Run | None) -> _Run | None:
        """Give what a run comes to stand behind, between others for the same place."""
        follower = next(self._from(0, 0) if left is None else self._after(left), None)
        if follower is right:
            return left
        is_forged = left and right and self._place_of(right) <= self._place_of(left)
        if is_forged:
            raise OrderLostError
        others = self._from(0, 0) if left is None else self._after(left)
        passed: set[_Run] = set()
        between: set[_Run] = set()
        for other in others:
            if other is right:
                break
            passed.add(other)
            between.add(other)
            if other.left == run.left:
                if other.client < run.client:
                    left = other
                    between.clear()
                elif other.right == run.right:
                    break
                continue
            origin = None if other.left is None else self._find(other.left)
            if origin is None or origin not in passed:
                break
            if origin not in between:
                left = other
                between.clear()
        return left

    def _delete(self, client: int, clock: int, end: int) -> None:
        while clock < end:
            run = self._find((client, clock))
            if run is None:
                clock = self._next_clock(client, clock, end)  # of another part of the document
                continue
            if run.data is None:
                clock = run.clock + run.length
                continue
            if clock > run.clock:
                run = self._split(run, clock - run.clock)
            if end < run.clock + run.length:
                self._split(run, end - run.clock)
            run.block.size -= run.size
            run.data = None
            clock = run.clock + run.length

    # -- where runs are -------------------------------------------------------------------------

    def _find(self, identifier: Id) -> _Run | None:
        client, clock = identifier
        clocks = self._clocks.get(client)
        place = 0 if clocks is None else bisect_right(clocks, clock)
        if clocks is None or not place:
            return None
        run = self._runs[client][clocks[place - 1]]
        return run if clock < run.clock + run.length else None

    def _next_clock(self, client: int, clock: int, end: int) -> int:
        clocks = self._clocks.get(client, [])
        place = bisect_right(clocks, clock)
        return min(end, clocks[place]) if place < len(clocks) else end

    def _offset_of(self, run: _Run) -> int:
        offset = 0
        for block in self._blocks:
            if block is run.block:
                break
            offset += block.size
        for each in run.block.runs:
            if each is run:
                break
            if each.data is not None:
                offset += len(each.data)
        return offset

    def _place_of(self, run: _Run) -> tuple[int, int]:
        return self._blocks.index(run.block), run.block.runs.index(run)

    def _after(self, run: _Run) -> Iterator[_Run]:
        place = run.block.runs.index(run) + 1
        if place < len(run.block.runs):
            return self._from(self._blocks.index(run.block), place)
        return self._from(self._blocks.index(run.block) + 1, 0)

    def _from(self, number: int, place: int) -> Iterator[_Run]:
        for block in self._blocks[number : number + 1]:
            yield from block.runs[place:]
        for at in range(number + 1, len(self._blocks)):
            yield from self._blocks[at].runs

    def _ending_with(self, identifier: Id) -> _Run:
        run = self._sure(identifier)
        after = identifier[1] + 1 - run.clock
        if after < run.length:
            self._split(run, after)
        return run

    def _starting_with(self, identifier: Id) -> _Run:
        run = self._sure(identifier)
        before = identifier[1] - run.clock
        return self._split(run, before) if before else run

    def _sure(self, identifier: Id) -> _Run:
        run = self._find(identifier)
        if run is None:
            raise OrderLostError
        return run

    def _split(self, run: _Run, units: int) -> _Run:
        """Split a run in two; gives the second one."""
        rest = _cut(run, units)
        if run.data is not None and rest.data is not None:
            run.block.size -= len(rest.data)
            run.data = run.data[: -len(rest.data)]
        run.length = units
        self._put(rest, run)
        return rest

    def _put(self, run: _Run, left: _Run | None) -> None:
        """Put a run behind another, or first of all."""
        block = self._blocks[0] if left is None else left.block
        place = 0 if left is None else block.runs.index(left) + 1
        block.runs.insert(place, run)
        block.size += run.size
        run.block = block
        insort(self._clocks.setdefault(run.client, []), run.clock)
        self._runs.setdefault(run.client, {})[run.clock] = run
        if len(block.runs) > _BLOCK_RUNS:
            half = _BLOCK_RUNS // 2
            number = self._blocks.index(block)
            self._blocks[number : number + 1] = [
                _Block(block.runs[:half]),
                _Block(block.runs[half:]),
            ]


def _cut(run: _Run, units: int) -> _Run:
    """Give what remains of a run without its first clocks."""
    at = run.offset(units)
    data = None if run.data is None else run.data[at:]
    left = run.client, run.clock + units - 1
    return _Run(run.client, run.clock + units, run.length - units, data, left, run.right)


def _continues(left: _Run, run: _Run) -> bool:
    """Whether a run goes on with the one before it, as one who types does."""
    return (
        run.client == left.client
        and run.clock == left.clock + left.length
        and run.left == (left.client, run.clock - 1)
        and run.right == left.right
        and (run.data is None) == (left.data is None)
    )


def _joined(changes: list[tuple[int, int, bytes]]) -> list[Splice] | None:
    """Join what touches, and have each count in what the last left."""
    found: list[Splice] = []
    shifted = stop = 0
    for at, deleted, data in changes:
        if deleted and at < stop:
            return None  # the same is deleted twice
        if found and at <= stop:
            last = found[-1]
            found[-1] = Splice(last.at, last.deleted + deleted, last.inserted + data)
        else:
            found.append(Splice(Utf8(at + shifted), deleted, data))
        shifted += len(data) - deleted
        stop = max(stop, at + deleted)
    return found
