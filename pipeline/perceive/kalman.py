"""A constant-velocity Kalman filter for many boxes at once, each axis on its own. Seconds and display units.

State per box: centre x, centre y, width, height, and the rate of each. All noise scales with the box's height, so that
near and far people are filtered alike (as in SORT, Bewley et al. 2016, and ByteTrack, Zhang et al. 2022, but with time
in seconds instead of frames). Not here: which box belongs to whom (`track`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.perceive import filter_kernels as kernels
from pipeline.types import Boxes

Floats = NDArray[np.float64]

# Standard deviations, in heights: of a detector's edge, and of a person's change of speed within a second.
_MEASURED = np.array([0.04, 0.04, 0.05, 0.05])
_RESTLESS = np.array([1.0, 0.7, 0.3, 0.3])
_ANY_SPEED = np.array([3.0, 2.0, 0.5, 0.5])
_LEAST = 1e-3  # display units: no box is narrower
_FIRST_SPEED = np.array([1.0, 0.7, 0.2, 0.2])


def measures(boxes: Boxes) -> Floats:
    """Corners (n, 4) to centre, width, height (n, 4)."""
    b = np.asarray(boxes, np.float64)
    return np.stack([(b[:, 0] + b[:, 2]) / 2, (b[:, 1] + b[:, 3]) / 2, b[:, 2] - b[:, 0], b[:, 3] - b[:, 1]], axis=1)


def corners(measured: Floats) -> Boxes:
    """Centre, width, height (n, 4) to corners (n, 4)."""
    out = np.empty(measured.shape, np.float32)
    kernels.corners(measured, _LEAST, out)
    return out


class Kalman:
    """The filters of all tracks of a camera: a row a track, in the order they were added.

    `place` (n, 4) is the state; `cov` (n, 4, 3) its variance, its covariance with its rate, and the rate's variance.
    """

    def __init__(self) -> None:
        self.place: Floats = np.zeros((0, 4))
        self._rate: Floats = np.zeros((0, 4))
        self.cov: Floats = np.zeros((0, 4, 3))

    def boxes(self) -> Boxes:
        """Where the filters believe the boxes to be, corners (n, 4), unclipped."""
        return corners(self.place)

    def add(self, boxes: Boxes) -> None:
        """New tracks at the end."""
        place = measures(boxes)
        height = place[:, 3:4]
        cov = np.zeros((len(place), 4, 3))
        cov[..., 0] = (_MEASURED * height) ** 2
        cov[..., 2] = (_FIRST_SPEED * height) ** 2
        self.place = np.vstack([self.place, place])
        self._rate = np.vstack([self._rate, np.zeros_like(place)])
        self.cov = np.concatenate([self.cov, cov])

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Forget the tracks where `rows` (n,) is False."""
        self.place, self._rate, self.cov = self.place[rows], self._rate[rows], self.cov[rows]

    def predict(self, seconds: float) -> None:
        """Let time pass."""
        if seconds > 0:
            kernels.predict(self.place, self._rate, self.cov, seconds, _RESTLESS)

    def correct(self, rows: NDArray[np.intp], boxes: Boxes) -> None:
        """`boxes` (m, 4) were measured for the tracks `rows` (m,)."""
        kernels.correct(self.place, self._rate, self.cov, rows, boxes, _MEASURED)

    def restart(self, rows: NDArray[np.intp], boxes: Boxes, away_s: Floats) -> None:
        """The tracks `rows` (m,) were last seen in `boxes` (m, 4), `away_s` (m,) seconds ago, and went who knows how.

        The next box then tells where they are, and how fast they came there.
        """
        self.place[rows] = measures(boxes)
        self._rate[rows] = 0
        away = np.maximum(away_s, 1e-3)[:, None]
        speed = (_ANY_SPEED * self.place[rows, 3:4]) ** 2
        self.cov[rows] = np.stack([speed * away**2, speed * away, speed], axis=2)

    def replace(self, rows: NDArray[np.intp], by: NDArray[np.intp]) -> None:
        """The tracks `rows` (m,) go on as those of `by` (m,) are."""
        self.place[rows], self._rate[rows], self.cov[rows] = self.place[by], self._rate[by], self.cov[by]

    def halt(self, rows: NDArray[np.bool_]) -> None:
        """Unseen people are not carried away by their last speed: it halves with each look in vain."""
        self._rate[rows] *= 0.5
