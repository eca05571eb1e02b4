"""What moves in the pictures of one camera: where they differ from its background. Luma only; media seconds.

Not here: what the background is (`background`), where the detector is to look because of it (`attention`).
"""

from __future__ import annotations

from collections.abc import Sequence

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


class MotionDetector:
    """`update` with each frame of one camera; learns anew when the picture's size changes or a light is switched.

    What moves in `masks`, polygons (normalised), does not count.
    """

    def __init__(self, masks: Sequence[Sequence[Point]] = ()) -> None:
        self._masks = masks
        self._ignored = np.zeros((0, 0), np.bool_)
        self._size: tuple[int, int] | None = None
        self._aspect = 1.0
        self._at = 0.0
        self._side = _SIDES[0]
        self._columns = np.zeros(0, np.uint16)
        self._cells = self._before = np.zeros((0, 0), np.float32)
        self._background = Background((0, 0))

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
        return self._learn_anew() if changed > _SWITCHED else Motion(*self._parts(changed))

    def _begin(self, size: tuple[int, int]) -> None:
        w, h = self._size = size
        self._side = next((side for side in _SIDES if w <= _MOST_COLUMNS * side), _SIDES[-1])
        # An even number of columns: the smallest cells are folded two at a time.
        shape = h // self._side, w // self._side // 2 * 2
        self._columns = np.zeros(shape[1] * self._side, np.uint16)
        self._cells, self._before = (np.zeros(shape, np.float32) for _ in range(2))
        self._background = Background(shape)
        self._ignored = _ignored(self._masks, shape)

    def _learn_anew(self) -> Motion:
        self._background.learn_anew(self._cells)
        return Motion(np.array([[0, 0, self._aspect, 1]], np.float32), 1.0)

    def _parts(self, changed: float) -> tuple[Boxes, float, NDArray[np.bool_]]:
        """Bounding boxes of the connected parts, after closing gaps of a cell or two."""
        moved = np.where(self._ignored, np.uint8(0), self._background.mask) if changed else self._background.mask
        rows, columns = (_around(np.asarray(moved.any(axis=axis))) for axis in (1, 0))
        mask = moved[rows, columns]
        if not mask.size:
            return np.zeros((0, 4), np.float32), changed, np.zeros(0, np.bool_)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(mask, _NEIGHBOURS), connectivity=8)
        # Counted before the gaps were closed: noise lights a cell or two somewhere in every picture.
        cells = np.bincount(labels[mask > 0], minlength=count)[1:]
        large = cells >= max(3, _LEAST_SHARE * moved.size)
        parts = stats[1:][large]
        corner, extent = parts[:, :2] + (columns.start, rows.start), parts[:, 2:4]
        w, h = self._size or (1, 1)
        cell = np.tile([self._aspect * self._side / w, self._side / h], 2)
        step = self._cells[rows, columns] - self._before[rows, columns] - self._background.step
        stirring = np.bincount(labels[(np.abs(step) > FLOOR) & (mask > 0)], minlength=count)[1:][large] > 1
        return np.asarray(np.hstack([corner, corner + extent]) * cell, np.float32), changed, stirring


def _around(any_there: NDArray[np.bool_]) -> slice:
    """The rows, or columns, in which there is something, and one more on each side."""
    there = np.flatnonzero(any_there)
    return slice(max(there[0] - 1, 0), there[-1] + 2) if len(there) else slice(0, 0)


def _ignored(masks: Sequence[Sequence[Point]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The cells (rows, columns) of which at least half lies in a mask: painted finely, then averaged."""
    rows, columns = shape
    fine = np.zeros((rows * _FINE, columns * _FINE), np.uint8)
    for polygon in masks:
        corners = np.rint(np.array(polygon) * (columns * _FINE, rows * _FINE)).astype(np.int32)
        cv2.fillPoly(fine, [corners], 1)
    return np.asarray(fine.reshape(rows, _FINE, columns, _FINE).mean(axis=(1, 3)) >= 0.5, np.bool_)


_FINE = 4
_NEIGHBOURS = np.ones((3, 3), np.uint8)
