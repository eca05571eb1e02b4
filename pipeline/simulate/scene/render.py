"""Pictures of a play in a place, and the writing of them into a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import atan2, pi
from pathlib import Path
from typing import Literal, TypeAlias, cast

import av
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from pipeline.simulate.scene.car import draw_car
from pipeline.simulate.scene.figure import STRIDE, Sprite, View, body, draw
from pipeline.simulate.scene.place import Brush, Camera, Pixels, Place, Spot
from pipeline.simulate.scene.play import Figure, Play, Stay, present

Codec: TypeAlias = Literal["h264", "hevc"]

_ENCODERS: dict[Codec, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"preset": "veryfast", "sc_threshold": "0", "bf": "0"}),
    "hevc": (
        "libx265",
        {
            "preset": "ultrafast",
            "x265-params": "log-level=none:scenecut=0:bframes=0:pools=1:frame-threads=1",
        },
    ),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A figure on the picture: `feet` (normalised), and the `box` of its body in pixels, which may reach outside."""

    figure: int
    feet: tuple[float, float]
    box: tuple[float, float, float, float]


class Scene:
    """A play as pictures of `size` (width, height) square pixels; the same seed draws the same pictures.

    `ValueError` where `size` is odd, or no shape of a camera's picture.
    """

    def __init__(self, place: Place, play: Play, size: tuple[int, int] = (1280, 720), seed: int = 7) -> None:
        _check_size(size)
        self.camera = Camera(place.lens, *size)
        self.play = play
        self.seed = seed
        self._empty = place.picture(self.camera, seed)
        self._screens = place.masks(self.camera)
        self._cloth = _folds(self.camera.height, seed)
        self._noise = _grain((size[1] + 64, size[0] + 64), seed)

    def picture(self, at: float, number: int = 0) -> Pixels:
        """The picture at a time: BGR uint8 (h, w, 3). `number` picks the sensor noise."""
        now = at % self.play.seconds
        picture = self._empty.copy()
        self._drive(picture, now)
        for z, put in sorted(self._moving(picture, now), key=lambda one: -one[0]):
            put()
            self._hide(picture, z)
        lit = self.play.weather.over(picture, now, number, self.seed)
        return lit if self.play.weather.noise else self._noisy(lit, number)

    def _moving(self, picture: Pixels, now: float) -> list[tuple[float, Callable[[], None]]]:
        """Distance of each figure and thing of that second, and what puts it into the picture."""
        brush = Brush(self.camera, picture)
        things = [(thing.z, partial(thing.paint, brush, now)) for thing in self.play.things]
        figures = [
            (stay.spot(now)[1], partial(self._put, picture, figure, stay, now))
            for _, figure, stay in present(self.play.figures, now)
        ]
        return [*things, *figures]

    def seen(self, at: float) -> list[Seen]:
        """Where the figures of that time are, hidden or not."""
        return seen(self.camera, self.play, at)

    def _drive(self, picture: Pixels, now: float) -> None:
        for car in self.play.cars:
            if car.drive.start <= now < car.drive.end:
                draw_car(Brush(self.camera, picture), *car.drive.spot(now), car.colour)

    def _put(self, picture: Pixels, figure: Figure, stay: Stay, at: float) -> None:
        x, z = stay.spot(at)
        view = View(stay.facing(at) - atan2(x, z), self.camera.pitch(z), self.camera.focal / z)
        phase = 2 * pi * stay.speed * (at - stay.start) / STRIDE
        sprite = draw(body(figure.look, phase, _eased(stay, at)), view, self._cloth)
        u, v = self.camera.pixel(x, 0.0, z)
        _shadow(picture, (u, v), view.scale)
        _paste(picture, sprite, (u, v))

    def _hide(self, picture: Pixels, away: float) -> None:
        """What stands nearer than what was drawn just now, so far away, is in front of it."""
        for z, mask in self._screens:
            if away > z:
                picture[mask] = self._empty[mask]

    def _noisy(self, picture: Pixels, number: int) -> Pixels:
        down, right = np.random.default_rng((self.seed, number)).integers(0, 64, 2)
        h, w = picture.shape[:2]
        return np.asarray(cv2.add(picture, self._noise[down : down + h, right : right + w], dtype=cv2.CV_8U), np.uint8)


def seen(camera: Camera, play: Play, at: float) -> list[Seen]:
    """Where the figures of that time are in the camera's picture, hidden or not."""
    now = at % play.seconds
    return [_seen(camera, number, figure, stay.spot(now)) for number, figure, stay in present(play.figures, now)]


def _seen(camera: Camera, number: int, figure: Figure, spot: Spot) -> Seen:
    (u, v), (x, z) = camera.pixel(spot[0], 0.0, spot[1]), spot
    scale, top = camera.focal / z, camera.pixel(x, 1.77 * figure.look.tall, z)[1]
    box = (u - 0.3 * scale, top, u + 0.3 * scale, v + 0.06 * scale)
    return Seen(number, (u / camera.width, v / camera.height), box)


def _check_size(size: tuple[int, int]) -> None:
    width, height = size
    if width % 2 or height % 2 or min(size) < 90 or not 1 <= width / height <= 2:
        raise ValueError(f"scene size {width}x{height}: give an even width and height, such as 1280x720")


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
    path: Path,
    place: Place,
    play: Play,
    size: tuple[int, int] = (1280, 720),
    fps: int = 10,
    seed: int = 7,
    seconds: float | None = None,
    codec: Codec = "h264",
    crf: int = 25,
    stored: tuple[int, int] | None = None,
    key_s: float = 1.0,
    **encoder_options: str,
) -> Path:
    """Write a play (default: once) as mp4 (yuv420p, a key frame each `key_s`, no reordering) and return the path.

    A higher `crf` is a lower bit rate; more options are FFmpeg's for the encoder. `stored` is another size in which the
    pictures are kept, squeezed and without a word of it, as recorders do. `ValueError` for a size that is none.
    """
    scene = Scene(place, play, size, seed)
    encoder, options = _ENCODERS[codec]
    with av.open(str(path), "w", format="mp4") as container:
        stream = cast(VideoStream, container.add_stream(encoder, rate=fps))
        stream.width, stream.height, stream.pix_fmt = *(stored or size), "yuv420p"
        stream.gop_size, stream.time_base, stream.thread_count = round(fps * key_s), Fraction(1, fps), 1
        stream.options = {**options, "crf": str(crf), **encoder_options}
        for frame in _frames(scene, round((play.seconds if seconds is None else seconds) * fps), fps, stored or size):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _frames(scene: Scene, count: int, fps: int, size: tuple[int, int]) -> Iterator[av.VideoFrame]:
    for number in range(count):
        picture = scene.picture(number / fps, number)
        if (picture.shape[1], picture.shape[0]) != size:
            picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts, frame.time_base = number, Fraction(1, fps)
        yield frame
