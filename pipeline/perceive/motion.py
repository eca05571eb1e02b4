"""What moves in the pictures of one camera: where they differ from its background. Luma only; media seconds.

Not here: what the background is (`background`), where the detector is to look because of it (`attention`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import Frame
from pipeline.perceive.background import FLOOR, Background
from pipeline.perceive.motion_kernels import cell_means
from pipeline.types import Boxes, Motion, Point

# A cell has the fewest pixels on a side of these with which at most so many are across: a distant person has several.
_SIDES, _MOST_COLUMNS = (2, 4, 8, 16), 240
# More of the picture than this does not walk: a light was switched, or the camera moved.
_SWITCHED = 0.6
# Fewer cells than this share of the picture are a leaf or a fly.
_LEAST_SHARE = 0.0002
# Parts with fewer cells than so many times their length count when they are seen a second and a third time.
_THIN, _THINNEST = 2.2, 1.3
# That is so while there are so many a picture that are not seen again, on the mean of so many seconds.
_RAIN, _WEATHER_S = 0.5, 10.0
# The same part: its ends are off by no more than this share of its length, and it runs so many lengths a second.
_ALIKE, _RUNS = 0.15, 2.5
_Cells: TypeAlias = NDArray[np.int32]
_NONE = np.zeros((0, 4), np.int32)
# Closing gaps has made parts a cell larger on each side.
_CLOSED = np.array([1, 1, -1, -1], np.int32)


class MotionDetector:
    """`update` with each frame of one camera; learns anew when the picture's size changes or a light is switched.

    What moves in `masks`, polygons (normalised), does not count.
    """

    def __init__(self, masks: Sequence[Sequence[Point]] = ()) -> None:
        self._masks = masks
        self._counting = np.zeros((0, 0), np.uint8)
        self._size: tuple[int, int] | None = None
        self._aspect = 1.0
        self._at = 0.0
        self._side = _SIDES[0]
        self._columns = np.zeros(0, np.uint16)
        self._cells = self._before = np.zeros((0, 0), np.float32)
        self._background = Background((0, 0))
        self._parted, self._seen = _NONE, np.zeros(0, np.int64)
        self._rain = 0.0

    def update(self, frame: Frame) -> Motion:
        """What moved since the background was learnt. The whole picture counts as moved when it is new."""
        fresh = frame.size != self._size
        if fresh:
            self._begin(frame.size)
        self._aspect = frame.aspect
        elapsed, self._at = max(0.0, frame.pts - self._at), frame.pts
        self._cells, self._before = self._before, self._cells
        cell_means(frame.luma, self._side, self._columns, self._cells)
        if fresh or not self._cells.size:
            return self._learn_anew()
        changed = self._background.update(self._cells, elapsed) / self._cells.size
        return self._learn_anew() if changed > _SWITCHED else Motion(*self._parts(changed, elapsed))

    def _begin(self, size: tuple[int, int]) -> None:
        w, h = self._size = size
        self._side = next((side for side in _SIDES if w <= _MOST_COLUMNS * side), _SIDES[-1])
        # An even number of columns: the smallest cells are folded two at a time.
        shape = h // self._side, w // self._side // 2 * 2
        self._columns = np.zeros(shape[1] * self._side, np.uint16)
        self._cells, self._before = (np.zeros(shape, np.float32) for _ in range(2))
        self._background = Background(shape)
        self._parted, self._seen = _NONE, np.zeros(0, np.int64)
        self._counting = _counting(self._masks, shape)

    def _learn_anew(self) -> Motion:
        self._background.learn_anew(self._cells)
        return Motion(np.array([[0, 0, self._aspect, 1]], np.float32), 1.0)

    def _parts(self, changed: float, elapsed: float) -> tuple[Boxes, float, NDArray[np.bool_]]:
        """Bounding boxes of the connected parts, after closing gaps of a cell or two."""
        moved = self._background.mask & self._counting if changed and self._masks else self._background.mask
        rows, columns = _around(cv2.boundingRect(moved))
        mask = moved[rows, columns]
        if not changed or not mask.size:
            self._stay(_NONE, np.zeros(0, np.int64), elapsed)
            return np.zeros((0, 4), np.float32), changed, np.zeros(0, np.bool_)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(mask, _NEIGHBOURS), connectivity=8)
        # Counted before the gaps were closed: noise lights a cell or two somewhere in every picture.
        cells = np.bincount(labels[mask > 0], minlength=count)[1:]
        large = cells >= max(3, _LEAST_SHARE * moved.size)
        corner = stats[1:, :2] + (columns.start, rows.start)
        boxes = np.hstack([corner, corner + stats[1:, 2:4]])[large]
        stays = self._stay(boxes + _CLOSED, cells[large], elapsed)
        large[large] = stays
        w, h = self._size or (1, 1)
        cell = np.tile([self._aspect * self._side / w, self._side / h], 2)
        step = self._cells[rows, columns] - self._before[rows, columns] - self._background.step
        stirring = np.bincount(labels[(np.abs(step) > FLOOR) & (mask > 0)], minlength=count)[1:][large] > 1
        return np.asarray(boxes[stays] * cell, np.float32), changed, stirring

    def _stay(self, parts: _Cells, cells: NDArray[np.int64], elapsed: float) -> NDArray[np.bool_]:
        """Which of the parts (n,) count: while it rains, snows or swarms, thin ones do when they are seen again."""
        seen = _sightings(parts, self._parted, self._seen, elapsed)
        self._parted, self._seen = parts, seen
        wide = cells / np.maximum(_longest(parts), 1)
        fleeting = seen < 1 + (wide < _THIN) + (wide < _THINNEST)
        self._rain += (1 - np.exp(-elapsed / _WEATHER_S)) * (np.count_nonzero(fleeting) - self._rain)
        return np.asarray(~fleeting | (self._rain < _RAIN), np.bool_)


def _sightings(parts: _Cells, before: _Cells, seen: NDArray[np.int64], elapsed: float) -> NDArray[np.int64]:
    """In how many pictures in a row each part (n,) has been there, this one included, as far as boxes tell.

    `parts` (n, 4) are theirs, `before` (m, 4) those of the picture before, `seen` (m,) in how many those had been. Who
    runs has moved on by some of their height, and is as tall as they were.
    """
    if not len(parts) or not len(before):
        return np.ones(len(parts), np.int64)
    long = _longest(parts)[:, None]
    ends = np.abs(parts[:, None, (1, 3)] - before[None, :, (1, 3)]).max(axis=2) <= _ALIKE * long + 1
    way = np.abs(parts[:, None, (0, 2)] - before[None, :, (0, 2)]).min(axis=2) <= _RUNS * elapsed * long + 1
    return np.asarray(1 + np.where(ends & way, seen[None, :], 0).max(axis=1), np.int64)


def _longest(parts: _Cells) -> NDArray[np.int32]:
    return np.asarray((parts[:, 2:] - parts[:, :2]).max(axis=1), np.int32)


def _around(part: Sequence[int]) -> tuple[slice, slice]:
    """The rows and columns of a rectangle (x, y, wide, high), and one more on each side; none of an empty one."""
    x, y, wide, high = part
    return (slice(max(y - 1, 0), y + high + 1), slice(max(x - 1, 0), x + wide + 1)) if wide else (slice(0), slice(0))


def _counting(masks: Sequence[Sequence[Point]], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """1 for the cells (rows, columns) of which more than half lies in no mask: painted finely, then averaged."""
    rows, columns = shape
    fine = np.zeros((rows * _FINE, columns * _FINE), np.uint8)
    for polygon in masks:
        corners = np.rint(np.array(polygon) * (columns * _FINE, rows * _FINE)).astype(np.int32)
        cv2.fillPoly(fine, [corners], 1)
    return np.asarray(fine.reshape(rows, _FINE, columns, _FINE).mean(axis=(1, 3)) < 0.5, np.uint8)


_FINE = 4
_NEIGHBOURS = np.ones((3, 3), np.uint8)
