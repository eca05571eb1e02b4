"""A rendered recording for the demo: a school hall, a fixed camera, two people who walk to a marked zone and leave.

Who walks where and when, and the writing of the file. The hall is in `scene_hall.py`, the figures in
`scene_figure.py`. All is drawn; no photograph is used. The play lasts 30 s and then repeats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import atan2, ceil, hypot, pi, sin
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.simulate.scene_figure import STRIDE, Look, Sprite, View, body, draw
from pipeline.simulate.scene_hall import ZONE_FLOOR, Camera, Pixels, Spot, hall, line, zone

PLAY_S = 30.0
"""Seconds after which the play begins again."""

ZONE: list[tuple[float, float]] = zone()
"""The marked zone on the floor: a normalised polygon."""
LINE: list[tuple[float, float]] = line()
"""The white line left of the zone: normalised, near end first."""


@dataclass(frozen=True, slots=True)
class Stay:
    """From `start` to `end` (seconds of the play) the figure goes straight from one spot to the other, or stands."""

    start: float
    end: float
    here: Spot
    there: Spot

    @property
    def speed(self) -> float:
        return hypot(self.there[0] - self.here[0], self.there[1] - self.here[1]) / (self.end - self.start)

    def spot(self, at: float) -> Spot:
        done = (at - self.start) / (self.end - self.start)
        return tuple(p + done * (q - p) for p, q in zip(self.here, self.there, strict=True))  # type: ignore[return-value]

    def facing(self, at: float) -> float:
        """Radians from straight away from the camera, to the right; someone who stands looks about a little."""
        if self.speed == 0.0:
            return pi - 0.3 + 0.25 * sin(0.9 * (at - self.start))
        return atan2(self.there[0] - self.here[0], self.there[1] - self.here[1])


@dataclass(frozen=True, slots=True)
class Figure:
    """One person of the play: how they look and where they go."""

    look: Look
    stays: tuple[Stay, ...]


def _route(start: float, *legs: tuple[float, Spot]) -> tuple[Stay, ...]:
    """Stays from `(seconds, spot)` legs: the first spot is where the figure begins, its seconds are not used."""
    stays: list[Stay] = []
    for (_, here), (seconds, there) in pairwise(legs):
        stays.append(Stay(start, start + seconds, here, there))
        start += seconds
    return tuple(stays)


FIGURES = (
    Figure(
        Look((110, 60, 35), (70, 62, 58), (215, 215, 220), (30, 38, 48), (135, 165, 215), (40, 40, 45)),
        _route(2.5, (0, (-4.2, 4.75)), (3.6, (-0.15, 4.75)), (7.0, (-0.15, 4.75)), (3.6, (-4.2, 4.9))),
    ),
    Figure(
        Look((60, 66, 150), (92, 70, 52), (60, 60, 62), (24, 26, 30), (90, 122, 178), (150, 150, 155), 0.96),
        _route(13.0, (0, (4.3, 5.0)), (3.7, (0.2, 4.85)), (6.0, (0.2, 4.85)), (3.7, (4.3, 4.95))),
    ),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """While `entered` ≤ t < `left` (seconds of the recording) the feet of one figure are in the zone."""

    figure: int
    entered: float
    left: float


def visits(seconds: float = PLAY_S) -> list[Visit]:
    """All visits to the zone in a recording of this length, by time; the last may be cut short by its end."""
    found = [
        Visit(number, entered + turn * PLAY_S, min(left + turn * PLAY_S, seconds))
        for turn in range(ceil(seconds / PLAY_S))
        for number, figure in enumerate(FIGURES)
        for entered, left in _inside(figure)
        if entered + turn * PLAY_S < seconds
    ]
    return sorted(found, key=lambda visit: visit.entered)


def _inside(figure: Figure) -> list[tuple[float, float]]:
    """When the figure's feet are in the zone, in seconds of the play: the stays' times inside, joined."""
    spans: list[tuple[float, float]] = []
    for start, end in (span for stay in figure.stays if (span := _crossed(stay))):
        if spans and start - spans[-1][1] < 1e-6:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _crossed(stay: Stay) -> tuple[float, float] | None:
    """The part of a stay spent inside the zone's rectangle, or None."""
    first, last = 0.0, 1.0
    for axis, (low, high) in enumerate((ZONE_FLOOR[:2], ZONE_FLOOR[2:])):
        here, step = stay.here[axis], stay.there[axis] - stay.here[axis]
        if step == 0.0:
            if not low <= here <= high:
                return None
            continue
        near, far = sorted(((low - here) / step, (high - here) / step))
        first, last = max(first, near), min(last, far)
    length = stay.end - stay.start
    return (stay.start + first * length, stay.start + last * length) if first < last else None


