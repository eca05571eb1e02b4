"""People cut from footage, put together anew: many at once, and small in the corners of a large picture.

Their truth is that of the clip (`ground_truth.yaml`): the zone is laid where each copy of the clip has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, cast

import av
import cv2
import numpy as np
import yaml
from av.video.stream import VideoStream
from numpy.typing import NDArray

from benchmarks.corpus.scenarios import FPS, Expected
from pipeline.simulate.scene.render import Codec
from pipeline.types import Pixels

CLIP = "one-by-one-person-detection.mp4"
_SIZE = (1280, 720)
_TINTS = ((60, 60, 210), (60, 190, 60), (220, 130, 40))
_ENCODERS: dict[Codec, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"preset": "veryfast"}),
    "hevc": ("libx265", {"preset": "ultrafast", "x265-params": "log-level=none:pools=1:frame-threads=1"}),
}


@dataclass(frozen=True)
class Composite:
    """One row: `layers` are laid over the background, each from its second on."""

    name: str
    clip: Path
    size: tuple[int, int]
    seconds: float
    layers: tuple[Layer, ...]
    zones: dict[str, list[list[float]]]
    expected: list[Expected]
    places: None = None

    @property
    def watched(self) -> dict[str, Any]:
        rules = {f"in-{zone}": {"zone": zone, "trigger": "enter"} for zone in self.zones}
        return {"zones": {name: {"polygon": polygon} for name, polygon in self.zones.items()}, "rules": rules}

    def record(self, path: Path, codec: Codec, crf: int) -> Path:
        """Compose and store it."""
        encoder, options = _ENCODERS[codec]
        ground = cv2.GaussianBlur(cv2.resize(_empty(self.clip), self.size), (0, 0), 2.0)
        with av.open(str(path), "w", format="mp4") as container:
            stream = cast(VideoStream, container.add_stream(encoder, rate=FPS))
            stream.width, stream.height, stream.pix_fmt = *self.size, "yuv420p"
            stream.gop_size, stream.time_base, stream.thread_count = FPS, Fraction(1, FPS), 1
            stream.options = {**options, "crf": str(crf)}
            for number in range(round(self.seconds * FPS)):
                picture = ground.copy()
                for layer in self.layers:
                    layer.lay(picture, number)
                frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path


@dataclass(frozen=True)
class Layer:
    """A stretch of the clip, from picture `first` to `last` of it, laid in from picture `begin` on.

    `zoom` is the size on the canvas, `corner` where its upper left pixel lies. `cut` leaves the background away, and
    `tint` (BGR) is mixed into who is left: somebody who comes twice is not dressed the same.
    """

    clip: Path
    first: int
    last: int
    begin: int
    zoom: float
    corner: tuple[int, int]
    cut: bool
    tint: tuple[int, int, int] | None = None

    def lay(self, picture: Pixels, number: int) -> None:
        """Over `picture`, BGR, which is picture `number` of the composite."""
        index = self.first + number - self.begin
        if not self.first <= index < self.last:
            return
        source = _pictures(self.clip)[index]
        mask = _mask(self.clip, index) if self.cut else np.ones(source.shape[:2], np.float32)
        size = round(source.shape[1] * self.zoom), round(source.shape[0] * self.zoom)
        small = cv2.resize(source, size, interpolation=cv2.INTER_AREA)
        if self.tint is not None:
            small = cv2.addWeighted(small, 0.6, np.full_like(small, self.tint), 0.4, 0)
        cover = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)[..., None]
        x, y = self.corner
        h, w = picture.shape[:2]
        left, top, right, bottom = max(0, x), max(0, y), min(w, x + size[0]), min(h, y + size[1])
        if left >= right or top >= bottom:
            return
        own = slice(top - y, bottom - y), slice(left - x, right - x)
        under = picture[top:bottom, left:right]
        under[:] = (under * (1 - cover[own]) + small[own] * cover[own]).astype(np.uint8)


def composites(footage: Path) -> Iterator[Composite]:
    """Nothing, where there is no footage."""
    clip = footage / CLIP
    if not clip.is_file():
        return
    for count in (1, 2, 3, 4):
        yield _corners(clip, count)
    for count in (2, 4, 6, 9):
        yield _row(clip, count)


def _corners(clip: Path, count: int) -> Composite:
    """The clip's first two people, 90 lines tall in 1080, in so many corners, a few seconds apart."""
    told = _truth(clip)
    size, zoom, seconds = (1920, 1080), 0.24, 48.0
    wide, tall = round(768 * zoom), round(432 * zoom)
    spots = [(40, 40), (1920 - wide - 40, 1080 - tall - 40), (1920 - wide - 40, 40), (40, 1080 - tall - 40)][:count]
    layers, zones, expected = [], {}, []
    for n, (x, y) in enumerate(spots):
        layers.append(Layer(clip, 0, 10**6, 10 * n, zoom, (x, y), cut=False))
        zones[f"corner-{n}"] = [[(x + u * wide) / size[0], (y + v * tall) / size[1]] for u, v in told["zones"]["table"]]
        expected += [Expected(f"in-corner-{n}", start + n) for start, _ in told["in_zone_s"]["table"][:2]]
    return Composite(f"clip in {count} corners, 90 of 1080", clip, size, seconds, tuple(layers), zones, expected)


