"""A camera's picture, in its true shape, with all that its keys say of it, to check them by eye: zones, lines and the
ways that count, masks, the smallest and the tallest person, and the tiles in which small people are searched.

Not here: the overlay of an alert's snapshot (`store/`).
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from pipeline.config import Camera, Direction, Zone
from pipeline.errors import ZonewatchError
from pipeline.perceive.sweep import tiles
from pipeline.types import Pixels, Point
from pipeline.workers.lane_settings import concerns

_ZONES = ((80, 200, 255), (120, 255, 120), (255, 160, 60), (230, 120, 255), (80, 230, 230), (140, 140, 255))
_LINE = (60, 60, 255)
_BLACK = (0, 0, 0)
_MASK, _TILE, _HEIGHT = (180, 180, 180), (150, 150, 110), (255, 255, 255)
_TINT = 0.25
_ARROW = 0.06
"""Length of an arrow, as a share of the picture's height."""


def save(camera: Camera, picture: Pixels, folder: Path) -> Path:
    """Write `<camera>.jpg`. `picture` is RGB (h, w, 3). Raises ZonewatchError when it cannot be written."""
    path = folder / f"{camera.name}.jpg"
    _, jpeg = cv2.imencode(".jpg", drawn(camera, picture), [cv2.IMWRITE_JPEG_QUALITY, 90])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg.tobytes())
    except OSError as error:
        raise ZonewatchError(
            f"camera {camera.name}: {path} cannot be written: {error.strerror}. Check the folder."
        ) from None
    return path


def drawn(camera: Camera, picture: Pixels) -> Pixels:
    """A copy as BGR (h, w, 3), as OpenCV writes it, with everything the camera's rules watch."""
    image = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)
    _tiles(image, camera)
    for name, mask in camera.masks.items():
        _mask(image, f"{name} ({mask.of})", mask.polygon)
    for i, (name, zone) in enumerate(camera.zones.items()):
        _zone(image, name, zone, _ZONES[i % len(_ZONES)])
    for name, line in camera.lines.items():
        _line(image, name, line.points, [rule.direction for rule in camera.rules.values() if rule.line == name])
    _heights(image, camera)
    return image


def _tiles(image: Pixels, camera: Camera) -> None:
    """Where small people are searched, though nothing moves."""
    height, width = image.shape[:2]
    for x1, y1, x2, y2 in tiles(concerns(camera), width / height):
        corners = (round(x1 * height), round(y1 * height)), (round(x2 * height) - 1, round(y2 * height) - 1)
        cv2.rectangle(image, *corners, _TILE, 1)


def _mask(image: Pixels, name: str, polygon: tuple[Point, ...]) -> None:
    """Hatched, so that it is told from a zone."""
    corners = np.array([_pixel(image, point) for point in polygon], np.int32)
    inside = cv2.fillPoly(np.zeros(image.shape[:2], np.uint8), [corners], 1)
    rows, columns = np.indices(image.shape[:2])
    image[(inside > 0) & ((rows + columns) % (8 * _thick(image)) < _thick(image))] = _MASK
    cv2.polylines(image, [corners], True, _MASK, _thick(image), cv2.LINE_AA)
    _label(image, name, _pixel(image, min(polygon, key=lambda point: (point[1], point[0]))), _MASK)


def _heights(image: Pixels, camera: Camera) -> None:
    """How tall the smallest and the tallest person are who count, as two measures at the right edge."""
    limits = camera.person_height
    smallest = limits.min if limits and limits.min is not None else camera.smallest
    told = [("smallest", smallest)] + ([("tallest", limits.max)] if limits and limits.max is not None else [])
    height, width = image.shape[:2]
    for n, (name, share) in enumerate(told, 1):
        x, top = width - 1 - round(n * 0.05 * height), max(0, height - 1 - round(share * height))
        cv2.line(image, (x, height - 1), (x, top), _HEIGHT, _thick(image) + 1)
        for y in (top, height - 1):
            cv2.line(image, (x - 4 * _thick(image), y), (x + 4 * _thick(image), y), _HEIGHT, _thick(image) + 1)
        _label(image, f"{name} {share:g}", (x, top), _HEIGHT)


def _zone(image: Pixels, name: str, zone: Zone, colour: tuple[int, int, int]) -> None:
    """Tinted, but for its holes."""
    outline = zone.outline(image.shape[1] / image.shape[0])
    borders = [np.array([_pixel(image, point) for point in ring], np.int32) for ring in (outline, *zone.holes)]
    tinted = cv2.fillPoly(image.copy(), borders, colour)  # what lies in two borders is not filled
    cv2.addWeighted(tinted, _TINT, image, 1 - _TINT, 0, dst=image)
    cv2.polylines(image, borders, True, colour, _thick(image), cv2.LINE_AA)
    _label(image, name, _pixel(image, min(outline, key=lambda point: (point[1], point[0]))), colour)


def _line(image: Pixels, name: str, points: tuple[Point, ...], directions: list[Direction]) -> None:
    """Its arrows stand on the middle of its longest part."""
    corners = [_pixel(image, point) for point in points]
    cv2.polylines(image, [np.array(corners, np.int32)], False, _LINE, _thick(image) + 1, cv2.LINE_AA)
    a, b = max(pairwise(corners), key=lambda part: math.dist(*part))
    for direction in dict.fromkeys(directions):
        for tip in arrows(a, b, direction, _ARROW * image.shape[0]):
            middle = (a[0] + b[0]) // 2, (a[1] + b[1]) // 2
            cv2.arrowedLine(image, middle, tip, _LINE, _thick(image) + 1, cv2.LINE_AA, tipLength=0.35)
    _label(image, name, corners[0], _LINE)


def arrows(a: tuple[int, int], b: tuple[int, int], direction: Direction, length: float) -> list[tuple[int, int]]:
    """Where arrows from the middle of a–b must point to, at a right angle to it: one way, or both for `any`."""
    along = math.dist(a, b) or 1.0
    x, y = (b[1] - a[1]) / along * length, (a[0] - b[0]) / along * length
    signs = {
        "any": (1, -1),
        "left_to_right": (1,) if x > 0 else (-1,),
        "right_to_left": (1,) if x < 0 else (-1,),
        "top_to_bottom": (1,) if y > 0 else (-1,),
        "bottom_to_top": (1,) if y < 0 else (-1,),
        "a_to_b": (-1,),
        "b_to_a": (1,),
    }[direction]
    middle = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
    return [(round(middle[0] + sign * x), round(middle[1] + sign * y)) for sign in signs]


def _pixel(image: Pixels, point: Point) -> tuple[int, int]:
    height, width = image.shape[:2]
    return min(width - 1, round(point[0] * width)), min(height - 1, round(point[1] * height))


def _thick(image: Pixels) -> int:
    return max(1, len(image) // 400)


def _label(image: Pixels, text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    """The text on a dark ground, moved as far as it must to lie on the picture."""
    scale = max(0.4, image.shape[0] / 1000)
    (w, h), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    x = max(0, min(at[0], image.shape[1] - w - 4))
    y = max(h + below, min(at[1], image.shape[0] - below))
    cv2.rectangle(image, (x, y - h - below), (x + w + 4, y + below), _BLACK, cv2.FILLED)
    cv2.putText(image, text, (x + 2, y), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv2.LINE_AA)
