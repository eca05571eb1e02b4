"""The Numba loops of the Kalman filters, and nothing else: serial, without the GIL. Meanings: `kalman`.

Explicit signatures compile them at import, once a machine: `cache=True` keeps the result (warm it before forking).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.compiled import nb

_BOXES = nb.types.Array(nb.float32, 2, "A", readonly=True)
_TABLE, _COVARIANCE = nb.float64[:, ::1], nb.float64[:, :, ::1]
_FOUR = nb.types.Array(nb.float64, 1, "C", readonly=True)


@nb.njit(nb.void(_TABLE, _TABLE, _COVARIANCE, nb.float64, _FOUR), cache=True, nogil=True)
def predict(
    place: NDArray[np.float64],
    rate: NDArray[np.float64],
    cov: NDArray[np.float64],
    seconds: float,
    restless: NDArray[np.float64],
) -> None:
    """Let `seconds` pass for all rows of `place` (n, 4), `rate` (n, 4) and `cov` (n, 4, 3)."""
    for i in range(len(place)):
        tall = place[i, 3]
        for k in range(4):
            noise = (restless[k] * tall) ** 2
            both, speed = cov[i, k, 1], cov[i, k, 2]
            cov[i, k, 0] += 2 * seconds * both + seconds**2 * speed + noise * seconds**3 / 3
            cov[i, k, 1] += seconds * speed + noise * seconds**2 / 2
            cov[i, k, 2] += noise * seconds
            place[i, k] += rate[i, k] * seconds


@nb.njit(nb.void(_TABLE, _TABLE, _COVARIANCE, nb.int64[::1], _BOXES, _FOUR), cache=True, nogil=True)
def correct(
    place: NDArray[np.float64],
    rate: NDArray[np.float64],
    cov: NDArray[np.float64],
    rows: NDArray[np.int64],
    boxes: NDArray[np.float32],
    measured: NDArray[np.float64],
) -> None:
    """`boxes` (m, 4) were seen for `rows` (m,), each edge to `measured` (4,) of their height."""
    seen = np.empty(4)
    for n in range(len(rows)):
        i = rows[n]
        seen[0], seen[1] = (boxes[n, 0] + np.float64(boxes[n, 2])) / 2, (boxes[n, 1] + np.float64(boxes[n, 3])) / 2
        seen[2], seen[3] = np.float64(boxes[n, 2]) - boxes[n, 0], np.float64(boxes[n, 3]) - boxes[n, 1]
        for k in range(4):
            here, both, speed = cov[i, k, 0], cov[i, k, 1], cov[i, k, 2]
            spread = here + (measured[k] * seen[3]) ** 2
            gain, gain_rate = here / spread, both / spread
            off = seen[k] - place[i, k]
            place[i, k] += gain * off
            rate[i, k] += gain_rate * off
            cov[i, k, 0] = here * (1 - gain)
            cov[i, k, 1] = both * (1 - gain)
            cov[i, k, 2] = speed - gain_rate * both


@nb.njit(nb.void(_TABLE, nb.float64, nb.float32[:, ::1]), cache=True, nogil=True)
def corners(place: NDArray[np.float64], least: float, out: NDArray[np.float32]) -> None:
    """Centre, width and height (n, 4), each at `least` so much, as corners into `out` (n, 4)."""
    for i in range(len(place)):
        for k in range(2):
            half = max(place[i, k + 2], least) / 2
            out[i, k], out[i, k + 2] = place[i, k] - half, place[i, k] + half
