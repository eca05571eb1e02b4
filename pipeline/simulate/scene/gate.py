"""A school gate between two low walls, seen from the house: a path that leads to it, a line across the path."""

from __future__ import annotations

import numpy as np

from pipeline.simulate.scene.figure import Look
from pipeline.simulate.scene.place import Brush, Floor, Lens, Place, Screen
from pipeline.simulate.scene.play import Figure, Play, route

_FAR, _WALL_Z, _WIDE = 40.0, 10.6, 12.0
_PATH = Floor(-1.7, 1.7, 3.0, 14.0)
_WAITING = Floor(-1.5, 1.5, 6.6, 8.6)
_LINE = ((-2.0, 9.6), (2.0, 9.6))

_GREEN = Look((66, 92, 58), (60, 50, 44), (200, 205, 210), (40, 60, 96), (142, 172, 222), (44, 44, 48), 0.97)
_GREY = Look((96, 92, 90), (96, 70, 40), (210, 210, 215), (26, 26, 30), (70, 96, 150), (200, 200, 205))


def _paint(brush: Brush) -> None:
    brush.back(-40, 40, -1, 30, _FAR, (226, 214, 196))
    brush.back(-40, -9, 0, 7.5, 32.0, (128, 142, 156))
    brush.back(6, 40, 0, 9.0, 34.0, (146, 150, 152))
    for row in range(3):
        for column in range(6):
            x, y = 8.0 + 3.6 * column, 1.2 + 2.6 * row
            brush.back(x, x + 1.6, y, y + 1.5, 34.0, (178, 168, 150))
    brush.floor(Floor(-40, 40, 2.0, _FAR), (70, 122, 96))
    brush.floor(Floor(-40, 40, 14.0, 20.0), (112, 114, 116))
    for row, z in enumerate(np.arange(_PATH.z1, _PATH.z2, 0.5)):
        for column, x in enumerate(np.arange(_PATH.x1, _PATH.x2 - 0.1, 0.5667)):
            shade = 5 * ((row * 5 + column * 7) % 3) - 5
            brush.floor(Floor(x, x + 0.55, z, z + 0.485), (152 + shade, 158 + shade, 162 + shade))
    (x1, z), (x2, _) = _LINE
    brush.floor(Floor(x1, x2, z - 0.04, z + 0.04), (225, 228, 228))


def _walls(brush: Brush) -> None:
    for side in (-1, 1):
        near, far = sorted((side * 2.1, side * _WIDE))
        brush.box((near, 0.0, _WALL_Z), (far, 0.75, _WALL_Z + 0.3), (92, 108, 150))
        pillar = sorted((side * 1.75, side * 2.2))
        brush.box((pillar[0], 0.0, _WALL_Z - 0.05), (pillar[1], 1.5, _WALL_Z + 0.4), (96, 112, 156))


PLACE = Place(
    Lens(2.9, 0.85, 0.24),
    _paint,
    {"waiting": _WAITING},
    {"gate": _LINE},
    (Screen(_WALL_Z, _walls),),
    dark=0.2,
)

PLAY = Play(
    30.0,
    (
        # In from the street, waits on the path, goes on to the house's side.
        Figure(
            _GREEN,
            route(1.0, (8.5, 12.4), (5.6, (0.4, 12.4)), (2.8, (0.3, 8.0)), (6.0, (0.3, 8.0)), (4.6, (-6.2, 7.2))),
        ),
        # From the house to the gate and out.
        Figure(_GREY, route(15.6, (5.4, 7.0), (3.6, (0.7, 7.6)), (3.6, (-0.4, 12.4)), (5.8, (-8.6, 12.6)))),
    ),
)
"""One comes in and waits on the path; another crosses the path, and leaves by the gate."""
