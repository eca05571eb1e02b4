"""What is to be seen where nobody is: learnt cell by cell from the pictures of one camera, in media seconds.

An empty place is quiet: what a camera does to its own picture is no motion. Exposure is taken off by a tone curve,
swaying and trembling by looking at the cells beside, a camera that turns slowly by moving the background along. Who
stood somewhere leaves no ghost, because what was there before is remembered; what was there from the first picture and
goes leaves one that is told from a thing by its border: the background stands out there, and the picture does not.
Pure. Not here: cells from pixels, and boxes (`motion`). What was tried: docs/design/speed.md.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.perceive.background_kernels import SCRATCH, border_contrast, judge, settle
from pipeline.perceive.tone_kernels import BANDS, OFFSETS, STEPS, mismatch, tone_curve

# Grey levels of a cell's mean that are never motion, and how many times its usual deviation.
FLOOR = 7.0
_TIMES_NOISE = 5.0
_FIRST_NOISE = 2.0
# Seconds in which the background follows slow change, and in which what was there earlier does.
_LEARN_S, _SLOWLY_S = 4.0, 20.0
# Something left standing becomes background after so long, and what was there before it is forgotten after so long.
_ABSORB_S, _FORGET_S = 15.0, 120.0
# What has not changed for so long may be a ghost: if the picture stands out at its border less than so much of what the
# background does, over so many pairs of cells at least.
_STILL_S, _PLAINER, _LEAST_BORDER = 0.6, 0.8, 3
# So often it is asked whether the camera has turned: the background fits better a cell off, by so much, so many times
# in a row.
_ALIGN_S, _BETTER, _TIMES = 0.4, 0.92, 2
# Cells at an edge of a camera that turns: what comes in there was half seen for a while.
_COMES_IN = 3
_NOTHING = -1e6
_Plane: TypeAlias = NDArray[np.float32]


class Background:
    """Of a picture of `shape` cells (rows, columns); `mask` (0 or 1) is where the picture differs from it."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.mask = np.zeros(shape, np.uint8)
        self._found = np.zeros(shape, np.uint8)
        self.step = 0.0
        """Grey levels by which the whole picture has changed since the picture before."""
        self._now, self._earlier, self._noise, self._candidate, self._lasted, self._parted = (
            np.zeros(shape, np.float32) for _ in range(6)
        )
        self._counts, self._levels = np.zeros((BANDS, STEPS), np.int32), np.zeros(BANDS, np.float32)
        self._curve = np.zeros((2, 256), np.float32)
        self._change = 0.0
        self._fits = np.zeros(OFFSETS)
        self._toned, self._line = np.zeros(shape, np.float32), np.zeros(shape[1], np.float32)
        self._lines = np.zeros(SCRATCH, np.float32)
        self._since_aligned, self._votes = 0.0, 0

    def learn_anew(self, cells: NDArray[np.float32]) -> None:
        """All of it is as in this picture."""
        self._now[:] = self._earlier[:] = cells
        self._noise[:] = _FIRST_NOISE
        self._candidate[:] = _NOTHING
        self._lasted[:] = self._parted[:] = 0.0
        self._change = self.step = self._since_aligned = 0.0
        self._votes = 0
        self.mask[:] = 0

    def update(self, cells: NDArray[np.float32], elapsed: float) -> int:
        """Compare the picture (mean grey of each cell) and learn from it; how many cells differ."""
        before = self._change
        self._change = float(tone_curve(cells, self._now, self.mask, self._counts, self._levels, self._curve))
        self.step = self._change - before
        self._align(cells, elapsed)
        rate, slowly = (1 - np.exp(-elapsed / seconds) for seconds in (_LEARN_S, _SLOWLY_S))
        now, earlier, noise, _, lasted, parted = self._planes
        how = self._curve, FLOOR, _TIMES_NOISE, rate, slowly, elapsed
        if not settle(cells, now, earlier, noise, lasted, parted, *how, _FORGET_S, self._found, self._lines):
            self.mask[:] = 0
            return 0
        count = int(judge(cells, *self._planes, *how, _ABSORB_S, self._found, self.mask))
        return count - (self._absorb_ghosts(cells) if count else 0)

    @property
    def _planes(self) -> tuple[_Plane, _Plane, _Plane, _Plane, _Plane, _Plane]:
        return self._now, self._earlier, self._noise, self._candidate, self._lasted, self._parted

    def _align(self, cells: NDArray[np.float32], elapsed: float) -> None:
        """Where the camera has turned by most of a cell, the background turns with it."""
        self._since_aligned += elapsed
        if self._since_aligned < _ALIGN_S:
            return
        self._since_aligned = 0.0
        mismatch(cells, self._now, self._curve, self._toned, self._line, self._fits)
        best = int(self._fits.argmin())
        self._votes = self._votes + 1 if self._fits[best] < _BETTER * self._fits[OFFSETS // 2] else 0
        if self._votes < _TIMES:
            return
        self._votes = 0
        down, across = best // 3 - 1, best % 3 - 1
        for plane in self._planes:
            plane[:] = np.roll(plane, (down, across), (0, 1))
        come_in = np.zeros(self.mask.shape, np.bool_)
        come_in[_edge(down)] = come_in[:, _edge(across)] = True
        for plane in (self._now, self._earlier):
            plane[come_in] = cells[come_in]

    def _absorb_ghosts(self, cells: NDArray[np.float32]) -> int:
        """Where something was from the beginning and has gone; how many cells."""
        still = (self.mask > 0) & (self._lasted >= _STILL_S)
        if np.count_nonzero(still) < _LEAST_BORDER:
            return 0
        count, found = cv2.connectedComponents(still.astype(np.uint8), connectivity=8)
        labels = np.asarray(found, np.int32)
        contrast = np.zeros((count, 3))
        border_contrast(labels, self._found, cells, self._now, contrast)
        ghosts = (contrast[:, 2] >= _LEAST_BORDER) & (contrast[:, 0] < _PLAINER * contrast[:, 1])
        gone = ghosts[labels]
        self._now[gone] = self._candidate[gone]
        self._lasted[gone] = self._parted[gone] = 0.0
        self.mask[gone] = 0
        return int(np.count_nonzero(gone))


def _edge(moved: int) -> slice:
    """The cells at the edge away from which the background has moved: what is there has come into the picture."""
    return slice(0, _COMES_IN) if moved > 0 else slice(-_COMES_IN, None) if moved < 0 else slice(0, 0)
