"""The Numba loops of tracking, and nothing else: serial, without the GIL. What they mean is said where they are called.

A picture's people are few: a loop over them costs a microsecond, and each NumPy call of the same several. Explicit
signatures compile them at import, once a machine: `cache=True` keeps the result (warm it before forking).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.compiled import nb

_BOXES = nb.types.Array(nb.float32, 2, "A", readonly=True)
_LOOKS = nb.types.Array(nb.float32, 2, "A", readonly=True)
_ROWS = nb.int64[::1]
_TABLE = nb.float64[:, ::1]


@nb.njit(nb.float64(_LOOKS, nb.int64, _LOOKS, nb.int64, _ROWS), cache=True, nogil=True)
def _unlike(a: NDArray[np.float32], i: int, b: NDArray[np.float32], j: int, starts: NDArray[np.int64]) -> float:
    """The mean Hellinger distance of the histograms that rows `i` and `j` both have; NaN where there are none.

    The rows hold roots of histograms, one after the other, at the columns `starts`; one of zeros is not known.
    """
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
    return total / count if count else np.nan


@nb.njit(nb.void(_LOOKS, _LOOKS, _ROWS, _TABLE), cache=True, nogil=True)
def unlike(a: NDArray[np.float32], b: NDArray[np.float32], starts: NDArray[np.int64], out: NDArray[np.float64]) -> None:
    """How unlike each of `a` (n, k) and of `b` (m, k) are, into `out` (n, m)."""
    for i in range(len(a)):
        for j in range(len(b)):
            out[i, j] = _unlike(a, i, b, j, starts)


@nb.njit(
    nb.float64(_BOXES, nb.int64, _BOXES, nb.int64, nb.float64, nb.float64),
    cache=True,
    nogil=True,
)
def _overlap(a: NDArray[np.float32], i: int, b: NDArray[np.float32], j: int, gx: float, gy: float) -> float:
    """Intersection over union of boxes `i` and `j`, all sides moved out by `gx` and `gy`."""
    w: float = min(a[i, 2], b[j, 2]) - max(a[i, 0], b[j, 0]) + 2 * gx
    h = min(a[i, 3], b[j, 3]) - max(a[i, 1], b[j, 1]) + 2 * gy
    if w <= 0 or h <= 0:
        return 0.0
    area = (a[i, 2] - a[i, 0] + 2 * gx) * (a[i, 3] - a[i, 1] + 2 * gy)
    other = (b[j, 2] - b[j, 0] + 2 * gx) * (b[j, 3] - b[j, 1] + 2 * gy)
    return float(w * h / max(area + other - w * h, 1e-12))


@nb.njit(
    nb.void(_BOXES, _BOXES, nb.float64[:, :, ::1], _BOXES, _ROWS, _ROWS, nb.float64, nb.float64, nb.float64, _TABLE),
    cache=True,
    nogil=True,
)
def apart(
    expected: NDArray[np.float32],
    last: NDArray[np.float32],
    cov: NDArray[np.float64],
    found: NDArray[np.float32],
    rows: NDArray[np.int64],
    which: NDArray[np.int64],
    reach: float,
    farthest: float,
    taller: float,
    out: NDArray[np.float64],
) -> None:
    """How far boxes are from overlapping: 1 less their intersection over union, into `out` (n, m).

    Of the tracks `rows` (n,) of `expected`, `last` and `cov`, and of `which` (m,) of `found`. All sides are moved out
    by a tenth of the last box, and by `reach` standard deviations of where the track is, of which each counts for
    `farthest` heights at most. 1 where one is more than `taller` times as tall as the last box or the other way round.
    """
    for n in range(len(rows)):
        i = rows[n]
        most = farthest * (expected[i, 3] - expected[i, 1])
        gx = 0.1 * (last[i, 2] - last[i, 0]) + reach * min(np.sqrt(cov[i, 0, 0]), most)
        gy = 0.1 * (last[i, 3] - last[i, 1]) + reach * min(np.sqrt(cov[i, 1, 0]), most)
        tall = last[i, 3] - last[i, 1]
        for m in range(len(which)):
            j = which[m]
            other = found[j, 3] - found[j, 1]
            out[n, m] = 1.0
            if max(tall, other) <= taller * min(tall, other):
                out[n, m] -= _overlap(expected, i, found, j, gx, gy)


@nb.njit(
    nb.void(_TABLE, _LOOKS, _LOOKS, _ROWS, _ROWS, _ROWS, nb.float64, nb.float64, nb.float64, nb.float64, nb.float64),
    cache=True,
    nogil=True,
)
def count_looks(
    cost: NDArray[np.float64],
    looks: NDArray[np.float32],
    others: NDArray[np.float32],
    rows: NDArray[np.int64],
    which: NDArray[np.int64],
    starts: NDArray[np.int64],
    limit: float,
    alike: float,
    unlike_: float,
    stranger: float,
    on_the_spot: float,
) -> None:
    """Half of each `cost` (n, m) below `limit` becomes how unlike `rows` (n,) and `which` (m,) are, where known.

    Unlikeness counts from `alike` (0) to `unlike_` (1). Other costs are 1, and that of a `stranger` is, unless it is at
    most `on_the_spot`.
    """
    for n in range(len(rows)):
        for m in range(len(which)):
            if cost[n, m] >= limit:
                cost[n, m] = 1.0
                continue
            differ = _unlike(looks, rows[n], others, which[m], starts)
            if np.isnan(differ):
                continue
            if differ > stranger and cost[n, m] > on_the_spot:
                cost[n, m] = 1.0
            else:
                cost[n, m] = (cost[n, m] + min(max((differ - alike) / (unlike_ - alike), 0.0), 1.0)) / 2


@nb.njit(nb.void(_BOXES, nb.float64, nb.float64[::1], nb.boolean[::1]), cache=True, nogil=True)
def crowding(boxes: NDArray[np.float32], hides: float, covered: NDArray[np.float64], hidden: NDArray[np.bool_]) -> None:
    """The largest share of each of `boxes` (n, 4) that another one covers, and whose feet are hidden, into (n,) each.

    Hidden are feet where one who reaches lower stands before more than `hides` of the lower edge.
    """
    for i in range(len(boxes)):
        wide, tall = boxes[i, 2] - boxes[i, 0], boxes[i, 3] - boxes[i, 1]
        covered[i], hidden[i] = 0.0, False
        for j in range(len(boxes)):
            w = min(boxes[i, 2], boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
            h = min(boxes[i, 3], boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
            if i == j or w <= 0 or h <= 0:
                continue
            covered[i] = max(covered[i], w * h / max(wide * tall, 1e-12))
            if boxes[j, 3] > boxes[i, 3] and w > hides * wide:
                hidden[i] = True


@nb.njit(
    nb.void(_ROWS, _BOXES, nb.float64, nb.float64, nb.float32[:, ::1], nb.float32[:, ::1], nb.float64[::1]),
    cache=True,
    nogil=True,
)
def sighted(
    rows: NDArray[np.int64],
    boxes: NDArray[np.float32],
    at: float,
    stands_s: float,
    stand: NDArray[np.float32],
    last: NDArray[np.float32],
    seen_at: NDArray[np.float64],
) -> None:
    """The tracks `rows` (m,) were seen in `boxes` (m, 4): where they stand follows within `stands_s`."""
    for n in range(len(rows)):
        i = rows[n]
        follow = 1 - np.exp(-(at - seen_at[i]) / stands_s)
        stand[i, 0] += follow * ((boxes[n, 0] + boxes[n, 2]) / 2 - stand[i, 0])
        stand[i, 1] += follow * (boxes[n, 3] - stand[i, 1])
        last[i] = boxes[n]
        seen_at[i] = at


@nb.njit(
    nb.void(_ROWS, _ROWS, _LOOKS, nb.boolean[::1], nb.boolean[::1], nb.float64, nb.float32[:, ::1]),
    cache=True,
    nogil=True,
)
def learn(
    rows: NDArray[np.int64],
    which: NDArray[np.int64],
    told: NDArray[np.float32],
    clear: NDArray[np.bool_],
    confirmed: NDArray[np.bool_],
    share: float,
    looks: NDArray[np.float32],
) -> None:
    """Mix what `told` says of `which` (m,) into the looks of `rows` (m,): all of it where they were not sure yet.

    Looks are roots of histograms: it is the histograms that are averaged.
    """
    for n in range(len(rows)):
        i, j = rows[n], which[n]
        known, seen = looks[i].any(), told[j].any()
        much = 1.0 if not (known and confirmed[i]) else share if clear[j] and seen else 0.0
        if much > 0:
            for k in range(looks.shape[1]):
                looks[i, k] = np.sqrt((1 - much) * looks[i, k] ** 2 + much * told[j, k] ** 2)


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


@nb.njit(nb.int64[:, ::1](_TABLE, nb.float64), cache=True, nogil=True)
def cheapest_pairs(cost: NDArray[np.float64], limit: float) -> NDArray[np.int64]:
    """The pairs (k, 2) of row and column of `cost` (n, m) with the least total, by row, that cost less than `limit`."""
    turned = cost.shape[0] > cost.shape[1]
    n, m = min(cost.shape), max(cost.shape)
    capped = np.empty((n, m))
    for i in range(n):
        for j in range(m):
            capped[i, j] = min(cost[j, i] if turned else cost[i, j], limit)
    columns = cheapest_columns(capped)
    partner = np.full(cost.shape[0], -1)
    for i in range(n):
        if turned:
            partner[columns[i]] = i
        else:
            partner[i] = columns[i]
    pairs, count = np.empty((n, 2), np.int64), 0
    for row in range(cost.shape[0]):
        if partner[row] >= 0 and cost[row, partner[row]] < limit:
            pairs[count, 0], pairs[count, 1] = row, partner[row]
            count += 1
    return pairs[:count].copy()
