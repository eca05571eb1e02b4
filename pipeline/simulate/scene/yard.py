"""A school yard, near and far: a court that nobody is to enter, a line across the yard, pillars that hide people.

The corpus of incidents is played here (`benchmarks/corpus/`); what else moves in a yard is here too.
"""

from __future__ import annotations

from math import sin

import numpy as np

from pipeline.simulate.scene.figure import Look
from pipeline.simulate.scene.place import Brush, Colour, Floor, Lens, Place, Screen
from pipeline.simulate.scene.play import Stay, Thing

_FAR = 60.0
COURT = Floor(-2.2, 2.2, 9.0, 13.0)
"""Where nobody is to be."""
FAR_COURT = Floor(-4.0, 4.0, 24.0, 32.0)
"""The same, where people are a tenth of the picture's height and less."""
FARTHEST_COURT = Floor(-6.0, 6.0, 33.0, 46.0)
"""The same, where they are 0.06 to 0.07 of it."""
EDGE_COURT = Floor(-3.6, -0.6, 6.75, 8.6)
"""The same at the lower left corner of the picture, where its edge cuts people off."""
LINE = ((-3.0, 8.0), (-3.0, 15.0))
"""Across the yard: who crosses it goes from left to right or from right to left."""
PILLARS = ((-0.9, 8.4), (1.1, 8.2))
"""`(x, z)` of what stands before the court."""


def looks(count: int) -> list[Look]:
    """So many people, each dressed as nobody else."""
    jackets = [(150, 70, 40), (50, 50, 170), (70, 130, 60), (60, 190, 220), (150, 60, 140), (205, 205, 205)]
    jackets += [(30, 30, 34), (160, 160, 60), (60, 110, 220), (120, 90, 60), (90, 160, 150), (200, 150, 160)]
    trousers = [(60, 52, 46), (110, 70, 40), (40, 40, 44), (150, 140, 130), (70, 90, 120), (40, 60, 50)]
    hair = [(30, 38, 48), (24, 26, 30), (60, 96, 140), (120, 130, 140)]
    skin = [(135, 165, 215), (90, 122, 178), (62, 86, 128)]
    return [
        Look(
            jackets[n % 12],
            trousers[(n + n // 6) % 6],
            (200, 205, 210),
            hair[n % 4],
            skin[n % 3],
            (50, 50, 55),
            0.94 + 0.03 * (n % 4),
        )
        for n in range(count)
    ]


def _paint(brush: Brush) -> None:
    brush.back(-80, 80, -1, 40, _FAR, (228, 214, 196))
    brush.back(-60, -4, 0, 9.0, 50.0, (140, 152, 170))
    brush.back(4, 60, 0, 7.0, 46.0, (120, 134, 160))
    for row in range(3):
        for column in range(12):
            x, y = -56 + 4.2 * column, 1.0 + 2.6 * row
            brush.back(x, x + 1.8, y, y + 1.5, 50.0, (176, 166, 150))
    brush.floor(Floor(-80, 80, 2.0, _FAR), (112, 122, 128))
    for row, z in enumerate(np.arange(4.0, 36.0, 2.0)):
        for column, x in enumerate(np.arange(-18.0, 18.0, 2.0)):
            shade = 5 * ((row * 7 + column * 5) % 3) - 5
            brush.floor(Floor(x, x + 1.96, z, z + 1.96), (116 + shade, 126 + shade, 132 + shade))
    for court in (COURT, FAR_COURT):
        brush.frame(court, 0.09, (70, 180, 215))
    (x, near), (_, far) = LINE
    brush.floor(Floor(x - 0.04, x + 0.04, near, far), (220, 224, 226))


def _pillars(brush: Brush) -> None:
    for x, z in PILLARS:
        brush.box((x - 0.35, 0.0, z), (x + 0.35, 3.2, z + 0.5), (132, 140, 148))


_LENS = Lens(3.6, 0.85, 0.18)
_LINES = {"path": LINE}

PLACE = Place(_LENS, _paint, {"court": COURT}, _LINES, dark=0.2, rough=7.0)
PILLARED = Place(
    _LENS, _paint, {"court": COURT}, _LINES, tuple(Screen(z, _pillars) for _, z in PILLARS), dark=0.2, rough=7.0
)
EDGE = Place(_LENS, _paint, {"corner": EDGE_COURT}, dark=0.2, rough=7.0)
DISTANT = Place(_LENS, _paint, {"far-court": FAR_COURT}, dark=0.2, rough=7.0)
FARTHEST = Place(_LENS, _paint, {"farthest-court": FARTHEST_COURT}, dark=0.2, rough=7.0)


def tree(x: float, z: float, tall: float = 4.0) -> Thing:
    """A tree whose crown sways in the wind."""
    make = np.random.default_rng(int(abs(x) * 10 + z))
    leaves = make.uniform((-1.1, 0.45, 0.0), (1.1, 1.0, 6.3), (40, 3))

    def paint(brush: Brush, at: float) -> None:
        brush.back(x - 0.15, x + 0.15, 0.0, 0.6 * tall, z, (50, 70, 90))
        for n, (aside, up, phase) in enumerate(leaves):
            sway = 0.18 * sin(1.7 * at + phase) + 0.1 * sin(4.3 * at + 2 * phase)
            u, v, shade = x + aside + sway, up * tall, 6 * (n % 5)
            brush.back(u - 0.35, u + 0.35, v - 0.3, v + 0.3, z, (40 + shade, 88 + shade, 52 + shade))

    return Thing(z, paint)


def banner(x: float, z: float, colour: Colour = (60, 60, 190)) -> Thing:
    """A cloth between two poles that flaps."""

    def paint(brush: Brush, at: float) -> None:
        for pole in (x - 1.6, x + 1.6):
            brush.back(pole - 0.05, pole + 0.05, 0.0, 2.6, z, (90, 90, 96))
        edge = [(x - 1.6 + 0.4 * n, 0.12 * sin(5 * at + n)) for n in range(9)]
        upper, lower = [(u, 2.4 + d, z) for u, d in edge], [(u, 1.3 + d, z) for u, d in reversed(edge)]
        brush.fill(upper + lower, colour)

    return Thing(z, paint)


def dog(way: Stay, colour: Colour = (40, 60, 92)) -> Thing:
    """A dog that runs straight across the yard, and is not there before and after."""

    def paint(brush: Brush, at: float) -> None:
        if not way.start <= at < way.end:
            return
        x, z = way.spot(at)
        ahead = 1.0 if way.there[0] > way.here[0] else -1.0
        for low, high, bottom, top in ((-0.35, 0.35, 0.32, 0.58), (0.3, 0.55, 0.48, 0.72), (-0.6, -0.35, 0.5, 0.56)):
            left, right = sorted((x + ahead * low, x + ahead * high))
            brush.back(left, right, bottom, top, z, colour)
        for n, leg in enumerate((-0.3, -0.18, 0.18, 0.3)):
            u, foot = x + leg, x + leg + 0.12 * sin(14 * at + 1.6 * n)
            upper, lower = [(u - 0.04, 0.35, z), (u + 0.04, 0.35, z)], [(foot + 0.04, 0.0, z), (foot - 0.04, 0.0, z)]
            brush.fill([*upper, *lower], colour)

    return Thing(way.here[1], paint)
