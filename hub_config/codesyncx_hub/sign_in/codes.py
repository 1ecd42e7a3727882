"""One-time codes: who has asked for one in which browser, and whether what they type is it.

A code belongs to the browser that asked for it: `browser` is a secret in a cookie of that browser,
without which the code is worth nothing. Codes are kept as keyed hashes, in memory only: after a
restart of the Hub people ask for a new one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from codesyncx_server.errors import TooManyError

from .errors import CodeRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

DIGITS = 8
LIFETIME_S = 600
TRIES = 5
MOST_OPEN = 50_000


def draw_code() -> str:
    """Draw a code as it is sent; eight digits, so that a phone shows its keypad."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


@dataclass(slots=True)
class _OpenCode:
    address: str
    digest: bytes
    ends_s: float
    tries_left: int


class OpenCodes:
    """The codes that somebody may still type; at most one for each browser."""

    def __init__(
        self, clock: Callable[[], float], draw: Callable[[], str] = draw_code, most: int = MOST_OPEN
    ) -> None:
        """Begin with none; `clock` gives seconds and never goes back."""
        self._clock = clock
        self._draw = draw
        self._most = most
        self._key = secrets.token_bytes(32)
        # By the browser's hash. All live equally long, so the first is the one that ends first.
        self._open: dict[bytes, _OpenCode] = {}

    def __len__(self) -> int:
        """Count the codes that are remembered."""
        return len(self._open)

    def ask(self, address: str, browser: str) -> str:
        """Give a new code for `address`; what the browser has asked for before is void.

        TooManyError when there are so many open codes that one more isn't kept.
        """
        self._forget_old()
        place = self._hash("browser", browser)
        self._open.pop(place, None)
        if len(self._open) >= self._most:
            raise TooManyError("Too many people are signing in; try again in some minutes.")
        code = self._draw()
        digest = self._hash("code", browser, code)
        self._open[place] = _OpenCode(address, digest, self._clock() + LIFETIME_S, TRIES)
        return code

    def spend(self, browser: str, code: str) -> str:
        """Give the address whose code this is, which is used up by it; else CodeRefusedError.

        One answer for a wrong, an old, a used and an unknown code, and the same work.
        """
        self._forget_old()
        place = self._hash("browser", browser)
        found = self._open.get(place)
        expected = found.digest if found else self._key
        is_right = hmac.compare_digest(expected, self._hash("code", browser, _digits(code)))
        if found and is_right:
            del self._open[place]
            return found.address
        if found:
            found.tries_left -= 1
            if not found.tries_left:
                del self._open[place]
        raise CodeRefusedError("This code isn't right, or it is too old.")

    def is_open(self, browser: str) -> bool:
        """Say whether a code can be typed in this browser."""
        self._forget_old()
        return self._hash("browser", browser) in self._open

    def _forget_old(self) -> None:
        now = self._clock()
        for place in [*takewhile(lambda each: self._open[each].ends_s <= now, self._open)]:
            del self._open[place]

    def _hash(self, *parts: str) -> bytes:
        message = "\0".join(parts).encode(errors="surrogatepass")
        return hmac.digest(self._key, message, hashlib.sha256)


def _digits(code: str) -> str:
    """Take what people type or paste between the digits away."""
    return "".join(each for each in code[:64] if each not in " -\u00a0\t")
