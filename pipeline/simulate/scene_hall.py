"""The empty school hall and the fixed camera that looks at it. Nothing here moves.

Hall axes in metres, seen from the camera: x to the right, y up from the floor, z away. The picture is 16:9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
Spot: TypeAlias = tuple[float, float]
"""A place on the floor: `(x, z)` metres."""

ZONE_FLOOR = (-0.95, 0.95, 4.25, 5.35)
"""The marked zone: `x1, x2, z1, z2` metres."""
LINE_FLOOR: tuple[Spot, Spot] = ((-1.75, 4.25), (-1.75, 5.9))
"""The counted line, from near to far."""

_MOUNTED = 2.35
_BACK, _CEILING, _SIDE = 8.2, 3.3, 4.6
_FOCAL, _HORIZON = 0.80, 0.20  # shares of the picture's width and height


@dataclass(frozen=True, slots=True)
class Camera:
    """The fixed camera for a picture of `width` × `height` pixels."""

    width: int
    height: int

    @property
    def focal(self) -> float:
        """Pixels that one metre takes at one metre."""
        return _FOCAL * self.width

    def pixel(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Where a point of the hall is seen."""
        return self.width / 2 + self.focal * x / z, _HORIZON * self.height + self.focal * (_MOUNTED - y) / z

    def pitch(self, z: float) -> float:
        """How steeply (radians) the camera looks down on the middle of a figure at distance `z`."""
        return float(np.arctan2(_MOUNTED - 0.9, z))

    def normal(self, spot: Spot) -> tuple[float, float]:
        """A place on the floor in normalised coordinates, four digits."""
        u, v = self.pixel(spot[0], 0.0, spot[1])
        return round(u / self.width, 4), round(v / self.height, 4)


def zone() -> list[tuple[float, float]]:
    """The marked zone as a normalised polygon."""
    x1, x2, z1, z2 = ZONE_FLOOR
    return [Camera(1280, 720).normal(spot) for spot in ((x1, z2), (x2, z2), (x2, z1), (x1, z1))]


def line() -> list[tuple[float, float]]:
    """The counted line, normalised, near end first."""
    return [Camera(1280, 720).normal(spot) for spot in LINE_FLOOR]


def hall(camera: Camera, seed: int) -> Pixels:
    """The empty hall as BGR uint8 (height, width, 3)."""
    brush = _Brush(camera)
    _walls(brush)
    _floor(brush)
    _furniture(brush)
    return brush.finish(seed)


