"""Which detection belongs to which track: the pairing of least total cost.

Ours rather than SciPy's, whose import costs every worker 40 MB for some thirty lines (`track_kernels`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.perceive.track_kernels import cheapest_pairs

Floats = NDArray[np.float64]


def assign(cost: Floats, limit: float) -> NDArray[np.int64]:
    """Pairs (k, 2) of row and column of `cost` (n, m) with the least total.

    Pairs that cost `limit` or more are left out. Such a pair never displaces one below it: it costs the same as none.
    """
    return np.asarray(cheapest_pairs(cost, limit)) if cost.size else np.zeros((0, 2), np.int64)
