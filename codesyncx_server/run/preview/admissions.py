"""What was answered to a viewer a moment ago: it isn't asked again with each of their requests."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .proxy import Admission

#: Who may what is told when it changes; this is for what changes by itself, such as the time.
HOLDS_S = 0.5
_MOST = 500


class Admissions:
    """Those of the last half second, by what a viewer has shown."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Know of none yet."""
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[Admission, float]] = {}

    def find(self, shown: tuple[str, str]) -> Admission | None:
        """Give one that still holds; it is asked for anew when it is older."""
        found = self._known.get(shown)
        if found is None:
            return None
        admission, judged_at = found
        now = self._clock()
        if now - judged_at >= HOLDS_S:
            if not admission.still_holds():
                del self._known[shown]
                admission.apps.close_idle(0)
                return None
            self._known[shown] = (admission, now)
        return admission

    def add(self, shown: tuple[str, str], admission: Admission) -> None:
        """Keep one."""
        if len(self._known) >= _MOST:
            self._known.pop(next(iter(self._known)))[0].apps.close_idle(0)
        self._known[shown] = (admission, self._clock())

    def judge_again(self) -> None:
        """Ask anew when somebody comes: what they may do may be another thing now."""
        self._known = {shown: (one, -math.inf) for shown, (one, _) in self._known.items()}

    def look_after(self) -> None:
        """Forget those that hold no more, and close connections that have waited for long."""
        for shown in list(self._known):
            if (admission := self.find(shown)) is not None:
                admission.apps.close_idle()

    def close(self) -> None:
        """Forget all."""
        for admission, _ in self._known.values():
            admission.apps.close_idle(0)
        self._known.clear()
