"""Move bodies under each other's gravity (velocity Verlet)."""

from itertools import combinations
from math import hypot

G = 2.959122e-4  # au^3 / (solar mass * day^2)


def accelerations(bodies):
    """The pull of all others on each body."""
    pulls = {id(body): [0.0, 0.0] for body in bodies}
    for a, b in combinations(bodies, 2):
        dx, dy = b.x - a.x, b.y - a.y
        strength = G / hypot(dx, dy) ** 3
        pulls[id(a)][0] += strength * b.mass * dx
        pulls[id(a)][1] += strength * b.mass * dy
        pulls[id(b)][0] -= strength * a.mass * dx
        pulls[id(b)][1] -= strength * a.mass * dy
    return [pulls[id(body)] for body in bodies]


def step(bodies, dt):
    """Move every body by `dt` days."""
    before = accelerations(bodies)
    for body, (ax, ay) in zip(bodies, before):
        body.x += body.vx * dt + ax * dt * dt / 2
        body.y += body.vy * dt + ay * dt * dt / 2
    after = accelerations(bodies)
    for body, (ax, ay), (bx, by) in zip(bodies, before, after):
        body.vx += (ax + bx) * dt / 2
        body.vy += (ay + by) * dt / 2


def energy(bodies):
    """Kinetic and potential energy; a good solver keeps it."""
    kinetic = sum(b.mass * (b.vx**2 + b.vy**2) / 2 for b in bodies)
    potential = -sum(
        G * a.mass * b.mass / hypot(b.x - a.x, b.y - a.y) for a, b in combinations(bodies, 2)
    )
    return kinetic + potential
