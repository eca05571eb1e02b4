"""A drawn person: a skeleton in a pose, clothed in rounded cones, shaded into a small picture with soft edges.

Nothing here knows of the hall or of time; `scene.py` says where a figure stands and in which phase of its step.
Body axes in metres: x to the figure's right, y up, z forward; the origin lies on the floor below the pelvis.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Colour = tuple[int, int, int]
Joint = NDArray[np.float64]

STRIDE = 1.36
"""Metres walked in one whole cycle (two steps)."""

_THIGH, _SHANK, _ANKLE = 0.44, 0.41, 0.085
_HIP_HEIGHT = _THIGH + _SHANK + _ANKLE
_LIGHT = np.array([-0.42, 0.62, 0.66]) / np.linalg.norm([-0.42, 0.62, 0.66])


@dataclass(frozen=True, slots=True)
class Look:
    """What a figure wears; colours are BGR."""

    jacket: Colour
    trousers: Colour
    shirt: Colour
    hair: Colour
    skin: Colour
    shoes: Colour
    tall: float = 1.0


@dataclass(frozen=True, slots=True)
class Cone:
    """A rounded cone from `a` (radius `ra`) to `b` (radius `rb`), metres."""

    a: Joint
    b: Joint
    ra: float
    rb: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class View:
    """How the camera sees the figure: `turn` about the vertical and `pitch` down (radians), pixels a metre."""

    turn: float
    pitch: float
    scale: float


def body(look: Look, phase: float, stride: float) -> list[Cone]:
    """The figure in the given phase (radians) of its step; `stride` 0 stands, 1 walks at full step."""
    left, right = _leg(look, phase, stride, -1), _leg(look, phase + pi, stride, 1)
    drop = min(cone.a[1] for cone in (left[2], right[2])) - 0.05
    parts = (
        left + right + _arm(look, phase + pi, stride, -1) + _arm(look, phase, stride, 1) + _torso(look) + _head(look)
    )
    lift = np.array([0.0, -drop, 0.0])
    return [Cone((p.a + lift) * look.tall, (p.b + lift) * look.tall, p.ra, p.rb, p.colour) for p in parts]


def _at(x: float, y: float, z: float = 0.0) -> Joint:
    return np.array([x, y, z])


def _swing(start: Joint, length: float, forward: float, out: float = 0.0) -> Joint:
    """The far end of a limb that hangs from `start`, turned `forward` and sideways by `out` (radians)."""
    return start + length * np.array([sin(out), -cos(forward) * cos(out), sin(forward)])


def _leg(look: Look, phase: float, stride: float, side: int) -> list[Cone]:
    thigh = stride * 0.42 * sin(phase) + 0.03
    bend = 0.05 + stride * (0.10 + 0.72 * max(0.0, cos(phase + 0.25)) ** 1.5)
    hip = _at(side * 0.095, _HIP_HEIGHT)
    knee = _swing(hip, _THIGH, thigh, side * 0.03)
    ankle = _swing(knee, _SHANK, thigh - bend)
    tip = 0.6 * (thigh - bend) if stride else 0.0
    heel = ankle + _at(0.0, -0.035 * cos(tip), -0.05)
    toe = ankle + _at(side * 0.02, -0.05 + 0.16 * sin(tip), 0.165)
    sole = _at(0.0, -0.03)
    return [
        Cone(hip, knee, 0.098, 0.066, look.trousers),
        Cone(knee, ankle, 0.068, 0.055, look.trousers),
        Cone(heel, toe, 0.046, 0.040, look.shoes),
        Cone(heel + sole, toe + sole, 0.024, 0.02, (200, 200, 200)),
    ]


def _arm(look: Look, phase: float, stride: float, side: int) -> list[Cone]:
    upper = stride * 0.38 * sin(phase) - 0.02
    bend = 0.22 + stride * (0.18 + 0.15 * sin(phase))
    shoulder = _at(side * 0.185, 1.425)
    elbow = _swing(shoulder, 0.29, upper, side * 0.13)
    wrist = _swing(elbow, 0.25, upper + bend, -side * 0.02)
    hand = _swing(wrist, 0.085, upper + bend + 0.15, -side * 0.05)
    thumb = _swing(wrist, 0.07, upper + bend + 0.7, -side * 0.2)
    return [
        Cone(shoulder, elbow, 0.068, 0.052, look.jacket),
        Cone(elbow, wrist, 0.053, 0.041, look.jacket),
        Cone(wrist, hand, 0.033, 0.036, look.skin),
        Cone(wrist, thumb, 0.018, 0.014, look.skin),
    ]


def _torso(look: Look) -> list[Cone]:
    parts = [Cone(_at(-0.05, 0.92), _at(0.05, 0.92), 0.105, 0.105, look.trousers)]
    for side in (-1, 1):
        parts += [
            Cone(_at(side * 0.085, 1.36), _at(side * 0.065, 0.98), 0.122, 0.112, look.jacket),
            Cone(_at(side * 0.04, 1.465), _at(side * 0.165, 1.42), 0.066, 0.068, look.jacket),
            Cone(_at(side * 0.062, 0.98), _at(side * 0.064, 0.90), 0.118, 0.126, look.jacket),
            Cone(_at(side * 0.07, 1.50, 0.03), _at(side * 0.02, 1.40, 0.10), 0.028, 0.022, _darker(look.jacket)),
            Cone(_at(side * 0.012, 1.40, 0.112), _at(side * 0.012, 0.86, 0.112), 0.012, 0.012, _darker(look.jacket)),
            Cone(_at(side * 0.11, 1.05, 0.098), _at(side * 0.13, 0.96, 0.09), 0.014, 0.014, _darker(look.jacket)),
        ]
    parts.append(Cone(_at(0, 1.47, 0.045), _at(0, 1.36, 0.085), 0.045, 0.035, look.shirt))
    return parts


def _head(look: Look) -> list[Cone]:
    parts = [
        Cone(_at(0, 1.44), _at(0, 1.57, 0.012), 0.058, 0.052, look.skin),
        Cone(_at(0, 1.665, -0.005), _at(0, 1.59, 0.03), 0.088, 0.060, look.skin),
        Cone(_at(0, 1.63, 0.088), _at(0, 1.615, 0.094), 0.008, 0.012, look.skin),
        Cone(_at(0, 1.695, -0.028), _at(0, 1.615, -0.05), 0.094, 0.070, look.hair),
        Cone(_at(-0.03, 1.735, 0.012), _at(0.03, 1.735, 0.012), 0.058, 0.058, look.hair),
        Cone(_at(-0.022, 1.575, 0.083), _at(0.022, 1.575, 0.083), 0.0075, 0.0075, _mixed(look.skin, (60, 50, 130))),
    ]
    for side in (-1, 1):
        parts += [
            Cone(_at(side * 0.084, 1.655, -0.005), _at(side * 0.080, 1.615, 0.0), 0.016, 0.012, look.skin),
            Cone(_at(side * 0.026, 1.647, 0.076), _at(side * 0.038, 1.647, 0.072), 0.008, 0.008, (35, 30, 30)),
            Cone(_at(side * 0.02, 1.668, 0.08), _at(side * 0.045, 1.668, 0.07), 0.006, 0.006, look.hair),
        ]
    return parts


def _darker(colour: Colour) -> Colour:
    b, g, r = (int(0.72 * c) for c in colour)
    return b, g, r


def _mixed(one: Colour, other: Colour) -> Colour:
    b, g, r = ((p + q) // 2 for p, q in zip(one, other, strict=True))
    return b, g, r


@dataclass(frozen=True, slots=True)
class Sprite:
    """A figure's picture: `bgr` float32 (h, w, 3), `cover` float32 (h, w) 0–1, and the pixel of its origin."""

    bgr: Floats
    cover: Floats
    origin: tuple[float, float]