VISITS: list[Visit] = visits()
"""The visits of one play."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A figure on the picture: `feet` (normalised), and the `box` of its body in pixels, which may reach outside."""

    figure: int
    feet: tuple[float, float]
    box: tuple[float, float, float, float]


class Scene:
    """The play as pictures of `size` (width, height) pixels, 16:9; the same seed draws the same pictures."""

    def __init__(self, size: tuple[int, int] = (1280, 720), seed: int = 7) -> None:
        _check_size(size)
        self.camera = Camera(*size)
        self.seed = seed
        self._hall = hall(self.camera, seed)
        self._cloth = _folds(self.camera.height, seed)
        self._noise = _grain((size[1] + 64, size[0] + 64), seed)

    def picture(self, at: float, number: int = 0) -> Pixels:
        """The picture at a time: BGR uint8 (h, w, 3). `number` picks the sensor noise."""
        picture = self._hall.copy()
        playing = [(figure, stay) for figure in FIGURES if (stay := _stay(figure, at % PLAY_S))]
        for figure, stay in sorted(playing, key=lambda pair: -pair[1].spot(at % PLAY_S)[1]):
            self._put(picture, figure, stay, at % PLAY_S)
        return self._noisy(picture, number)

    def seen(self, at: float) -> list[Seen]:
        """Where the figures of that time are."""
        present = [(n, figure, stay) for n, figure in enumerate(FIGURES) if (stay := _stay(figure, at % PLAY_S))]
        return [self._seen(number, figure, stay.spot(at % PLAY_S)) for number, figure, stay in present]

    def _seen(self, number: int, figure: Figure, spot: Spot) -> Seen:
        (u, v), (x, z) = self.camera.pixel(spot[0], 0.0, spot[1]), spot
        scale, top = self.camera.focal / z, self.camera.pixel(x, 1.77 * figure.look.tall, z)[1]
        box = (u - 0.3 * scale, top, u + 0.3 * scale, v + 0.06 * scale)
        return Seen(number, (u / self.camera.width, v / self.camera.height), box)

    def _put(self, picture: Pixels, figure: Figure, stay: Stay, at: float) -> None:
        x, z = stay.spot(at)
        view = View(stay.facing(at) - atan2(x, z), self.camera.pitch(z), self.camera.focal / z)
        phase = 2 * pi * stay.speed * (at - stay.start) / STRIDE
        sprite = draw(body(figure.look, phase, _eased(stay, at)), view, self._cloth)
        u, v = self.camera.pixel(x, 0.0, z)
        _shadow(picture, (u, v), view.scale)
        _paste(picture, sprite, (u, v))

    def _noisy(self, picture: Pixels, number: int) -> Pixels:
        down, right = np.random.default_rng((self.seed, number)).integers(0, 64, 2)
        h, w = picture.shape[:2]
        return np.asarray(cv2.add(picture, self._noise[down : down + h, right : right + w], dtype=cv2.CV_8U), np.uint8)


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width % 2 or height % 2 or min(size) < 90 or abs(width / height - 16 / 9) > 0.02:
        raise ValueError(f"scene size {width}x{height}: give an even width and height of 16:9, such as 1280x720")


