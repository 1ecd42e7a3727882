"""When to write a document's file; knows no clock of its own.

Times are seconds of one monotonic clock.
"""

from __future__ import annotations

_GATHER_S = 0.5  # a burst of typing becomes one save
_PAUSE_S = 1.0
_MAX_PAUSE_S = 5.0
_PAUSE_FACTOR = 5  # a file that takes long to write is written less often
_FIRST_RETRY_S = 2.0
_MAX_RETRY_S = 30.0


class Autosave:
    """Decides when the next save is due: soon after an edit, never one on another's heels."""

    def __init__(self) -> None:
        self._edited_at: float | None = None
        self._not_before = 0.0
        self._is_saving = False
        self._failures = 0

    @property
    def due(self) -> float | None:
        """When to save; None while nothing is unsaved or a save runs."""
        if self._edited_at is None or self._is_saving:
            return None
        return max(self._edited_at + _GATHER_S, self._not_before)

    @property
    def is_unsaved(self) -> bool:
        """Whether there are edits that no finished save covers."""
        return self._edited_at is not None or self._is_saving

    def edited(self, now: float) -> None:
        """Note an edit."""
        if self._edited_at is None:
            self._edited_at = now

    def saving(self) -> None:
        """Note that a save begins, of everything up to now."""
        self._is_saving = True
        self._edited_at = None

    def saved(self, now: float, duration_s: float) -> None:
        """Note that the save is done."""
        self._is_saving = False
        self._failures = 0
        self._not_before = now + min(max(_PAUSE_FACTOR * duration_s, _PAUSE_S), _MAX_PAUSE_S)

    def failed(self, now: float) -> None:
        """Note that the save failed: its edits are unsaved again, and tried later and later."""
        self._is_saving = False
        self._edited_at = now if self._edited_at is None else self._edited_at
        self._not_before = now + min(_FIRST_RETRY_S * 2**self._failures, _MAX_RETRY_S)
        self._failures = min(self._failures + 1, 10)
