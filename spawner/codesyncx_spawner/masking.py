"""Takes secrets out of what a run prints, wherever its output happens to be cut in pieces. Pure.

Only what is printed just as it was given is found: a secret that a program turns round, encodes or
prints letter by letter isn't.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "***"
#: Less than this isn't looked for: it would take ordinary words out of the output.
LEAST = 4


class Masking:
    """Masks one stream of output; a secret of several lines is masked line by line, too."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Take what is secret."""
        self._secrets = [text.encode() for text in _parts(secrets)]
        self._held = b""
        """The end of the output so far, which may be the beginning of a secret."""
        self._covered = 0
        """So many bytes of that are known to be secret."""
        self._in_mask = False

    def add(self, data: bytes) -> bytes:
        """Take output; give what of it, and of what was held back, is known to be no secret."""
        if not self._secrets:
            return data
        text = self._held + data
        end = min((_open_end(text, secret) for secret in self._secrets), default=len(text))
        return self._take(text, end)

    def end(self) -> bytes:
        """Give what was held back, at the end of the output."""
        return self._take(self._held, len(self._held))

    def _take(self, text: bytes, end: int) -> bytes:
        """Give the masked text up to a place from which on it is held back."""
        spans = sorted(self._spans(text))
        shown, at = bytearray(), 0
        for start, stop in spans:
            if start >= end:
                break
            if start > at:
                shown += text[at:start]
                self._in_mask = False
            if not self._in_mask:
                shown += MASK.encode()
                self._in_mask = True
            at = max(at, stop)
        if at < end:
            shown += text[at:end]
            self._in_mask = False
        self._held, self._covered = text[end:], max(0, at - end)
        return bytes(shown)

    def _spans(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Give where there is something secret."""
        if self._covered:
            yield 0, self._covered
        for secret in self._secrets:
            start = text.find(secret)
            while start >= 0:
                yield start, start + len(secret)
                start = text.find(secret, start + 1)


def mask(text: str, secrets: Iterable[str]) -> str:
    """Give a whole text without the secrets in it."""
    masking = Masking(secrets)
    data = text.encode(errors="surrogateescape")
    return (masking.add(data) + masking.end()).decode(errors="surrogateescape")


def _parts(secrets: Iterable[str]) -> set[str]:
    found = set[str]()
    for secret in secrets:
        parts = (secret, *map(str.strip, secret.splitlines()))
        found |= {part for part in parts if len(part) >= LEAST}
    return found


def _open_end(text: bytes, secret: bytes) -> int:
    """Say where the text's end begins that more output may make a secret of."""
    start = text.find(secret[:1], max(0, len(text) - len(secret) + 1))
    while start >= 0:
        if secret.startswith(text[start:]):
            return start
        start = text.find(secret[:1], start + 1)
    return len(text)
