"""A place: a fixed camera, what does not move, and the zones and lines on its floor.

Axes in metres, seen from the camera: x to the right, y up from the floor, z away. The camera
looks level: its horizon is moved up by a shift of the lens, so that what is upright stays so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import atan2
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
Colour: TypeAlias = tuple[int, int, int]
Spot: TypeAlias = tuple[float, float]
"""A place on the floor: `(x, z)` metres."""
Corner: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Floor:
    """A rectangle on the floor, metres."""

    x1: float
    x2: float
    z1: float
    z2: float


@dataclass(frozen=True, slots=True)
class Lens:
    """A camera's height (metres), and its focal length and horizon (shares of the picture's width and height)."""

    mounted: float
    focal: float
    horizon: float


@dataclass(frozen=True, slots=True)
class Camera:
    """The fixed camera for a picture of `width` × `height` pixels."""

    lens: Lens
    width: int
    height: int

    @property
    def focal(self) -> float:
        """Pixels that one metre takes at one metre."""
        return self.lens.focal * self.width

    def pixel(self, x: float, y: float, z: float) -> tuple[float, float]:
        """Where a point of the place is seen."""
        down = self.focal * (self.lens.mounted - y) / z
        return self.width / 2 + self.focal * x / z, self.lens.horizon * self.height + down

    def pitch(self, z: float) -> float:
        """How steeply (radians) the camera looks down on the middle of a figure at distance `z`."""
        return atan2(self.lens.mounted - 0.9, z)

    def normal(self, spot: Spot) -> tuple[float, float]:
        """A place on the floor in normalised coordinates, four digits."""
        u, v = self.pixel(spot[0], 0.0, spot[1])
        return round(u / self.width, 4), round(v / self.height, 4)


class Brush:
    """Fills quadrilaterals of the place into a picture, with soft edges."""

    def __init__(self, camera: Camera, picture: Pixels) -> None:
        self.camera = camera
        self.picture = picture

    def fill(self, corners: list[Corner], colour: Colour) -> None:
        """A flat shape, whose corners are given in order."""
        points = np.array([self.camera.pixel(*corner) for corner in corners])
        cv2.fillPoly(self.picture, [np.rint(points * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)

    def back(self, x1: float, x2: float, y1: float, y2: float, z: float, colour: Colour) -> None:
        """An upright rectangle across the view."""
        self.fill([(x1, y1, z), (x2, y1, z), (x2, y2, z), (x1, y2, z)], colour)

    def side(self, z1: float, z2: float, y1: float, y2: float, x: float, colour: Colour) -> None:
        """An upright rectangle along the view."""
        self.fill([(x, y1, z1), (x, y1, z2), (x, y2, z2), (x, y2, z1)], colour)

    def floor(self, area: Floor, colour: Colour) -> None:
        """A rectangle on the floor."""
        x1, x2, z1, z2 = area.x1, area.x2, area.z1, area.z2
        self.fill([(x1, 0, z1), (x2, 0, z1), (x2, 0, z2), (x1, 0, z2)], colour)

    def frame(self, area: Floor, wide: float, colour: Colour) -> None:
        """The outline of a rectangle on the floor, so many metres wide."""
        x1, x2, z1, z2 = area.x1, area.x2, area.z1, area.z2
        for stripe in (
            Floor(x1, x2, z1, z1 + wide),
            Floor(x1, x2, z2 - wide, z2),
            Floor(x1, x1 + wide, z1, z2),
            Floor(x2 - wide, x2, z1, z2),
        ):
            self.floor(stripe, colour)

    def box(self, low: Corner, high: Corner, colour: Colour) -> None:
        """A box that stands along the axes: its sides that the camera sees, the top lightest."""
        (x1, y1, z1), (x2, y2, z2) = low, high
        self.fill([(x1, y2, z1), (x2, y2, z1), (x2, y2, z2), (x1, y2, z2)], _shaded(colour, 1.12))
        for x, seen in ((x1, x1 > 0), (x2, x2 < 0)):
            if seen:
                self.side(z1, z2, y1, y2, x, _shaded(colour, 0.8))
        self.back(x1, x2, y1, y2, z1, colour)


# Pixels: any height gives the same shares.
_TALL = 720

Paint: TypeAlias = Callable[[Brush], None]


@dataclass(frozen=True, slots=True)
class Screen:
    """Something that stands at distance `z` and hides whoever is behind it."""

    z: float
    paint: Paint


@dataclass(frozen=True, slots=True)
class Place:
    """`zones` and `lines` lie on the floor, by name; `paint` draws what does not move.

    `dark` says how far the light falls off in the corners, `rough` how grainy the surfaces are (grey levels).
    """

    lens: Lens
    paint: Paint
    zones: dict[str, Floor] = field(default_factory=dict)
    lines: dict[str, tuple[Spot, Spot]] = field(default_factory=dict)
    screens: tuple[Screen, ...] = ()
    dark: float = 0.42
    rough: float = 0.0

    def zone(self, name: str, aspect: float = 16 / 9) -> list[tuple[float, float]]:
        """A zone as a normalised polygon, in a picture of this width to height."""
        area, camera = self.zones[name], Camera(self.lens, round(_TALL * aspect), _TALL)
        corners = ((area.x1, area.z2), (area.x2, area.z2), (area.x2, area.z1), (area.x1, area.z1))
        return [camera.normal(spot) for spot in corners]

    def line(self, name: str, aspect: float = 16 / 9) -> list[tuple[float, float]]:
        """A line, normalised."""
        camera = Camera(self.lens, round(_TALL * aspect), _TALL)
        return [camera.normal(spot) for spot in self.lines[name]]

    def shapes(self, aspect: float = 16 / 9) -> dict[str, dict[str, dict[str, list[list[float]]]]]:
        """`zones` and `lines` as a camera's configuration has them."""
        return {
            "zones": {name: {"polygon": [list(point) for point in self.zone(name, aspect)]} for name in self.zones},
            "lines": {name: {"points": [list(point) for point in self.line(name, aspect)]} for name in self.lines},
        }

    def picture(self, camera: Camera, seed: int) -> Pixels:
        """The empty place as BGR uint8 (height, width, 3), lit, with the grain of its surfaces, softened by a lens."""
        brush = Brush(camera, np.full((camera.height, camera.width, 3), 150, np.uint8))
        self.paint(brush)
        for screen in self.screens:
            screen.paint(brush)
        return _lit(_grained(brush.picture, seed, self.rough), seed, self.dark)

    def masks(self, camera: Camera) -> list[tuple[float, NDArray[np.bool_]]]:
        """Distance and pixels (height, width) of each screen."""
        masks = []
        for screen in self.screens:
            brush = Brush(camera, np.zeros((camera.height, camera.width, 3), np.uint8))
            screen.paint(brush)
            masks.append((screen.z, np.asarray(brush.picture.any(axis=2), np.bool_)))
        return masks


