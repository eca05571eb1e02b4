"""The Numba loops of tracking and appearance, and nothing else: serial, without the GIL.

Explicit signatures compile them at import, once a machine: `cache=True` keeps the result (warm it before forking).
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

_BOXES = nb.types.Array(nb.float32, 2, "A", readonly=True)
_PLANE = nb.types.Array(nb.uint8, 2, "A", readonly=True)
_TABLE = nb.float64[:, ::1]


@nb.njit(nb.void(_BOXES, _BOXES, nb.types.Array(nb.float64, 2, "A", readonly=True), _TABLE), cache=True, nogil=True)
def overlaps(
    a: NDArray[np.float32], b: NDArray[np.float32], grow: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Intersection over union of `a` (n, 4) with `b` (m, 4) into `out` (n, m), all sides moved out by `grow` (n, 2)."""
    for i in range(len(a)):
        gx, gy = grow[i, 0], grow[i, 1]
        ax1, ay1, ax2, ay2 = a[i, 0] - gx, a[i, 1] - gy, a[i, 2] + gx, a[i, 3] + gy
        for j in range(len(b)):
            bx1, by1, bx2, by2 = b[j, 0] - gx, b[j, 1] - gy, b[j, 2] + gx, b[j, 3] + gy
            w = min(ax2, bx2) - max(ax1, bx1)
            h = min(ay2, by2) - max(ay1, by1)
            if w <= 0 or h <= 0:
                out[i, j] = 0.0
                continue
            common = w * h
            union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - common
            out[i, j] = common / max(union, 1e-12)


_ROW, _PLACES, _FLAGS = nb.float64[::1], nb.int64[::1], nb.boolean[::1]


@nb.njit(
    nb.int64(_TABLE, nb.int64, _ROW, _ROW, _PLACES, _ROW, _PLACES, _FLAGS),
    cache=True,
    nogil=True,
)
def _free_column(
    cost: NDArray[np.float64],
    start: int,
    row_price: NDArray[np.float64],
    column_price: NDArray[np.float64],
    row_of: NDArray[np.int64],
    distance: NDArray[np.float64],
    before: NDArray[np.int64],
    done: NDArray[np.bool_],
) -> int:
    """The free column at the end of the shortest path from row `start`; `before` leads back along it."""
    distance[:], before[:], done[:] = np.inf, -1, False
    row, reach, column = start, 0.0, -1
    while row >= 0:
        nearest = -1
        for j in range(cost.shape[1]):
            if done[j]:
                continue
            through = reach + cost[row, j] - row_price[row] - column_price[j]
            if through < distance[j]:
                distance[j], before[j] = through, column
            if nearest < 0 or distance[j] < distance[nearest]:
                nearest = j
        column, reach = nearest, distance[nearest]
        done[column] = True
        row = row_of[column]
    return column


@nb.njit(nb.int64[::1](_TABLE), cache=True, nogil=True)
def cheapest_columns(cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """The column of each row of `cost` (n, m ≥ n) in the pairing of least total.

    The Hungarian method by shortest augmenting paths (Jonker and Volgenant 1987; Crouse 2016).
    """
    n, m = cost.shape
    row_price, column_price = np.zeros(n), np.zeros(m)
    row_of, columns = np.full(m, -1), np.full(n, -1)
    distance, before, done = np.empty(m), np.empty(m, np.int64), np.empty(m, np.bool_)
    for start in range(n):
        column = _free_column(cost, start, row_price, column_price, row_of, distance, before, done)
        # Reduced costs stay non-negative, so that the next search is a shortest path too.
        reach = distance[column]
        row_price[start] += reach
        for j in range(m):
            if done[j] and row_of[j] >= 0:
                row_price[row_of[j]] += reach - distance[j]
                column_price[j] -= reach - distance[j]
        while column >= 0:
            previous = before[column]
            row_of[column] = start if previous < 0 else row_of[previous]
            column = previous
    for j in range(m):
        if row_of[j] >= 0:
            columns[row_of[j]] = j
    return columns


_LOOKS = nb.types.Array(nb.float32, 2, "A")


@nb.njit(
    nb.void(_PLANE, _BOXES, nb.int64, nb.int64, nb.float32, nb.float32, _LOOKS),
    cache=True,
    nogil=True,
)
def levels(
    plane: NDArray[np.uint8],
    parts: NDArray[np.float32],
    across: int,
    down: int,
    low: float,
    high: float,
    out: NDArray[np.float32],
) -> None:
    """Histograms of a plane's values in `parts` (n, 4; shares of the plane, 0–1) into `out` (n, bins); each sums to 1.

    Read at `across` × `down` points of each part. The bins are evenly between `low` and `high`; a value counts for the
    two nearest. A part of which less than half lies on the plane has a histogram of zeros.
    """
    rows, columns = plane.shape
    bins = out.shape[1]
    step = (high - low) / (bins - 1)
    for n in range(len(parts)):
        x1, y1, x2, y2 = parts[n, 0], parts[n, 1], parts[n, 2], parts[n, 3]
        count = 0
        out[n, :] = 0
        for r in range(down):
            y = int(np.floor((y1 + (r + 0.5) / down * (y2 - y1)) * rows))
            if y < 0 or y >= rows:
                continue
            for c in range(across):
                x = int(np.floor((x1 + (c + 0.5) / across * (x2 - x1)) * columns))
                if x < 0 or x >= columns:
                    continue
                place = min(max((plane[y, x] - low) / step, 0.0), bins - 1.001)
                bin_ = int(place)
                share = np.float32(place - bin_)
                out[n, bin_] += 1 - share
                out[n, bin_ + 1] += share
                count += 1
        if 2 * count < across * down:
            out[n, :] = 0
        else:
            out[n, :] /= count


@nb.njit(
    nb.void(nb.float32[:, ::1], nb.float32[:, ::1], nb.int64[::1], _TABLE),
    cache=True,
    nogil=True,
)
def unlike(a: NDArray[np.float32], b: NDArray[np.float32], starts: NDArray[np.int64], out: NDArray[np.float64]) -> None:
    """The mean Hellinger distance of the histograms of `a` (n, k) and `b` (m, k) that both have, into `out` (n, m).

    The rows hold roots of histograms, one after the other, at the columns `starts`; one of zeros is not known. NaN
    where nothing is known of both.
    """
    for i in range(len(a)):
        for j in range(len(b)):
            total, count = 0.0, 0
            for part in range(len(starts) - 1):
                same, p, q = 0.0, 0.0, 0.0
                for k in range(starts[part], starts[part + 1]):
                    same += a[i, k] * b[j, k]
                    p += a[i, k]
                    q += b[j, k]
                if p > 0 and q > 0:
                    total += np.sqrt(min(max(1 - same, 0.0), 1.0))
                    count += 1
            out[i, j] = total / count if count else np.nan
