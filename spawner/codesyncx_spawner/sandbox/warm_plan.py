"""Which sandboxes are to stand ready: such as were wanted last. Pure."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

from .backend import SandboxSpec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..limits import Limits


class Kind(NamedTuple):
    """What is settled when a sandbox is made; the rest is said when its run has come."""

    limits: Limits
    image: str | None = None
    is_kept: bool = False

    def to_spec(self, name: str) -> SandboxSpec:
        """Say what to make; nothing runs in it yet."""
        return SandboxSpec(name, (), self.limits, image=self.image, is_kept=self.is_kept)


def kind_of(spec: SandboxSpec) -> Kind | None:
    """Give the kind of sandbox that would do for a run; None if it has to be made for it."""
    if spec.has_terminal or spec.read_only:
        return None
    return Kind(spec.limits, spec.image, spec.is_kept)


class WarmPlan:
    """So many sandboxes, of the kinds that so many runs wanted last."""

    def __init__(self, size: int, usual: Kind) -> None:
        """Expect runs of the usual kind."""
        self._wanted = deque([usual] * size, maxlen=size)

    def want(self, kind: Kind) -> None:
        """Know that a run wanted this kind."""
        self._wanted.append(kind)

    def missing(self, standing: Iterable[Kind]) -> list[Kind]:
        """Give what is to be made, what was wanted last first."""
        there = Counter(standing)
        missing = []
        for kind in reversed(self._wanted):
            if there[kind]:
                there[kind] -= 1
            else:
                missing.append(kind)
        return missing

    def is_surplus(self, kind: Kind, standing: Iterable[Kind]) -> bool:
        """Whether more of a kind stand ready than are expected to be wanted."""
        return Counter(standing)[kind] > self._wanted.count(kind)
