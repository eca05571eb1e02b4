"""A drawn car, parked or driving."""

from __future__ import annotations

from pipeline.simulate.scene.place import Brush, Colour


def draw_car(brush: Brush, x: float, z: float, colour: Colour, length: float = 4.2, deep: float = 1.75) -> None:
    """A car whose middle is at `x`, its near side at `z`; `length` across the view and `deep` along it, metres."""
    left, right = x - length / 2, x + length / 2
    brush.box((left, 0.28, z), (right, 0.85, z + deep), colour)
    cabin = length * 0.22 if length > deep else 0.12
    brush.box((left + cabin, 0.85, z + 0.1), (right - cabin * 0.8, 1.4, z + deep * 0.8), (88, 84, 78))
    brush.back(left + cabin, right - cabin * 0.8, 1.3, 1.42, z + 0.1, colour)
    for wheel in (left + 0.2 * length, right - 0.2 * length):
        brush.back(wheel - 0.3, wheel + 0.3, 0.0, 0.5, z - 0.01, (36, 36, 38))
