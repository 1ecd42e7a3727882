"""The pieces of which the order of a text consists: runs of one author's clocks, in blocks."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..updates import Id, Struct


class OrderLostError(Exception):
    """The text can't be followed any more: it took in what isn't understood here."""


class Run:
    """So many clocks of one client, side by side; `data` is what can be read of it, if anything.

    `left` and `right` are what the first of them stood between when it was made.
    """

    __slots__ = ("block", "client", "clock", "data", "left", "length", "right")

    block: Block

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
        if units == self.length:
            return len(data)
        try:
            return len(data.decode().encode("utf-16-le")[: 2 * units].decode("utf-16-le").encode())
        except UnicodeDecodeError as error:
            raise OrderLostError from error  # between the halves of a character

    def units(self, offset: int) -> int:
        """Give how many clocks the first so many bytes are; UnicodeDecodeError within a letter."""
        data = self.data or b""
        if len(data) == self.length:
            return offset
        return len(data[:offset].decode().encode("utf-16-le")) // 2


class Block:
    """Some runs in order, and how much of them can be read."""

    __slots__ = ("runs", "size")

    def __init__(self, runs: list[Run]) -> None:
        self.runs = runs
        self.size = 0
        for run in runs:
            run.block = self
            self.size += run.size


class Runs:
    """The runs of one client, by their clocks."""

    __slots__ = ("clocks", "runs")

    def __init__(self) -> None:
        self.clocks: list[int] = []
        self.runs: list[Run] = []

    def find(self, clock: int) -> Run | None:
        """Give the run that has a clock."""
        place = bisect_right(self.clocks, clock)
        if not place:
            return None
        run = self.runs[place - 1]
        return run if clock < run.clock + run.length else None

    def add(self, run: Run) -> None:
        place = bisect_right(self.clocks, run.clock)
        self.clocks.insert(place, run.clock)
        self.runs.insert(place, run)


def run_of(struct: Struct) -> Run:
    return Run(struct.client, struct.clock, struct.length, struct.data, struct.left, struct.right)


def cut(run: Run, units: int) -> Run:
    """Give what remains of a run without its first clocks."""
    at = run.offset(units)
    data = None if run.data is None else run.data[at:]
    left = run.client, run.clock + units - 1
    return Run(run.client, run.clock + units, run.length - units, data, left, run.right)


def cut_off(run: Run, units: int) -> Run:
    """Take all but its first clocks off a run."""
    rest = cut(run, units)
    if run.data is not None and rest.data is not None:
        run.block.size -= len(rest.data)
        run.data = run.data[: len(run.data) - len(rest.data)]
    run.length = units
    return rest


def extend(left: Run, run: Run) -> None:
    """Let a run go on with another."""
    left.length += run.length
    if run.data is not None and left.data is not None:
        left.data += run.data
    left.block.size += run.size


def continues(left: Run, run: Run) -> bool:
    """Whether a run goes on with the one before it, as one who types does."""
    return (
        run.client == left.client
        and run.clock == left.clock + left.length
        and run.left == (left.client, run.clock - 1)
        and run.right == left.right
        and (run.data is None) == (left.data is None)
    )
