"""The Numba loops of appearance, and nothing else: serial, without the GIL. Meanings: `appearance`.

Explicit signatures compile them at import, once a machine: `cache=True` keeps the result (warm it before forking).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.compiled import nb

_BOXES = nb.types.Array(nb.float32, 2, "A", readonly=True)
_PLANE = nb.types.Array(nb.uint8, 2, "A", readonly=True)
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
    lower, share = np.empty(256, np.int64), np.empty(256, np.float32)
    for value in range(256):
        place = min(max((value - low) / (high - low) * (bins - 1), 0.0), bins - 1.001)
        lower[value], share[value] = int(place), place - int(place)
    xs = np.empty(across, np.int64)
    for n in range(len(parts)):
        x1, y1, x2, y2 = parts[n, 0], parts[n, 1], parts[n, 2], parts[n, 3]
        there = 0
        for c in range(across):
            x = int(np.floor((x1 + (c + 0.5) / across * (x2 - x1)) * columns))
            if 0 <= x < columns:
                xs[there] = x
                there += 1
        count = 0
        out[n, :] = 0
        for r in range(down):
            y = int(np.floor((y1 + (r + 0.5) / down * (y2 - y1)) * rows))
            if y < 0 or y >= rows:
                continue
            for c in range(there):
                value = plane[y, xs[c]]
                out[n, lower[value]] += 1 - share[value]
                out[n, lower[value] + 1] += share[value]
            count += there
        if 2 * count < across * down:
            out[n, :] = 0
        else:
            out[n, :] /= count
