"""A car park from above: parked cars, a lane, a fenced-off corner that nobody is to enter."""

from __future__ import annotations

import numpy as np

from pipeline.simulate.scene.car import draw_car
from pipeline.simulate.scene.figure import Look
from pipeline.simulate.scene.place import Brush, Floor, Lens, Place
from pipeline.simulate.scene.play import Car, Figure, Play, Stay, route

_FAR = 45.0
_LANE = Floor(-14.0, 14.0, 13.2, 16.8)
_CLOSED = Floor(1.2, 4.6, 9.8, 12.2)

_ORANGE = Look((40, 110, 190), (80, 66, 56), (70, 70, 74), (30, 34, 44), (120, 150, 204), (40, 40, 44))
_DARK = Look((72, 60, 54), (110, 104, 98), (190, 190, 196), (70, 96, 130), (144, 174, 224), (60, 60, 64), 1.02)


def _paint(brush: Brush) -> None:
    brush.back(-60, 60, -1, 30, _FAR, (222, 212, 198))
    brush.back(-60, 60, 0, 2.6, _FAR, (62, 96, 74))
    brush.floor(Floor(-60, 60, 3.0, _FAR), (104, 107, 108))
    brush.floor(Floor(-60, 60, 22.4, _FAR), (74, 120, 98))
    brush.floor(_LANE, (96, 98, 100))
    for x in np.arange(-13.5, 14.0, 2.7):
        brush.floor(Floor(x - 0.05, x + 0.05, 17.2, 22.2), (205, 208, 208))
    brush.frame(_CLOSED, 0.09, (70, 70, 205))
    for x, colour in ((-9.3, (150, 92, 60)), (-3.9, (168, 168, 172)), (4.2, (58, 58, 62)), (9.6, (60, 60, 150))):
        draw_car(brush, x, 19.4, colour, length=1.75, deep=4.1)


PLACE = Place(Lens(4.2, 0.95, 0.10), _paint, {"closed": _CLOSED}, dark=0.22, rough=11.0)

PLAY = Play(
    30.0,
    (
        # Into the closed corner, stays, and out the other way.
        Figure(_ORANGE, route(3.0, (-7.2, 10.6), (6.6, (2.6, 11.0)), (5.5, (2.6, 11.0)), (3.4, (7.4, 11.4)))),
        # Past it, never in it.
        Figure(_DARK, route(18.0, (6.0, 8.9), (8.0, (-6.0, 9.0)))),
    ),
    (Car((150, 150, 156), Stay(1.0, 6.0, (-12.0, 14.4), (12.0, 14.4))),),
)
"""A car passes; one person goes into the closed corner and stays there; another passes it by."""
