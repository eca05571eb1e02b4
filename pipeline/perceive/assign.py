"""Which detection belongs to which track: the pairing of least total cost.

Ours rather than SciPy's, whose import costs every worker 40 MB for some thirty lines (`track_kernels`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.perceive.track_kernels import cheapest_columns

Floats = NDArray[np.float64]


def assign(cost: Floats, limit: float) -> list[tuple[int, int]]:
    """Pairs (row, column) of `cost` (n, m) with the least total; pairs that cost `limit` or more are left out.

    A pair above the limit never displaces one below it: it costs the same as no pair.
    """
    if not cost.size:
        return []
    capped = np.minimum(cost, limit)
    turned = capped.shape[0] > capped.shape[1]
    columns = cheapest_columns(np.ascontiguousarray(capped.T if turned else capped, np.float64)).tolist()
    pairs = [(column, row) if turned else (row, column) for row, column in enumerate(columns)]
    return sorted((r, c) for r, c in pairs if cost[r, c] < limit)
