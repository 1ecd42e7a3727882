"""Puts packets in order, waiting a little for those that are missing."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from ..rtp.sequence import Unwrapper

T = TypeVar("T")
MAX_HELD = 1024
"""How many packets wait at most: a large key frame behind one that was lost."""


class Ordered(NamedTuple, Generic[T]):
    """The next thing in order; `follows` says that nothing is missing before it."""

    item: T
    follows: bool


class Reordering(Generic[T]):
    """Holds back what came before its turn, `wait_s` at most, then goes on without the missing."""

    def __init__(self, wait_s: float) -> None:
        self._wait_s = wait_s
        self._unwrapper = Unwrapper(16)
        self._next: int | None = None
        self._held: dict[int, T] = {}
        self._held_since = 0.0

    def receive(self, number: int, item: T, now: float) -> list[Ordered[T]]:
        """Take in what has a sequence number; give what is in order now.

        What comes twice, or when it was given up already, is dropped.
        """
        sequence = self._unwrapper.unwrap(number)
        if self._next is None:
            self._next = sequence
        if sequence < self._next or sequence in self._held:
            return []
        if not self._held:
            self._held_since = now
        self._held[sequence] = item
        ready = self._take(follows=True)
        return ready or self.poll(now)

    def poll(self, now: float) -> list[Ordered[T]]:
        """Give what has waited long enough for what is missing before it."""
        if not self._held:
            return []
        if now - self._held_since < self._wait_s and len(self._held) < MAX_HELD:
            return []
        self._next = min(self._held)
        ready = self._take(follows=False)
        self._held_since = now
        return ready

    def _take(self, *, follows: bool) -> list[Ordered[T]]:
        ready: list[Ordered[T]] = []
        while self._next is not None and self._next in self._held:
            ready.append(Ordered(self._held.pop(self._next), follows or bool(ready)))
            self._next += 1
        return ready
