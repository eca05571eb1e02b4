"""Where the detector is to look: it is the dear part, so only where something moves or someone is followed.

The whole picture is looked at when watching begins and every `sweep_s`, so that someone who stands still is found.
Pure; pixels and media seconds. Not here: what is found there (`person`).
"""

from __future__ import annotations

from math import ceil

import numpy as np

from pipeline.types import Boxes, Frame, Motion, Region

# A followed person is somewhere in the box grown by this share of its size on each side.
_MARGIN = 0.5
# A region is never smaller than this share of the picture's height: context helps the detector.
_LEAST_SIDE = 0.6
# Regions that cover more than this are the whole picture, at the price of one look.
_NEARLY_ALL = 0.5
_MOST_REGIONS = 3


class Attention:
    """`regions` after each frame of one camera."""

    def __init__(self, sweep_s: float) -> None:
        self._sweep_s = sweep_s
        self._swept_at: float | None = None

    def regions(self, frame: Frame, motion: Motion, followed: Boxes) -> list[Region]:
        """The parts of the picture to look at now; none where nothing moves and nobody is followed."""
        w, h = frame.size
        whole = (0, 0, w, h)
        if self._swept_at is None or frame.pts - self._swept_at >= self._sweep_s or motion.changed >= 1:
            self._swept_at = frame.pts
            return [whole]
        boxes = np.vstack([motion.boxes, followed])
        regions = _joined([_region(box, w, h) for box in boxes])
        covered = sum((x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in regions)
        return [whole] if len(regions) > _MOST_REGIONS or covered > _NEARLY_ALL * w * h else regions


def _region(box: np.ndarray, w: int, h: int) -> Region:
    """A square around the box with its margin, moved and cut to lie inside the picture."""
    x1, y1, x2, y2 = (float(edge) for edge in box)
    side = max((x2 - x1), (y2 - y1)) * (1 + 2 * _MARGIN)
    side = max(side, _LEAST_SIDE * h)
    wide, tall = min(side, w), min(side, h)
    left = min(max((x1 + x2 - wide) / 2, 0), w - wide)
    top = min(max((y1 + y2 - tall) / 2, 0), h - tall)
    return int(left), int(top), min(ceil(left + wide), w), min(ceil(top + tall), h)


def _joined(regions: list[Region]) -> list[Region]:
    """Overlapping regions become their common bounds, until none overlap."""
    done: list[Region] = []
    for region in regions:
        while hit := next((other for other in done if _overlap(region, other)), None):
            done.remove(hit)
            region = min(region[0], hit[0]), min(region[1], hit[1]), max(region[2], hit[2]), max(region[3], hit[3])
        done.append(region)
    return done


def _overlap(a: Region, b: Region) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
