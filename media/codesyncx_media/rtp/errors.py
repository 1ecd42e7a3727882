"""The one error a packet from elsewhere may raise."""

from __future__ import annotations


class ParseError(ValueError):
    """A packet that breaks the rules of its format. Drop it; its sender may be anybody."""
