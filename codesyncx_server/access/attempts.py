"""How often something may be tried, by one address and by all together."""

from __future__ import annotations

import ipaddress
import time
from collections import deque
from typing import TYPE_CHECKING

from ..errors import TooManyError

if TYPE_CHECKING:
    from collections.abc import Callable

_IPV6_NETWORK_BITS = 64
_MOST_ADDRESSES = 10_000


class Attempts:
    """Counts tries within a window of time; what succeeds doesn't count against all together."""

    def __init__(
        self,
        *,
        per_address: int = 20,
        overall: int = 300,
        seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_address = per_address
        self._overall = overall
        self._seconds = seconds
        self._clock = clock
        self._failures: deque[float] = deque()
        self._by_address: dict[str, deque[float]] = {}

    def begin(self, address: str) -> None:
        """Count one try; TooManyError when there were too many."""
        now = self._clock()
        _forget(self._failures, now - self._seconds)
        past = self._by_address.setdefault(_network_of(address), deque())
        if len(self._by_address) > _MOST_ADDRESSES:
            self._by_address.pop(next(iter(self._by_address)))
        _forget(past, now - self._seconds)
        if len(past) >= self._per_address or len(self._failures) >= self._overall:
            raise TooManyError("There were too many tries; please wait a minute.")
        past.append(now)

    def failed(self) -> None:
        """Say that the last try was wrong."""
        self._failures.append(self._clock())


def _forget(past: deque[float], until: float) -> None:
    while past and past[0] <= until:
        past.popleft()


def _network_of(address: str) -> str:
    """Give what one person holds: an IPv4 address, or a whole network of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if found.version == 4:  # noqa: PLR2004 - the version's name
        return str(found)
    return str(ipaddress.ip_network((found, _IPV6_NETWORK_BITS), strict=False))