_UP, _DOWN, _MARGIN = 1.95, 0.2, 0.16  # metres


class Canvas:
    """Where one figure's cones are gathered: colour, height towards the camera, cover; metres to pixels by `view`."""

    def __init__(self, view: View, wide: float) -> None:
        self.view = view
        h, w = round((_UP + _DOWN) * view.scale), round(wide * view.scale)
        self.origin = (w / 2, _UP * view.scale)
        self.height = np.full((h, w), -1.0, np.float32)
        self.colour = np.zeros((h, w, 3), np.float32)
        self.cover = np.zeros((h, w), np.float32)
        self._ys, self._xs = np.arange(h, dtype=np.float32)[:, None], np.arange(w, dtype=np.float32)[None, :]

    def add(self, cone: Cone) -> None:
        """Put the cone in: it shows where it is nearer to the camera than what is there."""
        (ax, ay, az), (bx, by, bz) = self._seen(cone.a), self._seen(cone.b)
        ra, rb = cone.ra * self.view.scale, cone.rb * self.view.scale
        rows, columns = self._span(ay, by, max(ra, rb), 0), self._span(ax, bx, max(ra, rb), 1)
        px, py = self._xs[:, columns] - ax, self._ys[rows] - ay
        dx, dy = bx - ax, by - ay
        along = np.clip((px * dx + py * dy) / (dx * dx + dy * dy + 1e-6), 0.0, 1.0)
        radius = ra + (rb - ra) * along
        aside = (px - along * dx) ** 2 + (py - along * dy) ** 2
        cover = np.clip(radius - np.sqrt(aside) + 0.5, 0.0, 1.0)
        height = (az + (bz - az) * along + np.sqrt(np.maximum(radius**2 - aside, 0.0))) / self.view.scale
        nearer = (cover > 0) & ((height > self.height[rows, columns]) | (self.cover[rows, columns] < cover))
        blend = (cover * nearer)[..., None]
        self.colour[rows, columns] += blend * (np.array(cone.colour, np.float32) - self.colour[rows, columns])
        self.height[rows, columns] = np.where(nearer & (cover >= 0.5), height, self.height[rows, columns])
        self.cover[rows, columns] = np.maximum(self.cover[rows, columns], cover)

    def _seen(self, joint: Joint) -> tuple[float, float, float]:
        """Pixel column and row, and pixels towards the camera."""
        turn, pitch, scale = self.view.turn, self.view.pitch, self.view.scale
        x = joint[0] * cos(turn) + joint[2] * sin(turn)
        away = joint[2] * cos(turn) - joint[0] * sin(turn)
        up, near = joint[1] * cos(pitch) + away * sin(pitch), joint[1] * sin(pitch) - away * cos(pitch)
        return float(self.origin[0] + x * scale), float(self.origin[1] - up * scale), float(near * scale)

    def _span(self, p: float, q: float, reach: float, axis: int) -> slice:
        size = self.height.shape[axis]
        return slice(max(0, int(min(p, q) - reach - 1)), min(size, int(max(p, q) + reach + 2)))


