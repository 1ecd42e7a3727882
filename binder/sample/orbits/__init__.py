"""Follow planets around a star."""

from .body import Body
from .solver import energy, step

__all__ = ["Body", "energy", "step"]
