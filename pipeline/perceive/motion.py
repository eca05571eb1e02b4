"""The background of one camera, and what differs from it. Luma only; media seconds.

Not here: where the detector is to look because of it (`attention`).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.frame import Frame
from pipeline.perceive.motion_kernels import block_means, compare_and_learn
from pipeline.types import Boxes, Motion, Point

# The grid has about so many cells across: a distant person still covers several.
_COLUMNS = 192
# Grey levels of a cell's mean that are never motion, and how many times its usual deviation.
_FLOOR = 7.0
_TIMES_NOISE = 5.0
_FIRST_NOISE = 2.0
# Seconds in which the background follows slow change, and in which something left standing becomes background.
_LEARN_S = 4.0
_ABSORB_S = 15.0
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
        # Grey levels by which the whole picture differs, from the background and from the picture before.
        self._shift = self._stepped = 0.0
        self._block = 1
        self._cells = self._before = self._background = self._noise = np.zeros((0, 0), np.float32)
        self._mask = np.zeros((0, 0), np.uint8)

    def update(self, frame: Frame) -> Motion:
        """What moved since the background was learnt. The whole picture counts as moved when it is new."""
        fresh = frame.size != self._size
        if fresh:
            self._begin(frame.size)
        self._aspect = frame.aspect
        elapsed, self._at = max(0.0, frame.pts - self._at), frame.pts
        self._cells, self._before = self._before, self._cells
        block_means(frame.luma, self._block, self._cells)
        if fresh:
            return self._learn_anew()
        changed = self._compare(elapsed) / self._cells.size
        return self._learn_anew() if changed > _SWITCHED else Motion(*self._parts(changed))

    def _begin(self, size: tuple[int, int]) -> None:
        w, h = self._size = size
        self._block = max(2, w // _COLUMNS)
        shape = (max(1, h // self._block), max(1, w // self._block))
        self._cells, self._before, self._background, self._noise = (np.zeros(shape, np.float32) for _ in range(4))
        self._mask = np.zeros(shape, np.uint8)
        self._ignored = _ignored(self._masks, shape)

    def _learn_anew(self) -> Motion:
        self._background[:] = self._cells
        self._shift = self._stepped = 0.0
        self._noise[:] = _FIRST_NOISE
        return Motion(np.array([[0, 0, self._aspect, 1]], np.float32), 1.0)

    def _compare(self, elapsed: float) -> int:
        # Cameras correct their exposure: the median of the cells (a quarter tells it) moves, and nobody does.
        before, self._shift = self._shift, float(np.median((self._cells - self._background)[::2, ::2]))
        self._stepped = self._shift - before
        learn, absorb = (1 - np.exp(-elapsed / seconds) for seconds in (_LEARN_S, _ABSORB_S))
        return int(
            compare_and_learn(
                self._cells, self._background, self._noise, self._mask, self._shift, _FLOOR, _TIMES_NOISE, learn, absorb
            )
        )

    def _parts(self, changed: float) -> tuple[Boxes, float, NDArray[np.bool_]]:
        """Bounding boxes of the connected parts, after closing gaps of a cell or two."""
        if not changed:
            return np.zeros((0, 4), np.float32), changed, np.zeros(0, np.bool_)
        self._mask[self._ignored] = 0
        count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(self._mask, _NEIGHBOURS), connectivity=8)
        # Counted before the gaps were closed: noise lights a cell or two somewhere in every picture.
        cells = np.bincount(labels[self._mask > 0], minlength=count)[1:]
        large = cells >= max(3, _LEAST_SHARE * self._mask.size)
        parts = stats[1:][large]
        corner, extent = parts[:, :2], parts[:, 2:4]
        w, h = self._size or (1, 1)
        cell = np.tile([self._aspect * self._block / w, self._block / h], 2)
        stirred = (np.abs(self._cells - self._before - self._stepped) > _FLOOR) & (self._mask > 0)
        stirring = np.bincount(labels[stirred], minlength=count)[1:][large] > 1
        return np.asarray(np.hstack([corner, corner + extent]) * cell, np.float32), changed, stirring


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