def _row(clip: Path, count: int) -> Composite:
    """So many people, one after another, side by side and before each other, in one zone: the floor of the hall.

    Each walks in from below, as in the clip, and leaves behind or before the others. One zoom for all: the zone's
    upper and lower border are then the clip's own.
    """
    told = _truth(clip)
    zoom, apart = 0.6, 85
    top = _SIZE[1] - round(432 * zoom)
    layers, expected = [], []
    for n in range(count):
        visible, inside = told["people_visible_s"][n % 6], told["in_zone_s"]["table"][n % 6]
        place = [*range(0, count, 2), *range(1, count, 2)][n]  # who comes later stands between others
        first, last, begin = round(visible[0] * FPS), round(visible[1] * FPS), 10 + 25 * n
        left = _SIZE[0] // 2 - round(0.6 * 768 * zoom) + round((place - (count - 1) / 2) * apart)
        tint = _TINTS[n - 6] if n >= 6 else None  # six people are in the clip
        layers.append(Layer(clip, first, last, begin, zoom, (left, top), cut=True, tint=tint))
        expected.append(Expected("in-floor", begin / FPS + inside[0] - visible[0]))
    seconds = max(layer.begin + layer.last - layer.first for layer in layers) / FPS + 2
    upper, lower = (1 - 432 * zoom * (1 - edge) / _SIZE[1] for edge in (0.60, 0.93))
    zones = {"floor": [[0.0, upper], [1.0, upper], [1.0, lower], [0.0, lower]]}
    return Composite(f"{count} people cut from footage", clip, _SIZE, seconds, tuple(layers), zones, expected)


def _truth(clip: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((clip.parent / "ground_truth.yaml").read_text())[CLIP])


@cache
def _pictures(clip: Path) -> list[Pixels]:
    with av.open(str(clip)) as container:
        return [np.asarray(one.to_ndarray(format="bgr24"), np.uint8) for one in container.decode(video=0)]


@cache
def _empty(clip: Path) -> Pixels:
    """The hall without anybody: the median of pictures between the visits."""
    seen = _truth(clip)["people_visible_s"]
    nobody = [n for n in range(0, len(_pictures(clip)), 5) if not any(a - 1 <= n / FPS <= b + 1 for a, b in seen)]
    return np.asarray(np.median(np.stack([_pictures(clip)[n] for n in nobody]), axis=0), np.uint8)


@cache
def _mask(clip: Path, index: int) -> NDArray[np.float32]:
    """Who differs from the empty hall: the largest part, without holes, with soft edges."""
    step = _pictures(clip)[index].astype(np.int16) - _empty(clip)
    exposure = np.median(step[::4, ::4], axis=(0, 1))
    apart = np.abs(step - exposure).max(axis=2).astype(np.uint8)
    rough = (cv2.GaussianBlur(apart, (0, 0), 2.0) > 20).astype(np.uint8)
    closed = cv2.morphologyEx(rough, cv2.MORPH_CLOSE, np.ones((13, 13), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    if count < 2 or stats[1:, cv2.CC_STAT_AREA].max() < 2000:
        return np.zeros(apart.shape, np.float32)
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return np.asarray(cv2.GaussianBlur((labels == largest).astype(np.float32), (0, 0), 1.2), np.float32)
