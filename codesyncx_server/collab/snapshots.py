"""Says with one or two updates what many said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pycrdt import Doc, merge_updates

if TYPE_CHECKING:
    from collections.abc import Sequence

_SMALL_BYTES = 64_000
_ENOUGH_BYTES = 256_000


def join_small(updates: Sequence[bytes]) -> list[bytes]:
    """Say the same with fewer updates, but leave those alone that are large already."""
    parts: list[bytes] = []
    small: list[bytes] = []

    def close() -> None:
        if small:
            parts.append(merge_updates(*small))
            small.clear()

    for update in updates:
        if len(update) > _SMALL_BYTES:
            close()
            parts.append(update)
            continue
        small.append(update)
        if sum(map(len, small)) > _ENOUGH_BYTES:
            close()
    close()
    return parts


def condense(
    updates: Sequence[bytes], saved: int | None = None, change: bytes = b""
) -> list[bytes]:
    """Give the whole state; with `saved` that after so many updates, then what carries it on.

    `change` is an update that was made on the saved state, and belongs to it.
    """
    doc: Doc[Any] = Doc()
    for update in updates[: saved or 0]:
        doc.apply_update(update)
    if change:
        doc.apply_update(change)
    before = doc.get_state()
    parts = [] if saved is None else [doc.get_update()]
    for update in updates[saved or 0 :]:
        doc.apply_update(update)
    parts.append(doc.get_update() if saved is None else doc.get_update(before))
    return parts
