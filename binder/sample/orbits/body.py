"""What moves."""

from dataclasses import dataclass


@dataclass
class Body:
    """A point mass; au, au/day and solar masses."""

    name: str
    mass: float
    x: float
    y: float
    vx: float = 0.0
    vy: float = 0.0
