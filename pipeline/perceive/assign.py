"""Which detection belongs to which track: the pairing of least total cost.

The Hungarian method by shortest augmenting paths (Jonker and Volgenant 1987; Crouse 2016). Ours rather than SciPy's,
whose import costs every worker 40 MB for these lines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def assign(cost: Floats, limit: float) -> list[tuple[int, int]]:
    """Pairs (row, column) of `cost` (n, m) with the least total; pairs that cost `limit` or more are left out.

    A pair above the limit never displaces one below it: it costs the same as no pair.
    """
    if not cost.size:
        return []
    capped = np.minimum(cost, limit)
    turned = capped.shape[0] > capped.shape[1]
    rows = _shortest_paths(capped.T if turned else capped)
    pairs = [(column, row) if turned else (row, column) for row, column in enumerate(rows)]
    return sorted((r, c) for r, c in pairs if cost[r, c] < limit)


def _shortest_paths(cost: Floats) -> list[int]:
    """The column of each row; there are at least as many columns as rows."""
    n, m = cost.shape
    row_price, column_price = np.zeros(n), np.zeros(m)
    row_of = np.full(m, -1)
    for start in range(n):
        distance = np.full(m, np.inf)
        before = np.full(m, -1)
        done = np.zeros(m, np.bool_)
        row, reach, column = start, 0.0, -1
        while row >= 0:
            through = reach + cost[row] - row_price[row] - column_price
            nearer = ~done & (through < distance)
            distance[nearer], before[nearer] = through[nearer], column
            column = int(np.argmin(np.where(done, np.inf, distance)))
            reach, done[column] = float(distance[column]), True
            row = int(row_of[column])
        _reprice(row_price, column_price, row_of, distance, done, reach, start)
        _flip(row_of, before, column, start)
    columns = np.full(n, -1)
    columns[row_of[row_of >= 0]] = np.flatnonzero(row_of >= 0)
    return [int(c) for c in columns]


def _reprice(
    row_price: Floats,
    column_price: Floats,
    row_of: NDArray[np.intp],
    distance: Floats,
    done: NDArray[np.bool_],
    reach: float,
    start: int,
) -> None:
    """Keep reduced costs non-negative, so that the next search stays a shortest path."""
    met = done & (row_of >= 0)
    row_price[start] += reach
    row_price[row_of[met]] += reach - distance[met]
    column_price[met] -= reach - distance[met]


def _flip(row_of: NDArray[np.intp], before: NDArray[np.intp], column: int, start: int) -> None:
    """Every row on the path moves to the column found next."""
    while column >= 0:
        previous = int(before[column])
        row_of[column] = start if previous < 0 else row_of[previous]
        column = previous
