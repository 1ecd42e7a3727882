"""Tells that a document's content changed, and nothing more: that is cheap.

pycrdt's own events say what changed, worked out whether anybody asks or not: a walk over the whole
text for each letter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pycrdt import Doc

_STATE = "state"


class ContentWatch:
    """Calls back whenever anything but the document's `state` changes, until `stop`."""

    def __init__(self, doc: Doc[Any], on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._subscriptions = [
            root.integrated.observe_deep(self._on_events)
            for name, root in doc.items()
            if name != _STATE
        ]

    def stop(self) -> None:
        """Call back no more."""
        for subscription in self._subscriptions:
            subscription.drop()
        self._subscriptions.clear()

    def _on_events(self, _events: Any) -> None:
        self._on_change()
