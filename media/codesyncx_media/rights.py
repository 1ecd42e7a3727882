"""What a person may do in a call."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """One thing that a room token allows; to listen, to watch and to raise a hand needs none."""

    SPEAK = "speak"
    """Microphone and camera."""
    SHARE_SCREEN = "share_screen"
    """Screens, windows and tabs, with their sound."""
    MODERATE = "moderate"
    """Mute and remove others, the lobby, the lock, breakout rooms."""
    RECORD = "record"


Rights = frozenset[Right]

NO_RIGHTS: Rights = frozenset()
EVERY_RIGHT: Rights = frozenset(Right)