class _Brush:
    """Fills quadrilaterals of the hall into a picture, with soft edges."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self.picture = np.full((camera.height, camera.width, 3), 150, np.uint8)

    def fill(self, corners: list[tuple[float, float, float]], colour: tuple[int, int, int]) -> None:
        points = np.array([self.camera.pixel(*corner) for corner in corners])
        cv2.fillPoly(self.picture, [np.rint(points * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)

    def back(self, x1: float, x2: float, y1: float, y2: float, colour: tuple[int, int, int]) -> None:
        """A rectangle on the back wall."""
        self.fill([(x1, y1, _BACK), (x2, y1, _BACK), (x2, y2, _BACK), (x1, y2, _BACK)], colour)

    def side(self, z1: float, z2: float, y1: float, y2: float, colour: tuple[int, int, int], x: float = _SIDE) -> None:
        """A rectangle on a side wall."""
        self.fill([(x, y1, z1), (x, y1, z2), (x, y2, z2), (x, y2, z1)], colour)

    def floor(self, x1: float, x2: float, z1: float, z2: float, colour: tuple[int, int, int]) -> None:
        """A rectangle on the floor."""
        self.fill([(x1, 0, z1), (x2, 0, z1), (x2, 0, z2), (x1, 0, z2)], colour)

    def finish(self, seed: int) -> Pixels:
        """Lamplight, darker corners, the grain of the surfaces, and the softness of a lens."""
        h, w = self.picture.shape[:2]
        y, x = np.mgrid[0:h, 0:w].astype(np.float32)
        away = ((x / w - 0.42) / 0.9) ** 2 + ((y / h - 0.5) / 0.8) ** 2
        patches = np.random.default_rng(seed).standard_normal((h // 8, w // 8)).astype(np.float32)
        grain = cv2.resize(cv2.GaussianBlur(patches, (0, 0), 3), (w, h), interpolation=cv2.INTER_CUBIC)
        light = 1.10 - 0.42 * away + 0.12 * grain
        lit = np.clip(self.picture * light[..., None], 0, 255).astype(np.uint8)
        return np.asarray(cv2.GaussianBlur(lit, (0, 0), max(0.3, w / 1600)), np.uint8)


def _walls(brush: _Brush) -> None:
    brush.back(-_SIDE, _SIDE, 0, _CEILING, (186, 196, 200))
    brush.back(-_SIDE, _SIDE, 0, 1.15, (150, 168, 160))
    for x, shade in ((-_SIDE, 168), (_SIDE, 190)):
        brush.side(1.0, _BACK, 0, _CEILING, (shade, shade + 8, shade + 12), x)
        brush.side(1.0, _BACK, 0, 1.15, (shade - 36, shade - 20, shade - 28), x)
    brush.back(-_SIDE, _SIDE, 0, 0.1, (88, 92, 96))


def _floor(brush: _Brush) -> None:
    brush.floor(-_SIDE, _SIDE, 1.0, _BACK, (128, 146, 158))
    for row, z in enumerate(np.arange(1.0, _BACK, 0.6)):
        for column, x in enumerate(np.arange(-_SIDE, _SIDE, 0.6)):
            shade = 4 * ((row * 7 + column * 5) % 3) - 4
            right, far = min(x + 0.585, _SIDE), min(z + 0.585, _BACK)
            brush.floor(x, right, z, far, (132 + shade, 150 + shade, 162 + shade))
    x1, x2, z1, z2 = ZONE_FLOOR
    for stripe in ((x1, x2, z1, z1 + 0.07), (x1, x2, z2 - 0.07, z2), (x1, x1 + 0.07, z1, z2), (x2 - 0.07, x2, z1, z2)):
        brush.floor(*stripe, (60, 190, 225))
    x = LINE_FLOOR[0][0]
    brush.floor(x - 0.03, x + 0.03, LINE_FLOOR[0][1], LINE_FLOOR[1][1], (200, 205, 205))


def _furniture(brush: _Brush) -> None:
    _door(brush, -2.6)
    brush.back(0.9, 2.9, 1.25, 2.25, (70, 96, 120))
    brush.back(0.96, 2.84, 1.31, 2.19, (120, 160, 176))
    for row, column in ((r, c) for r in range(2) for c in range(5)):
        x, y = 1.05 + 0.35 * column, 1.38 + 0.42 * row
        brush.back(x, x + 0.22, y, y + 0.3 - 0.03 * (column % 2), (215, 222 - 9 * column, 205 + 8 * row))
    for pane in range(3):
        z = 3.6 + 1.5 * pane
        brush.side(z, z + 1.15, 1.35, 2.8, (120, 122, 122))
        brush.side(z + 0.06, z + 1.09, 1.42, 2.73, (238, 232, 222))


def _door(brush: _Brush, x: float) -> None:
    brush.back(x - 0.62, x + 0.62, 0, 2.2, (92, 100, 106))
    brush.back(x - 0.54, x + 0.54, 0, 2.12, (74, 104, 138))
    brush.back(x - 0.02, x + 0.0, 0, 2.12, (52, 74, 100))
    for side in (-1, 1):
        middle = x + side * 0.27
        brush.back(middle - 0.13, middle + 0.13, 1.2, 1.9, (176, 178, 170))
        brush.back(x + side * 0.06 - 0.03, x + side * 0.06 + 0.03, 0.98, 1.06, (190, 190, 190))