def _grained(picture: Pixels, seed: int, rough: float) -> Pixels:
    """Grains of about two pixels of a 960-pixel picture, the same in all colours."""
    h, w = picture.shape[:2]
    specks = np.random.default_rng(seed + 2).standard_normal((h, w)).astype(np.float32)
    grains = cv2.GaussianBlur(specks, (0, 0), w / 1200)
    grained = picture + rough * (grains / grains.std())[..., None]
    return np.asarray(np.clip(grained, 0, 255), np.uint8)


def _lit(picture: Pixels, seed: int, dark: float) -> Pixels:
    h, w = picture.shape[:2]
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    away = ((x / w - 0.42) / 0.9) ** 2 + ((y / h - 0.5) / 0.8) ** 2
    patches = np.random.default_rng(seed).standard_normal((h // 8, w // 8)).astype(np.float32)
    grain = cv2.resize(cv2.GaussianBlur(patches, (0, 0), 3), (w, h), interpolation=cv2.INTER_CUBIC)
    light = 1.10 - dark * away + 0.12 * grain
    lit = np.clip(picture * light[..., None], 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(lit, (0, 0), max(0.3, w / 1600)), np.uint8)


def _shaded(colour: Colour, share: float) -> Colour:
    b, g, r = (min(255, int(share * c)) for c in colour)
    return b, g, r
