"""From places in the picture to metres on flat ground.

The plane-to-plane homography of four points: R. Hartley, A. Zisserman, Multiple View Geometry in Computer Vision, 2nd
edition, 2004, section 4.1 (the direct linear transformation; h33 = 1 in the middle of the four points, where there is
ground). Not here: how fast somebody is (`moving`).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pipeline.config import Ground
from pipeline.types import Point


class Plane:
    """`metres` of a normalised place; good for what stands on the ground."""

    def __init__(self, ground: Ground) -> None:
        rows, wanted = [], []
        self._middle = tuple(sum(axis) / 4 for axis in zip(*ground.points, strict=True))
        for place, (east, north) in zip(ground.points, ground.metres, strict=True):
            x, y = place[0] - self._middle[0], place[1] - self._middle[1]
            rows += [[x, y, 1, 0, 0, 0, -east * x, -east * y], [0, 0, 0, x, y, 1, -north * x, -north * y]]
            wanted += [east, north]
        found = np.linalg.solve(np.array(rows, np.float64), np.array(wanted, np.float64))
        self._h = tuple(float(one) for one in found)

    def metres(self, place: Point) -> Point | None:
        """Where that is on the ground; None at and above the horizon, where no ground is seen."""
        a, b, c, d, e, f, g, h = self._h
        x, y = place[0] - self._middle[0], place[1] - self._middle[1]
        depth = g * x + h * y + 1
        if depth <= 0:
            return None
        return (a * x + b * y + c) / depth, (d * x + e * y + f) / depth


@lru_cache(maxsize=256)
def plane_of(ground: Ground) -> Plane:
    """The same for all rules and people of a camera."""
    return Plane(ground)
