"""Which of the people found count: not those whose feet are in a mask, nor those too small or too tall.

Display units. Not here: what a single rule says of heights (`rules/`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.types import Boxes, Detections, Point

# Of whom the picture's edge cuts off a part the height is not known.
_AT_EDGE = 0.01


class Sieve:
    """`masks` are polygons (normalised); `smallest` and `tallest` are heights, None: no limit.

    `unlike` says of a height and the row of the feet (0–1) whether nobody there is so tall.
    """

    def __init__(
        self,
        masks: Sequence[Sequence[Point]],
        smallest: float,
        tallest: float | None,
        unlike: Callable[[float, float], bool] | None = None,
    ) -> None:
        self._unlike = unlike
        self._masks = [np.array(polygon, np.float32) for polygon in masks]
        self._smallest, self._tallest = smallest, tallest

    def counting(self, people: Detections, aspect: float) -> Detections:
        """Those of `people` who count; parts of people (`cut`) are not measured."""
        if not len(people):
            return people
        boxes = people.boxes
        height = boxes[:, 3] - boxes[:, 1]
        part = (boxes[:, 1] < _AT_EDGE) | (boxes[:, 3] > 1 - _AT_EDGE)
        if people.cut is not None:
            part |= people.cut
        counts = (height >= self._smallest) | part
        if self._tallest is not None:
            counts &= height <= self._tallest
        if self._unlike is not None:
            rows = zip(height.tolist(), boxes[:, 3].tolist(), strict=True)
            counts &= part | ~np.array([self._unlike(*row) for row in rows], np.bool_)
        counts &= ~self._masked(boxes, aspect)
        return people if counts.all() else people.only(counts)

    def _masked(self, boxes: Boxes, aspect: float) -> NDArray[np.bool_]:
        feet = np.stack([(boxes[:, 0] + boxes[:, 2]) / (2 * aspect), np.minimum(boxes[:, 3], 1.0)], axis=1)
        inside = [
            any(cv2.pointPolygonTest(mask, (float(x), float(y)), False) >= 0 for mask in self._masks) for x, y in feet
        ]
        return np.array(inside, np.bool_)
