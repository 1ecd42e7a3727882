"""The order of everything that was ever written in a text, to say beforehand what an update does.

pycrdt tells what a change did only by walking over all of it. Whoever knows the order finds the
place of a few letters at once, without trying the update on anything. `splices` says what it does,
and None where that isn't certain; then `take`, of the same update, needn't look for the place anew.

`take` brings in whatever the text has taken in. Where letters of several people have one place,
they go where Yjs puts them (YATA: Nicolaescu and others, 2016). What isn't plain text ends it.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from ..updates import in_order
from .spans import Splice, Utf8
from .text_runs import (
    Block,
    OrderLostError,
    Run,
    Runs,
    continues,
    cut,
    cut_off,
    extend,
    run_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..updates import Clock, Id, Struct, Update

_BLOCK_RUNS = 64
# What does more to a text than that is tried like anything else.
_MAX_CHANGES = 32
_IN_TEXT = frozenset({"string", "deleted"})


class _Gap(NamedTuple):
    """Where a new string comes to stand: `at` so many bytes, after so many units of a run.

    The run is the one at `place` in its block; without one the string is the first of all.
    """

    struct: Struct
    at: int
    left: Run | None
    after: int
    place: int


class TextOrder:
    """Follows the text that is the part `root` of a document, from the empty document on."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._blocks: list[Block] = [Block([])]
        self._runs: dict[int, Runs] = {}
        self._state: Clock = {}
        self._foreseen: tuple[Update, _Gap] | None = None

    def read(self) -> bytes:
        """Give the whole text."""
        return b"".join(run.data for block in self._blocks for run in block.runs if run.data)

    # -- places --------------------------------------------------------------------------------

    def offset_of(self, identifier: Id, *, is_behind: bool = False) -> Utf8 | None:
        """Give where something written is in the text, or its end if `is_behind`.

        Of what is deleted, where it would be; None for what isn't in the text, or no whole letter.
        """
        run = self._find(identifier)
        if run is None:
            return None
        at = self._locate(run)[0]
        try:
            return Utf8(at + run.offset(identifier[1] - run.clock + is_behind))
        except OrderLostError:
            return None

    def id_at(self, offset: Utf8) -> Id | None:
        """Give what is written at an offset; None at the end, and within a letter."""
        rest = int(offset)
        for block in self._blocks:
            if rest >= block.size:
                rest -= block.size
                continue
            for run in block.runs:
                if rest >= run.size:
                    rest -= run.size
                    continue
                try:
                    return run.client, run.clock + run.units(rest)
                except UnicodeDecodeError:
                    return None
        return None

    @property
    def length(self) -> Utf8:
        """Where the text ends."""
        return Utf8(sum(block.size for block in self._blocks))

    # -- what an update would do ----------------------------------------------------------------

    def splices(self, update: Update) -> list[Splice] | None:
        """Say what `update` does to the text; None when that isn't certain."""
        self._foreseen = None
        if len(update.structs) > 1 or len(update.deletes) > _MAX_CHANGES:
            return None
        changes: list[tuple[int, int, bytes]] = []
        try:
            for run in update.structs.values():
                gap = self._gap(run[0]) if len(run) == 1 else None
                if gap is None:
                    return None
                if not update.deletes:
                    self._foreseen = update, gap
                changes.append((gap.at, 0, run[0].data or b""))
            for client, clock, length in update.deletes:
                parts = self._parts(client, clock, clock + length)
                if parts is None or len(changes) + len(parts) > _MAX_CHANGES:
                    return None
                changes += [(at, size, b"") for at, size in parts if size]
        except OrderLostError:
            return None
        return _joined(changes)

    def _gap(self, struct: Struct) -> _Gap | None:
        """Give the place at which a new string is for certain."""
        is_next = struct.clock == self._state.get(struct.client, 0)
        if not is_next or struct.kind != "string" or struct.key is not None:
            return None
        if struct.left is None:
            if struct.right is None and struct.root != self._root:
                return None
            gap = _Gap(struct, 0, None, 0, -1)
            follower = next(self._from(0, 0), None)
        else:
            left = self._find(struct.left)
            if left is None:
                return None
            at, number, place = self._locate(left)
            after = struct.left[1] + 1 - left.clock
            gap = _Gap(struct, at + left.offset(after), left, after, place)
            if after < left.length:
                is_free = (left.client, left.clock + after) == struct.right
                return gap if is_free else self._gap_between(struct)
            runs = left.block.runs
            is_last = place + 1 == len(runs)
            follower = next(self._from(number + 1, 0), None) if is_last else runs[place + 1]
        is_free = (None if follower is None else (follower.client, follower.clock)) == struct.right
        return gap if is_free else self._gap_between(struct)

    def _gap_between(self, struct: Struct) -> _Gap | None:
        """Give the place among what others wrote between the same neighbours."""
        run = run_of(struct)
        left, right = self._sides(run)
        left = self._place(run, left, right)
        if left is None:
            return _Gap(struct, 0, None, 0, -1)
        at, _, place = self._locate(left)
        return _Gap(struct, at + left.size, left, left.length, place)

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
            found.append((self._locate(run)[0] + start, size) if size else (0, 0))
            clock = stop
        return found

    # -- what the text took in ------------------------------------------------------------------

    def take(self, update: Update) -> None:
        """Bring in what the text took in; OrderLostError when it can't be followed any more."""
        foreseen, self._foreseen = self._foreseen, None
        if foreseen is not None and foreseen[0] is update:
            self._fill(foreseen[1])
            return
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

    def _fill(self, gap: _Gap) -> None:
        """Bring in a string whose place is known."""
        self._state[gap.struct.client] = gap.struct.end
        run, left = run_of(gap.struct), gap.left
        if left is None:
            self._put([run], self._blocks[0], 0)
            return
        if gap.after == left.length and continues(left, run):
            extend(left, run)
            return
        runs = [run]
        if gap.after < left.length:
            runs.append(cut_off(left, gap.after))
        self._put(runs, left.block, gap.place + 1)

    def _insert(self, struct: Struct, known: int) -> None:
        run = run_of(struct)
        if known > run.clock:
            run = cut(run, known - run.clock)
        left, right = self._sides(run)
        left = self._place(run, left, right)
        if left is not None and continues(left, run):
            extend(left, run)
            return
        if left is None:
            self._put([run], self._blocks[0], 0)
        else:
            self._put([run], left.block, left.block.runs.index(left) + 1)

    def _sides(self, run: Run) -> tuple[Run | None, Run | None]:
        """Give the runs that end and begin where a new one says that it stands between them."""
        left = None if run.left is None else self._ending_with(run.left)
        right = None if run.right is None else self._starting_with(run.right)
        return left, right

    def _place(self, run: Run, left: Run | None, right: Run | None) -> Run | None:
        """Give what a run comes to stand behind, between others for the same place."""
        follower = next(self._from(0, 0) if left is None else self._after(left), None)
        if follower is right:
            return left
        is_forged = left and right and self._place_of(right) <= self._place_of(left)
        if is_forged:
            raise OrderLostError
        others = self._from(0, 0) if left is None else self._after(left)
        passed: set[Run] = set()
        between: set[Run] = set()
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

    def _find(self, identifier: Id) -> Run | None:
        runs = self._runs.get(identifier[0])
        return None if runs is None else runs.find(identifier[1])

    def _next_clock(self, client: int, clock: int, end: int) -> int:
        runs = self._runs.get(client)
        clocks = [] if runs is None else runs.clocks
        place = bisect_right(clocks, clock)
        return min(end, clocks[place]) if place < len(clocks) else end

    def _locate(self, run: Run) -> tuple[int, int, int]:
        """Give the offset of a run, the number of its block, and its own in there."""
        own = run.block
        offset = number = 0
        for block in self._blocks:
            if block is own:
                break
            offset += block.size
            number += 1
        place = 0
        for each in own.runs:
            if each is run:
                break
            if each.data is not None:
                offset += len(each.data)
            place += 1
        return offset, number, place

    def _place_of(self, run: Run) -> tuple[int, int]:
        return self._blocks.index(run.block), run.block.runs.index(run)

    def _after(self, run: Run) -> Iterator[Run]:
        place = run.block.runs.index(run) + 1
        if place < len(run.block.runs):
            return self._from(self._blocks.index(run.block), place)
        return self._from(self._blocks.index(run.block) + 1, 0)

    def _from(self, number: int, place: int) -> Iterator[Run]:
        for block in self._blocks[number : number + 1]:
            yield from block.runs[place:]
        for at in range(number + 1, len(self._blocks)):
            yield from self._blocks[at].runs

    def _ending_with(self, identifier: Id) -> Run:
        run = self._sure(identifier)
        after = identifier[1] + 1 - run.clock
        if after < run.length:
            self._split(run, after)
        return run

    def _starting_with(self, identifier: Id) -> Run:
        run = self._sure(identifier)
        before = identifier[1] - run.clock
        return self._split(run, before) if before else run

    def _sure(self, identifier: Id) -> Run:
        run = self._find(identifier)
        if run is None:
            raise OrderLostError
        return run

    def _split(self, run: Run, units: int) -> Run:
        """Split a run in two; gives the second one."""
        rest = cut_off(run, units)
        self._put([rest], run.block, run.block.runs.index(run) + 1)
        return rest

    def _put(self, runs: list[Run], block: Block, place: int) -> None:
        """Put runs into a block, so many others before them."""
        block.runs[place:place] = runs
        for run in runs:
            run.block = block
            block.size += run.size
            own = self._runs.get(run.client)
            if own is None:
                own = self._runs[run.client] = Runs()
            own.add(run)
        if len(block.runs) > _BLOCK_RUNS:
            half = _BLOCK_RUNS // 2
            number = self._blocks.index(block)
            self._blocks[number : number + 1] = [
                Block(block.runs[:half]),
                Block(block.runs[half:]),
            ]


def _joined(changes: list[tuple[int, int, bytes]]) -> list[Splice] | None:
    """Join what touches, and have each count in what the last left."""
    found: list[Splice] = []
    shifted = stop = 0
    for at, deleted, data in sorted(changes):
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
