"""How often something may be tried, by one and by all together."""

from __future__ import annotations

import ipaddress
import time
from collections import deque
from typing import TYPE_CHECKING

from ..errors import TooManyError

if TYPE_CHECKING:
    from collections.abc import Callable

_IPV6_NETWORK_BITS = 64
_MOST_NAMES = 10_000
_LONGEST_NAME = 255


class Attempts:
    """Counts tries within a window of time; what succeeds doesn't count against all together."""

    def __init__(
        self,
        *,
        for_one: int,
        overall: int,
        seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._for_one = for_one
        self._overall = overall
        self._seconds = seconds
        self._clock = clock
        self._failures: deque[float] = deque()
        self._by_name: dict[str, deque[float]] = {}

    def begin(self, name: str) -> None:
        """Count one try; TooManyError when there were too many."""
        now = self._clock()
        _forget(self._failures, now - self._seconds)
        past = self._by_name.setdefault(name[:_LONGEST_NAME], deque())
        if len(self._by_name) > _MOST_NAMES:
            self._by_name.pop(next(iter(self._by_name)))
        _forget(past, now - self._seconds)
        if len(past) >= self._for_one or len(self._failures) >= self._overall:
            raise TooManyError("There were too many tries; please wait a minute.")
        past.append(now)

    def failed(self) -> None:
        """Say that the last try was wrong."""
        self._failures.append(self._clock())


def _forget(past: deque[float], until: float) -> None:
    while past and past[0] <= until:
        past.popleft()


def network_of(address: str) -> str:
    """Give what one person holds: an IPv4 address, or a whole network of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:  # noqa: PLR2004 - the version's name
        return str(found)
    return str(ipaddress.ip_network((found, _IPV6_NETWORK_BITS), strict=False))
