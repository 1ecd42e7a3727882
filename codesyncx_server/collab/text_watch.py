"""Tells what each change of a text does, and doesn't work it out where somebody knows already.

pycrdt's own way to observe a text walks over all of it for each letter, whether anybody asks what
changed or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .spans import splices_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pycrdt import Text

    from .spans import Splice


class TextWatch:
    """Calls `on_change` with what each change of `text` did, until `close`."""

    def __init__(self, text: Text, on_change: Callable[[list[Splice]], None]) -> None:
        self._text = text
        self._on_change = on_change
        self._foretold: list[Splice] | None = None
        self._transaction: Any = None
        self._subscription = text.integrated.observe(self._on_event)

    def close(self) -> None:
        """Call back no more."""
        self._subscription.drop()

    def foretell(self, splices: list[Splice] | None) -> None:
        """Take what the next change does, of which somebody is certain; None to take it back."""
        self._foretold = splices

    def length(self) -> int:
        """Give how long the text is now; only while it is told of a change."""
        count: int = self._text.integrated.len(self._transaction)
        return count

    def read(self) -> str:
        """Give the whole text; only while it is told of a change."""
        text: str = self._text.integrated.get_string(self._transaction)
        return text

    def _on_event(self, event: Any) -> None:
        foretold, self._foretold = self._foretold, None
        self._transaction = event.transaction
        try:
            self._on_change(splices_of(event.delta) if foretold is None else foretold)
        except Exception as error:  # noqa: BLE001 - native code calls this, where it would get lost
            # Here pycrdt keeps those of other observers; it raises them after the transaction.
            self._text.doc._exceptions.append(error)
        finally:
            self._transaction = None