def _stay(figure: Figure, at: float) -> Stay | None:
    return next((stay for stay in figure.stays if stay.start <= at < stay.end), None)


def _eased(stay: Stay, at: float) -> float:
    """How wide the step is, 0–1: short ones on setting off and before stopping."""
    if stay.speed == 0.0:
        return 0.0
    return min(1.0, 0.35 + 1.6 * min(at - stay.start, stay.end - at))


def _folds(height: int, seed: int) -> NDArray[np.float32]:
    """Unit noise of the size of cloth's folds, for sprites up to the picture's height."""
    rough = np.random.default_rng(seed).standard_normal((2 * height, height)).astype(np.float32)
    soft = cv2.GaussianBlur(rough, (0, 0), height / 130)
    return np.asarray(soft / soft.std(), np.float32)


def _grain(shape: tuple[int, int], seed: int) -> NDArray[np.int16]:
    """Light sensor noise: the same for the three colours, as most of a camera's noise is brightness."""
    noise = np.random.default_rng(seed + 1).normal(0.0, 1.8, shape)
    return np.ascontiguousarray(np.repeat(np.rint(noise)[..., None], 3, axis=2).astype(np.int16))


def _shadow(picture: Pixels, at: tuple[float, float], scale: float) -> None:
    """A soft dark oval under the feet, a little to the right, away from the lamp."""
    wide, deep = 0.42 * scale, 0.15 * scale
    rows, columns = _window(picture, at[1] - 2 * deep, at[1] + 2 * deep, at[0] - 2 * wide, at[0] + 2 * wide)
    y = (np.arange(rows.start, rows.stop)[:, None] - at[1]) / deep
    x = (np.arange(columns.start, columns.stop)[None, :] - at[0] - 0.1 * scale) / wide
    dark = 1.0 - 0.5 * np.exp(-1.6 * (x * x + y * y))
    picture[rows, columns] = (picture[rows, columns] * dark[..., None]).astype(np.uint8)


def _paste(picture: Pixels, sprite: Sprite, at: tuple[float, float]) -> None:
    """Lay the sprite over the picture, its origin at the pixel `at`; what is outside is cut off."""
    top, left = round(at[1] - sprite.origin[1]), round(at[0] - sprite.origin[0])
    h, w = sprite.cover.shape
    rows, columns = _window(picture, top, top + h, left, left + w)
    own = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
    under = picture[rows, columns] * (1.0 - sprite.cover[own][..., None])
    picture[rows, columns] = np.clip(under + sprite.bgr[own], 0, 255).astype(np.uint8)


def _window(picture: Pixels, top: float, bottom: float, left: float, right: float) -> tuple[slice, slice]:
    """The whole pixels of a rectangle that lie in the picture; empty slices where none do."""
    h, w = picture.shape[:2]
    y1, x1 = min(h, max(0, int(top))), min(w, max(0, int(left)))
    return slice(y1, max(y1, min(h, int(bottom)))), slice(x1, max(x1, min(w, int(right))))


def render(
    path: Path, seconds: float = PLAY_S, size: tuple[int, int] = (1280, 720), fps: int = 10, seed: int = 7
) -> Path:
    """Write the play as H.264 mp4 (yuv420p, a key frame each second) and return the path.

    `ValueError` where `size` is not an even 16:9.
    """
    scene = Scene(size, seed)
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.gop_size, stream.time_base, stream.thread_count = fps, Fraction(1, fps), 1
        stream.options = {"preset": "veryfast", "crf": "25", "sc_threshold": "0", "bf": "0"}
        for frame in _frames(scene, round(seconds * fps), fps):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _frames(scene: Scene, count: int, fps: int) -> Iterator[av.VideoFrame]:
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(scene.picture(number / fps, number), format="bgr24")
        frame.pts, frame.time_base = number, Fraction(1, fps)
        yield frame