def draw(cones: list[Cone], view: View, cloth: Floats) -> Sprite:
    """The cones lit from above left; `cloth` is unit noise, at least as large as the sprite, for the folds."""
    reach = max(abs(p[0] * cos(view.turn) + p[2] * sin(view.turn)) for cone in cones for p in (cone.a, cone.b))
    canvas = Canvas(view, 2 * (float(reach) + _MARGIN))
    for cone in cones:
        canvas.add(cone)
    light = _light(canvas, cloth)
    softness = max(0.3, view.scale * 0.0028)
    bgr = np.clip(canvas.colour * light, 0, 255)
    cover = cv2.GaussianBlur(canvas.cover, (0, 0), softness)
    premultiplied = cv2.GaussianBlur(bgr * canvas.cover[..., None], (0, 0), softness)
    return Sprite(np.asarray(premultiplied, np.float32), np.asarray(cover, np.float32), canvas.origin)


def _light(canvas: Canvas, cloth: Floats) -> Floats:
    """Brightness (h, w, 1): lamp, sky of the hall, and shade where parts lie close behind others."""
    h, w = canvas.height.shape
    scale = canvas.view.scale
    ground = np.where(canvas.cover >= 0.5, canvas.height, -0.25).astype(np.float32)
    relief = cv2.GaussianBlur(ground, (0, 0), 0.008 * scale) + 0.006 * cloth[:h, :w]
    down, right = np.gradient(relief * scale)
    length = np.sqrt(right**2 + down**2 + 1.0)
    lamp = np.maximum(0.0, (-right * _LIGHT[0] + down * _LIGHT[1] + _LIGHT[2]) / length)
    sky = 0.5 + 0.5 * np.clip(down / length, -1, 1)
    around = 2 * round(0.08 * scale) + 1
    shade = np.clip((cv2.blur(ground, (around, around)) - ground) * 3.0, 0.0, 0.45)
    return np.asarray((0.18 + 0.62 * lamp + 0.32 * sky) * (1.0 - shade), np.float32)[..., None]
