"""How much output of a kernel reaches a browser: the server counts, whatever the kernel says. Pure.

Each request to execute that the browser has sent has room for so much. What a kernel says without
having been asked, or in answer to a request that nobody sent, shares the room of one more, which is
there anew with each request.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum

_REMEMBERED = 256
_UNASKED = ""


class Outcome(Enum):
    """What becomes of one message."""

    PASS = "pass"  # noqa: S105 - no password
    CUT = "cut"
    """It is the first that doesn't fit: a notice takes its place."""
    DROP = "drop"


class OutputBudget:
    """The room that is left for each request to one kernel."""

    def __init__(self, most_bytes: int) -> None:
        """Give each request so much."""
        self.most_bytes = most_bytes
        self._left: OrderedDict[str, int] = OrderedDict({_UNASKED: most_bytes})

    def ask(self, request_id: str) -> None:
        """Know that the browser has sent a request."""
        self._left[_UNASKED] = self.most_bytes
        self._left[request_id] = self.most_bytes
        if len(self._left) > _REMEMBERED:
            oldest = next(key for key in self._left if key != _UNASKED)
            del self._left[oldest]

    def spend(self, request_id: str, size: int) -> Outcome:
        """Take a message of the kernel's that answers a request, as it says."""
        key = request_id if request_id in self._left else _UNASKED
        left = self._left[key]
        if left < 0:
            return Outcome.DROP
        self._left[key] = left - size
        return Outcome.PASS if size <= left else Outcome.CUT
