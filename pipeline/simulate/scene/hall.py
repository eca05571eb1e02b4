"""A school hall with a marked mat on the floor and a line beside it, and what is played there."""

from __future__ import annotations

import numpy as np

from pipeline.simulate.scene.figure import Look
from pipeline.simulate.scene.place import Brush, Floor, Lens, Place
from pipeline.simulate.scene.play import Figure, Play, route

_BACK, _CEILING, _SIDE = 8.2, 3.3, 4.6
_MAT = Floor(-0.95, 0.95, 4.25, 5.35)
_THRESHOLD = ((-1.75, 4.25), (-1.75, 5.9))

_BLUE = Look((110, 60, 35), (70, 62, 58), (215, 215, 220), (30, 38, 48), (135, 165, 215), (40, 40, 45))
_RED = Look((60, 66, 150), (92, 70, 52), (60, 60, 62), (24, 26, 30), (90, 122, 178), (150, 150, 155), 0.96)


def _paint(brush: Brush) -> None:
    _walls(brush)
    _floor(brush)
    _furniture(brush)


def _walls(brush: Brush) -> None:
    brush.back(-_SIDE, _SIDE, 0, _CEILING, _BACK, (186, 196, 200))
    brush.back(-_SIDE, _SIDE, 0, 1.15, _BACK, (150, 168, 160))
    for x, shade in ((-_SIDE, 168), (_SIDE, 190)):
        brush.side(1.0, _BACK, 0, _CEILING, x, (shade, shade + 8, shade + 12))
        brush.side(1.0, _BACK, 0, 1.15, x, (shade - 36, shade - 20, shade - 28))
    brush.back(-_SIDE, _SIDE, 0, 0.1, _BACK, (88, 92, 96))


def _floor(brush: Brush) -> None:
    brush.floor(Floor(-_SIDE, _SIDE, 1.0, _BACK), (128, 146, 158))
    for row, z in enumerate(np.arange(1.0, _BACK, 0.6)):
        for column, x in enumerate(np.arange(-_SIDE, _SIDE, 0.6)):
            shade = 4 * ((row * 7 + column * 5) % 3) - 4
            tile = Floor(x, min(x + 0.585, _SIDE), z, min(z + 0.585, _BACK))
            brush.floor(tile, (132 + shade, 150 + shade, 162 + shade))
    brush.frame(_MAT, 0.07, (60, 190, 225))
    (x, near), (_, far) = _THRESHOLD
    brush.floor(Floor(x - 0.03, x + 0.03, near, far), (200, 205, 205))


def _furniture(brush: Brush) -> None:
    _door(brush, -2.6)
    brush.back(0.9, 2.9, 1.25, 2.25, _BACK, (70, 96, 120))
    brush.back(0.96, 2.84, 1.31, 2.19, _BACK, (120, 160, 176))
    for row, column in ((r, c) for r in range(2) for c in range(5)):
        x, y = 1.05 + 0.35 * column, 1.38 + 0.42 * row
        brush.back(x, x + 0.22, y, y + 0.3 - 0.03 * (column % 2), _BACK, (215, 222 - 9 * column, 205 + 8 * row))
    for pane in range(3):
        z = 3.6 + 1.5 * pane
        brush.side(z, z + 1.15, 1.35, 2.8, _SIDE, (120, 122, 122))
        brush.side(z + 0.06, z + 1.09, 1.42, 2.73, _SIDE, (238, 232, 222))


def _door(brush: Brush, x: float) -> None:
    brush.back(x - 0.62, x + 0.62, 0, 2.2, _BACK, (92, 100, 106))
    brush.back(x - 0.54, x + 0.54, 0, 2.12, _BACK, (74, 104, 138))
    brush.back(x - 0.02, x + 0.0, 0, 2.12, _BACK, (52, 74, 100))
    for side in (-1, 1):
        middle = x + side * 0.27
        brush.back(middle - 0.13, middle + 0.13, 1.2, 1.9, _BACK, (176, 178, 170))
        brush.back(x + side * 0.06 - 0.03, x + side * 0.06 + 0.03, 0.98, 1.06, _BACK, (190, 190, 190))


PLACE = Place(Lens(2.35, 0.80, 0.20), _paint, {"mat": _MAT}, {"threshold": _THRESHOLD})

PLAY = Play(
    30.0,
    (
        Figure(_BLUE, route(2.5, (-4.2, 4.75), (3.6, (-0.15, 4.75)), (7.0, (-0.15, 4.75)), (3.6, (-4.2, 4.9)))),
        Figure(_RED, route(13.0, (4.3, 5.0), (3.7, (0.2, 4.85)), (6.0, (0.2, 4.85)), (3.7, (4.3, 4.95)))),
    ),
)
"""One after the other they come, stand on the mat and leave; the first goes over the line, in and out."""

PASSING = Play(8.0, (Figure(_BLUE, route(0.4, (-3.6, 4.8), (2.4, (0.0, 4.8)), (1.5, (0.0, 4.8)), (2.4, (3.6, 4.8)))),))
"""Somebody goes over the line, halts on the mat and leaves on the other side: short, to be played over and over."""
